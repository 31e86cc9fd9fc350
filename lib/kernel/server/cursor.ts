/**
 * Converts a position from code points, as Jupyter counts, to UTF-16 units. A position outside the text becomes the nearer end.
 */
export function toUnits(text: string, points: number): number {
  let units = 0
  for (const point of text) {
    if (points-- <= 0) break
    units += point.length
  }
  return units
}
