/** A position that Jupyter counts in code points, in UTF-16 units. Positions outside of the text become its ends. */
export function toUnits(text: string, points: number): number {
  let units = 0
  for (const point of text) {
    if (points-- <= 0) break
    units += point.length
  }
  return units
}
