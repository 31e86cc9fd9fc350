/** Number of digits of a hash that a message shows, unless the hashes agree in them. */
const SHOWN = 12

/**
 * Shortens two hashes for a message, at the same place: after twelve digits, or four digits after the first difference.
 *
 * @example
 * differingHashes('c2f8b6b2f4a7…', 'c2f8b6b2f4a9…')
 */
export function differingHashes(a: string, b: string): [string, string] {
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  const end = Math.max(SHOWN, same + 4)
  return [a.slice(0, end), b.slice(0, end)]
}
