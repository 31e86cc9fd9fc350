import { checkTrained, firstExact, groupOf, NEVER, type Quartiles, quartiles, type SolvingGroup } from './solving.js'
import type { Trajectories } from './trajectories.js'

/** A quantity of a trajectory that can be aligned at the solving step. */
export type Motion = 'deltaY' | 'deltaZ' | 'qHalt'

/** Quartiles of a quantity over puzzles, at one step relative to the solving step. */
export interface AlignedRow {
  /** r = t − τ: 0 is the first step whose answer is right. */
  readonly r: number
  readonly group: Exclude<SolvingGroup, 'PERSISTENT'>
  readonly quartiles: Quartiles
}

/** Options of {@link alignedMotion}. */
export interface AlignedOptions {
  /** The last step of EARLY: the supervision steps of training. */
  readonly trained: number
  /** First and last r. */
  readonly from: number
  readonly to: number
}

/**
 * Returns the quartiles of a quantity over the puzzles of a group by r = t − τ. A step without a puzzle of the group has no
 * row; those far from 0 are over fewer puzzles ({@link Quartiles.n}), since a puzzle contributes from step 1 to D.
 */
export function alignedMotion(
  trajectories: Trajectories,
  of: Motion,
  { trained, from, to }: AlignedOptions,
): AlignedRow[] {
  checkTrained(trained)
  const { count, depth } = trajectories
  const taus = firstExact(trajectories)
  return (['EARLY', 'LATE'] as const).flatMap((group) => {
    const members = Array.from({ length: count }, (_, i) => i).filter(
      (i) => taus[i] !== NEVER && groupOf(taus[i]!, trained) === group,
    )
    return Array.from({ length: to - from + 1 }, (_, at) => from + at).flatMap((r): AlignedRow[] => {
      const present = members.filter((i) => taus[i]! + r >= 1 && taus[i]! + r <= depth)
      const found = quartiles(present.map((i) => trajectories[of][i * depth + taus[i]! + r - 1]!))
      return found === null ? [] : [{ r, group, quartiles: found }]
    })
  })
}

/** Returns the quartiles of a quantity over the steps of all puzzles that are never solved; null without one. */
export function persistentMotion(trajectories: Trajectories, of: Motion): Quartiles | null {
  const { depth } = trajectories
  const values: number[] = []
  for (const [i, tau] of firstExact(trajectories).entries()) {
    if (tau !== NEVER) continue
    // The first step starts from the initial latents, wherever they are.
    for (let t = 1; t < depth; t++) values.push(trajectories[of][i * depth + t]!)
  }
  return quartiles(values)
}

/** How many puzzles have their largest step of y so far at the solving step. */
export interface SpikeCount {
  readonly puzzles: number
  readonly largestSoFar: number
}

/**
 * Counts the LATE puzzles whose ‖Δy‖ at τ exceeds that of every step from the second to τ − 1. The first step is left out: it
 * moves from the initial latents, and is the largest of all.
 */
export function spikesAtSolving(trajectories: Trajectories, trained: number): SpikeCount {
  const { depth, deltaY } = trajectories
  let [puzzles, largestSoFar] = [0, 0]
  for (const [i, tau] of firstExact(trajectories).entries()) {
    if (tau === NEVER || groupOf(tau, trained) !== 'LATE' || tau < 3) continue
    puzzles++
    const before = deltaY.subarray(i * depth + 1, i * depth + tau - 1)
    if (before.every((delta) => delta < deltaY[i * depth + tau - 1]!)) largestSoFar++
  }
  return { puzzles, largestSoFar }
}
