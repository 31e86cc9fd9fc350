import { threadCount } from '../../backend/machine.js'
import { UserError } from '../../errors.js'
import type { Estimate } from '../estimate/memory.js'

/** How the runs of a sweep are shared among processes. */
export interface Sharing {
  /** Number of processes. */
  readonly workers: number
  /** Threads of each. */
  readonly threads: number
}

/** Share of the free memory that workers may need together. */
const MEMORY_SHARE = 0.8

/** Bytes of a worker beside its run: Node, TensorFlow and the library. */
const PROCESS_BYTES = 300e6

/**
 * Returns the largest number of workers that cores, memory and runs allow.
 *
 * @param estimates memory of the runs; empty when unknown
 * @param runs number of unfinished runs
 */
export function mostWorkers(estimates: readonly (Estimate | null)[], runs: number): number {
  const known = estimates.filter((estimate) => estimate !== null)
  const largest = Math.max(0, ...known.map(({ peakBytes }) => peakBytes)) + PROCESS_BYTES
  const free = Math.min(Number.POSITIVE_INFINITY, ...known.map(({ availableBytes }) => availableBytes))
  return Math.max(1, Math.min(threadCount(), runs, Math.floor((MEMORY_SHARE * free) / largest)))
}

/** Returns the threads of each of several workers: their share of the cores. */
export function threadsOfEach(workers: number): number {
  return Math.max(1, Math.floor(threadCount() / workers))
}

/** Checks the option `workers`. @throws UserError (exit code 2) unless it is `auto` or a whole number of 1 or more. */
export function checkWorkers(workers: number | 'auto' | undefined): void {
  if (workers === undefined || workers === 'auto' || (Number.isSafeInteger(workers) && workers >= 1)) return
  throw new UserError({
    where: 'option workers',
    expected: 'auto, or a whole number of 1 or more',
    found: String(workers),
    exitCode: 2,
  })
}
