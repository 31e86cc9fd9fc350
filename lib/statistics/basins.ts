import { UserError } from '../errors.js'
import { Random } from '../random.js'
import { quantile } from './estimate.js'

/** A square grid of labels, row by row: the final answer of each point, or its settling time. */
export interface LabelGrid {
  /** Points along each side. */
  readonly grid: number
  /** `[grid²]` */
  readonly labels: ArrayLike<number>
}

/** The measures of a grid of labels. */
export interface BasinMeasures {
  /** S_b: mean over boxes of −Σ p ln p of the labels in a box. */
  readonly basinEntropy: number
  /** S_bb: the same mean over the boxes with more than one label; null without one. Above ln 2 the boundary is fractal (Daza et al., 2016). */
  readonly boundaryEntropy: number | null
  /**
   * α of f(ε) ∝ ε^α, the share of pairs of points at distance ε that differ; the boundary has dimension 2 − α. Null where
   * fewer than three distances have a share above 0 and below half of that of unrelated pairs.
   */
  readonly uncertainty: number | null
}

/** The measures of a grid beside those of grids without structure. */
export interface BasinReport {
  readonly measured: BasinMeasures
  /** Mean and 95 % range of each measure over the permuted grids; null where fewer than half of them have it. */
  readonly permuted: { readonly [K in keyof BasinMeasures]: NullRange | null }
}

/** Mean and 95 % range over permuted grids. */
export interface NullRange {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** Options of {@link basinReport}. */
export interface BasinOptions {
  /** Points along each side of a box of the entropies. Default 5 (arXiv 2609.04963). */
  readonly box?: number
  /** Points along each side of a patch that the null keeps together. Default 2; ours, the published size is not known. */
  readonly patch?: number
  /** Permuted grids. Default 100. */
  readonly permutations?: number
  /** Seed of the permutations. Default 0. */
  readonly seed?: number
}

/**
 * Returns the measures of basins on a grid, always with those of their null: the same grid cut in patches that are permuted.
 * The null keeps how often each label occurs and what is next to what within a patch, and has no structure beyond it; a
 * measure inside the null's range says nothing about basins.
 *
 * @throws UserError for a grid that is not square or smaller than a box, or options out of range.
 */
export function basinReport(labels: LabelGrid, options: BasinOptions = {}): BasinReport {
  const { box = 5, patch = 2, permutations = 100, seed = 0 } = options
  checkGrid(labels, box, patch)
  if (!(Number.isInteger(permutations) && permutations >= 20))
    throw new UserError({
      where: 'permutations',
      expected: 'a whole number of 20 or more',
      found: String(permutations),
    })
  const random = Random.of(seed, 'basins')
  const nulls = Array.from({ length: permutations }, () => measure(patchPermuted(labels, patch, random), box))
  const range = (key: keyof BasinMeasures): NullRange | null => {
    const values = nulls.flatMap((each) => (each[key] === null ? [] : [each[key]])).sort((a, b) => a - b)
    if (values.length < permutations / 2) return null
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    return { mean, low: quantile(values, 0.025), high: quantile(values, 0.975) }
  }
  return {
    measured: measure(labels, box),
    permuted: {
      basinEntropy: range('basinEntropy'),
      boundaryEntropy: range('boundaryEntropy'),
      uncertainty: range('uncertainty'),
    },
  }
}

/** Returns a grid whose patches are permuted at random. Points beyond the last whole patch stay. */
export function patchPermuted({ grid, labels }: LabelGrid, patch: number, random: Random): LabelGrid {
  const side = Math.floor(grid / patch)
  const order = random.shuffle(Int32Array.from({ length: side * side }, (_, i) => i))
  const made = Int32Array.from(labels)
  const corner = (place: number): number => Math.floor(place / side) * patch * grid + (place % side) * patch
  for (const [to, from] of order.entries())
    for (let row = 0; row < patch; row++)
      for (let column = 0; column < patch; column++)
        made[corner(to) + row * grid + column] = labels[corner(from) + row * grid + column]!
  return { grid, labels: made }
}

function measure(labels: LabelGrid, box: number): BasinMeasures {
  const entropies = boxEntropies(labels, box)
  const mixed = entropies.filter((entropy) => entropy > 0)
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  return {
    basinEntropy: mean(entropies),
    boundaryEntropy: mixed.length === 0 ? null : mean(mixed),
    uncertainty: uncertaintyExponent(labels),
  }
}

/** Returns the entropy of each box, side by side from the top left; points beyond the last whole box are left out. */
function boxEntropies({ grid, labels }: LabelGrid, box: number): number[] {
  const side = Math.floor(grid / box)
  return Array.from({ length: side * side }, (_, place) => {
    const counts = new Map<number, number>()
    const corner = Math.floor(place / side) * box * grid + (place % side) * box
    for (let row = 0; row < box; row++)
      for (let column = 0; column < box; column++) {
        const label = labels[corner + row * grid + column]!
        counts.set(label, (counts.get(label) ?? 0) + 1)
      }
    let entropy = 0
    for (const count of counts.values()) entropy -= (count / box ** 2) * Math.log(count / box ** 2)
    return entropy
  })
}

/** Returns the slope of log f against log ε by least squares; see {@link BasinMeasures.uncertainty}. */
function uncertaintyExponent(labels: LabelGrid): number | null {
  const points: [number, number][] = []
  const saturated = unrelatedShare(labels) / 2
  const side = labels.grid - Math.floor(labels.grid / 4)
  for (let distance = 1; distance <= labels.grid / 4; distance *= 2) {
    const share = differingShare(labels, distance, side)
    if (share > 0 && share < saturated) points.push([Math.log(distance), Math.log(share)])
  }
  if (points.length < 3) return null
  const mean = (axis: 0 | 1): number => points.reduce((sum, point) => sum + point[axis], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0)
  return covariance / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
}

/**
 * Returns the share of pairs of points at a distance, across and down, that have different labels. The first points of the
 * pairs, those of the top left `side`, are the same for every distance.
 */
function differingShare({ grid, labels }: LabelGrid, distance: number, side: number): number {
  let differing = 0
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++) {
      const at = row * grid + column
      if (labels[at + distance] !== labels[at]) differing++
      if (labels[at + distance * grid] !== labels[at]) differing++
    }
  return differing / (2 * side ** 2)
}

/** Returns the probability that two points drawn at random differ: 1 − Σ p². */
function unrelatedShare({ labels }: LabelGrid): number {
  const counts = new Map<number, number>()
  for (let i = 0; i < labels.length; i++) counts.set(labels[i]!, (counts.get(labels[i]!) ?? 0) + 1)
  let same = 0
  for (const count of counts.values()) same += (count / labels.length) ** 2
  return 1 - same
}

function checkGrid({ grid, labels }: LabelGrid, box: number, patch: number): void {
  if (labels.length !== grid ** 2)
    throw new UserError({ where: 'basins', expected: `${grid}² labels`, found: String(labels.length) })
  for (const [where, value] of [
    ['box', box],
    ['patch', patch],
  ] as const)
    if (!(Number.isInteger(value) && value >= 1 && value <= grid))
      throw new UserError({ where, expected: `1 to ${grid} points, the grid's side`, found: String(value) })
}
