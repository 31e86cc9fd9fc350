import { UserError } from '../errors.js'

/** Values on a square grid, row by row. */
export interface ValueGrid {
  /** Points along each side. */
  readonly grid: number
  /** `[grid²]` */
  readonly values: ArrayLike<number>
  /** `[grid²]` 1 where a value is only known to be at least this large; such points are left out. Default: none. */
  readonly censored?: ArrayLike<number>
}

/** The most points that may be censored: what is left would otherwise be the flat part of the surface. */
const MOST_CENSORED = 0.01

/** Share of the variance above which a variogram counts as saturated. */
const SATURATED = 0.5

/**
 * Returns the exponent H of the variogram V(h) = ½ mean (t(x + h) − t(x))² ∝ h^{2H} of a surface, across and down, by least
 * squares in logarithms: 1 for a smooth surface, near 0 for a rough one.
 *
 * @returns null where more than 1 % of the points are censored, and where fewer than three distances (1, 2, 4, … up to a
 * quarter of the side) have V above 0 and below half of the variance
 * @throws UserError for a grid that is not square.
 */
export function variogramExponent({ grid, values, censored }: ValueGrid): number | null {
  if (values.length !== grid ** 2)
    throw new UserError({ where: 'variogram', expected: `${grid}² values`, found: String(values.length) })
  const known = (at: number): boolean => !censored?.[at]
  const kept = Array.from({ length: values.length }, (_, at) => at).filter(known)
  if (kept.length < (1 - MOST_CENSORED) * values.length) return null
  const mean = kept.reduce((sum, at) => sum + values[at]!, 0) / kept.length
  const variance = kept.reduce((sum, at) => sum + (values[at]! - mean) ** 2, 0) / kept.length
  const points: [number, number][] = []
  for (let distance = 1; distance <= grid / 4; distance *= 2) {
    let [sum, pairs] = [0, 0]
    for (const at of kept)
      for (const [other, inside] of [
        [at + distance, (at % grid) + distance < grid],
        [at + distance * grid, at + distance * grid < values.length],
      ] as const) {
        if (!inside || !known(other)) continue
        sum += (values[other]! - values[at]!) ** 2
        pairs++
      }
    const half = sum / (2 * pairs)
    if (half > 0 && half < SATURATED * variance) points.push([Math.log(distance), Math.log(half)])
  }
  if (points.length < 3) return null
  const centre = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / points.length
  const [x, y] = [centre(0), centre(1)]
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0)
  return covariance / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0) / 2
}
