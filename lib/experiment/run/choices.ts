import { z } from 'zod'
import type { BackendChoice } from '../../backend/index.js'
import { type Dtype, kernels, setFast } from '../../backend/kernels.js'
import { threadCount } from '../../backend/machine.js'
import type { Config } from '../../config/schema.js'
import { UserError } from '../../errors.js'
import type { RunRecord } from '../../results/run.js'
import type { Estimate } from '../estimate/memory.js'
import { chooseDtype, dtypeOrFloat32 } from './dtype.js'
import { onForcedStop } from './stop.js'

/** Choices made once, before a run's first step, and kept for all of it: the last bits of its numbers depend on them. */
export interface Choices {
  /** Rows that are computed at one time. */
  readonly microBatch: number
  /** Whether fused kernels compute. */
  readonly fast: boolean
  /** The type that they compute in. */
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

const count = z.int().min(1)
const choicesSchema = z.strictObject({
  microBatch: count,
  fast: z.boolean(),
  dtype: z.enum(['float32', 'bfloat16']),
  threads: count,
})

/** The choices in a run's record. @throws UserError when it has none, or another Recurlab's. */
export function storedChoices({ id, provenance }: Pick<RunRecord, 'id' | 'provenance'>): Choices {
  const parsed = choicesSchema.safeParse(provenance.choices)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new UserError({
    where: `run ${id}, ${['choices', ...(issue?.path ?? [])].join('.')} in provenance.json`,
    expected: 'the rows computed at one time, the kernels, the type and the threads that it was begun with',
    found: issue?.message ?? 'something else',
    todo: 'The file is damaged or of another version of Recurlab.',
  })
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
  /** The type that the model is to be computed in. */
  readonly dtype: Dtype
  /** The choices that cannot be kept, for the user; null where all are. */
  readonly note: string | null
  end(): void
}

/** Makes a run that goes on compute as it began: fused kernels are turned off for one that was begun without them. */
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
