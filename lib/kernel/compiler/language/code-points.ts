/** Converts an offset in UTF-16 units, as JavaScript counts, to Unicode code points, as Jupyter counts. */
export function codePoints(text: string, offset: number): number {
  let points = 0
  for (let at = 0; at < offset; points++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
  return points
}
