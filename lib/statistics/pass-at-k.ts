/**
 * Returns the probability that at least one of k samples is right, estimated without bias from n samples of which `right` are:
 * 1 − C(n − right, k) / C(n, k), as a product that neither overflows nor cancels (Chen et al., 2021, arXiv 2107.03374).
 *
 * @throws RangeError unless 0 ≤ right ≤ n and 1 ≤ k ≤ n.
 */
export function passAtK(n: number, right: number, k: number): number {
  if (!(right >= 0 && right <= n && k >= 1 && k <= n)) throw new RangeError(`pass@${k} of ${right} right among ${n}`)
  if (n - right < k) return 1
  let allWrong = 1
  // The product over the smaller of the two sets: C(n − c, k) / C(n, k) = C(n − k, c) / C(n, c).
  const [taken, left] = k < right ? [k, right] : [right, k]
  for (let i = 0; i < taken; i++) allWrong *= 1 - left / (n - i)
  return 1 - allWrong
}
