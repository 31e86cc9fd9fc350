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

/** Settings fixed before a run's first step and kept until its end: the last bits of its numbers depend on them. */
export interface ComputeSettings {
  /** Rows computed at a time. */
  readonly microBatch: number
  /** Whether the fused kernels are used. */
  readonly fast: boolean
  /** The type that the blocks are computed in. */
  readonly dtype: Dtype
  readonly threads: number
}

/**
 * Returns the compute settings of a new run.
 *
 * @param estimate null if there is none: the micro-batch `auto` is then the whole batch
 * @throws UserError if bfloat16 is requested but not supported here
 */
export function newComputeSettings(config: Config, estimate: Estimate | null, backend: BackendChoice): ComputeSettings {
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
const settingsSchema = z.strictObject({
  microBatch: count,
  fast: z.boolean(),
  dtype: z.enum(['float32', 'bfloat16']),
  threads: count,
})

/**
 * Returns the compute settings in a run's record.
 *
 * @throws UserError if the record has none, or those of another Recurlab version.
 */
export function storedComputeSettings({ id, provenance }: Pick<RunRecord, 'id' | 'provenance'>): ComputeSettings {
  const parsed = settingsSchema.safeParse(provenance.computeSettings)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new UserError({
    where: `run ${id}, ${['computeSettings', ...(issue?.path ?? [])].join('.')} in provenance.json`,
    expected: 'microBatch, fast, dtype and threads, the compute settings that the run was begun with',
    found: issue?.message ?? 'something else',
    todo: 'The file is damaged, or from another version of Recurlab.',
  })
}

/**
 * Returns the threads for a resumed run: as many as it was begun with, since the last bits depend on them, but at most the
 * number of cores. RECURLAB_THREADS takes precedence.
 *
 * @param begun name of the backend that the run was begun on; only native backends have threads
 */
export function threadsFor({ threads }: ComputeSettings, begun: string): number {
  const now = threadCount()
  return process.env.RECURLAB_THREADS || !begun.startsWith('tfjs-node') ? now : Math.min(threads, now)
}

/** The compute settings of a resumed run in effect, until `end`. */
export interface AppliedSettings {
  /** The type to compute the model in. */
  readonly dtype: Dtype
  /** A note for the user on settings that are not available here; null if all are. */
  readonly note: string | null
  end(): void
}

/** Applies the compute settings of a resumed run: the fused kernels are turned off if it was begun without them. */
export function applyComputeSettings({ fast, dtype: asked }: ComputeSettings): AppliedSettings {
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
