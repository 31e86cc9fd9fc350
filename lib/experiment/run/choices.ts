import type { BackendChoice } from '../../backend/index.js'
import { type Dtype, kernels, setFast } from '../../backend/kernels.js'
import { threadCount } from '../../backend/machine.js'
import type { Config } from '../../config/schema.js'
import type { Estimate } from '../estimate/memory.js'
import { chooseDtype, dtypeOrFloat32 } from './dtype.js'
import { onForcedStop } from './stop.js'

/** What is chosen for a run once, before its first step, and holds for all of it: numbers depend on it in the last bits. */
export interface Choices {
  /** Rows that are computed at one time. */
  readonly microBatch: number
  /** Whether fused kernels compute. */
  readonly fast: boolean
  /** What they compute in. */
  readonly dtype: Dtype
  readonly threads: number
}

/**
 * The choices of a run that begins.
 *
 * @param estimate null where there is none: the micro-batch `auto` is then the whole batch
 * @throws UserError when bfloat16 is asked for and nothing here computes it
 */
export function newChoices(config: Config, estimate: Estimate | null, backend: BackendChoice): Choices {
  const { batch, microBatch } = config
  const asked = microBatch === 'auto' ? batch : Math.min(batch, microBatch)
  return {
    microBatch: estimate?.microBatch ?? asked,
    fast: kernels() !== null,
    dtype: chooseDtype(config.dtype, config.mixer),
    threads: backend.threads,
  }
}

/** Those that a run's provenance holds; null for a run from before there were any. */
export function storedChoices(provenance: Readonly<Record<string, unknown>>): Choices | null {
  const { choices } = provenance
  if (typeof choices !== 'object' || choices === null) return null
  const { microBatch, fast, threads, dtype = 'float32' } = choices as Partial<Record<keyof Choices, unknown>>
  const whole = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 1
  // Runs from before there was a choice have none, and float32.
  if (dtype !== 'float32' && dtype !== 'bfloat16') return null
  return whole(microBatch) && typeof fast === 'boolean' && whole(threads) ? { microBatch, fast, dtype, threads } : null
}

/**
 * Threads for a run that goes on: as many as it was begun with, since the last bits depend on them, though no more than there
 * are cores. What the user says with RECURLAB_THREADS counts first.
 *
 * @param begun name of the backend that the run was begun on; one without threads says nothing about them
 */
export function followThreads({ threads }: Choices, begun: string): number {
  const now = threadCount()
  return process.env.RECURLAB_THREADS || !begun.startsWith('tfjs-node') ? now : Math.min(threads, now)
}

/** A run that computes as it began, until `end`. */
export interface Followed {
  /** What the model is to be computed in. */
  readonly dtype: Dtype
  /** What cannot be as it was, for the user; null where all is. */
  readonly note: string | null
  end(): void
}

/** Makes a run that goes on compute as it began: the fused kernels are turned off where it did without. */
export function followChoices({ fast, dtype: asked }: Choices): Followed {
  const before = setFast(fast)
  const restore = (): void => void setFast(before)
  const release = onForcedStop(restore)
  const { dtype, note } = dtypeOrFloat32(asked)
  const slow =
    'the run was begun with the fused kernels, which are not available here: numbers may differ in the last bits'
  return {
    dtype,
    note: note ? `the run was begun in bfloat16. ${note}` : fast === (kernels() !== null) ? null : slow,
    end: () => {
      release()
      restore()
    },
  }
}
