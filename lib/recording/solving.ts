import { UserError } from '../errors.js'
import { type Estimate, quantile, wilson } from '../statistics/estimate.js'
import type { Trajectories } from './trajectories.js'

/**
 * When a puzzle is first solved: up to the trained depth (`EARLY`), only beyond it (`LATE`), or never within the recording
 * (`PERSISTENT`). "When recursive models finish computing", 2026, whose border is 16 and whose recordings end at 512.
 */
export type SolvingGroup = 'EARLY' | 'LATE' | 'PERSISTENT'

/** The groups, in this order everywhere. */
export const SOLVING_GROUPS: readonly SolvingGroup[] = ['EARLY', 'LATE', 'PERSISTENT']

/** Value of {@link firstExact} of a puzzle that is never solved. */
export const NEVER = 0

/** Returns τ_i, the first supervision step whose answer is right, `[count]`; {@link NEVER} without one. */
export function firstExact({ count, depth, exact }: Trajectories): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => {
    const row = exact.subarray(i * depth, (i + 1) * depth)
    return row.indexOf(1) + 1 || NEVER
  })
}

/**
 * Returns the group of a first solving step.
 *
 * @param trained the last step of EARLY, the supervision steps of training
 */
export function groupOf(tau: number, trained: number): SolvingGroup {
  if (tau === NEVER) return 'PERSISTENT'
  return tau <= trained ? 'EARLY' : 'LATE'
}

/** Quartiles of a sample. */
export interface Quartiles {
  readonly n: number
  readonly low: number
  readonly median: number
  readonly high: number
}

/** Returns the quartiles of the finite values; null without one. */
export function quartiles(values: Iterable<number>): Quartiles | null {
  const sorted = Float64Array.from([...values].filter(Number.isFinite)).sort()
  if (sorted.length === 0) return null
  const [low, median, high] = [0.25, 0.5, 0.75].map((p) => quantile(sorted, p)) as [number, number, number]
  return { n: sorted.length, low, median, high }
}

/** A group of puzzles by the step at which they are first solved. */
export interface SolvingRow {
  readonly group: SolvingGroup
  readonly puzzles: number
  /** Share of all puzzles, with Wilson's interval. */
  readonly share: Estimate
  /** Quartiles of τ; null without puzzles, and for PERSISTENT. */
  readonly tau: Quartiles | null
  /** Puzzles whose answer is wrong again at some step after τ. */
  readonly lost: number
  /** Puzzles of these whose answer is wrong at the last step. */
  readonly lostAtEnd: number
}

/** Returns EARLY, LATE and PERSISTENT with their shares. @throws UserError for a trained depth below 1. */
export function solvingGroups(trajectories: Trajectories, trained: number): SolvingRow[] {
  checkTrained(trained)
  const { count, depth, exact } = trajectories
  const taus = firstExact(trajectories)
  return SOLVING_GROUPS.map((group) => {
    const members = [...taus.keys()].filter((i) => groupOf(taus[i]!, trained) === group)
    const losers = members.filter((i) => taus[i] !== NEVER && wrongAfter(trajectories, i, taus[i]!))
    return {
      group,
      puzzles: members.length,
      share: wilson(members.length, count),
      tau: quartiles(members.map((i) => taus[i]!).filter((tau) => tau !== NEVER)),
      lost: losers.length,
      lostAtEnd: losers.filter((i) => !exact[(i + 1) * depth - 1]).length,
    }
  })
}

/** Returns whether an answer after step `tau` is wrong. */
function wrongAfter({ depth, exact }: Trajectories, i: number, tau: number): boolean {
  return exact.subarray(i * depth + tau, (i + 1) * depth).includes(0)
}

/** Accuracy at one supervision step. */
export interface SolvedAtStep {
  /** Counted from 1. */
  readonly step: number
  /** Share whose answer is right at this step. */
  readonly exact: Estimate
  /** Share whose answer was right at some step until now: τ ≤ step. */
  readonly cumulative: Estimate
  /** Share whose answer was right before and is wrong at this step; the difference of the two. */
  readonly lost: Estimate
}

/**
 * Returns accuracy by supervision step, at the step and cumulative, with Wilson's intervals over puzzles.
 *
 * @param members the puzzles to count, as places in the trajectories. Default: all
 */
export function solvedBySteps(trajectories: Trajectories, members?: readonly number[]): SolvedAtStep[] {
  const { count, depth, exact } = trajectories
  const chosen = members ?? Array.from({ length: count }, (_, i) => i)
  const taus = firstExact(trajectories)
  return Array.from({ length: depth }, (_, t) => {
    const now = chosen.filter((i) => exact[i * depth + t]).length
    const ever = chosen.filter((i) => taus[i] !== NEVER && taus[i]! <= t + 1).length
    return {
      step: t + 1,
      exact: wilson(now, chosen.length),
      cumulative: wilson(ever, chosen.length),
      lost: wilson(ever - now, chosen.length),
    }
  })
}

/** Checks the trained depth. @throws UserError unless it is a whole number of 1 or more. */
export function checkTrained(trained: number): void {
  if (!(Number.isInteger(trained) && trained >= 1))
    throw new UserError({
      where: 'trained',
      expected: 'the supervision steps of training, a whole number of 1 or more',
      found: String(trained),
    })
}
