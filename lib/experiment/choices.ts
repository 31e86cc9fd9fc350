import type { BackendChoice } from '../backend/index.js'
import { kernels, setFast } from '../backend/kernels.js'
import type { Config } from '../config/schema.js'
import type { Estimate } from './estimate.js'
import { onForcedStop } from './stop.js'

/** What is chosen for a run once, before its first step, and holds for all of it: numbers depend on it in the last bits. */
export interface Choices {
  /** Rows that are computed at one time. */
  readonly microBatch: number
  /** Whether fused kernels compute. */
  readonly fast: boolean
  readonly threads: number
}

/** The choices of a run that begins. @param estimate null where it was stopped */
export function newChoices({ batch, microBatch }: Config, estimate: Estimate | null, backend: BackendChoice): Choices {
  const asked = microBatch === 'auto' ? batch : Math.min(batch, microBatch)
  return { microBatch: estimate?.microBatch ?? asked, fast: kernels() !== null, threads: backend.threads }
}

/** Those that a run's provenance holds; null for a run from before there were any. */
export function storedChoices(provenance: Readonly<Record<string, unknown>>): Choices | null {
  const { choices } = provenance
  if (typeof choices !== 'object' || choices === null) return null
  const { microBatch, fast, threads } = choices as Partial<Record<keyof Choices, unknown>>
  const whole = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) >= 1
  return whole(microBatch) && typeof fast === 'boolean' && whole(threads) ? { microBatch, fast, threads } : null
}

/** A run that computes as it began, until `end`. */
export interface Followed {
  /** What cannot be as it was, for the user; null where all is. */
  readonly note: string | null
  end(): void
}

/** Makes a run that goes on compute as it began: the fused kernels are turned off where it did without. */
export function followChoices({ fast }: Choices): Followed {
  const before = setFast(fast)
  const restore = (): void => void setFast(before)
  const release = onForcedStop(restore)
  return {
    note:
      fast === (kernels() !== null)
        ? null
        : 'the run was begun with the fused kernels, which are not available here: numbers may differ in the last bits',
    end: () => {
      release()
      restore()
    },
  }
}
