import { startBackend } from '../../backend/index.js'
import { freedIfItFails } from '../../backend/tensor-memory.js'
import type { Dataset } from '../../data/dataset.js'
import type { Metrics } from '../../evaluate/own-metrics.js'
import { float32Tensors } from '../../files/safetensors.js'
import { currentCode } from '../../results/code.js'
import { collectProvenance } from '../../results/provenance.js'
import { loadCheckpoint, type RunRecord, resumeRun } from '../../results/run.js'
import { restoreSnapshot } from '../../train/snapshot.js'
import { Trainer } from '../../train/trainer.js'
import type { RunWork } from '../estimate/work.js'
import { storedComputeSettings, threadsFor } from './compute-settings.js'
import type { RunObserver } from './observer.js'
import { newBatchesAhead, stepOptions } from './resolve.js'
import type { Session } from './session.js'

/** Options for reopening a stored run. */
export interface ReopenOptions {
  readonly observer?: RunObserver
  /** The run's custom metrics. */
  readonly metrics: Metrics
  /** Takes the run from a process on another machine without waiting for it to be silent for long. Default false. */
  readonly force?: boolean
}

/** Opens a stored run at its checkpoint. */
export async function reopenSession(
  record: RunRecord,
  work: RunWork,
  data: Dataset,
  { observer, metrics, force = false }: ReopenOptions,
): Promise<Session> {
  const { config, resolved, trainSteps } = work
  const settings = storedComputeSettings(record)
  const begun = record.provenance.backend as { name?: string } | undefined
  const backend = await startBackend({ threads: threadsFor(settings, begun?.name ?? '') })
  const { tensors, state, notes } = loadCheckpoint(record)
  for (const note of notes) observer?.onNote?.(note)
  return freedIfItFails(() => {
    const restored = restoreSnapshot(work.shape, float32Tensors(tensors), state)
    const sampler = newBatchesAhead(resolved, data)
    sampler.restore(restored.sampler)
    const provenance = collectProvenance({ dataHash: data.hash, backend: { ...backend }, seed: config.seed })
    const warning = otherBackend(record.provenance, backend)
    if (warning) observer?.onNote?.(warning)
    const codeDiff = provenance.code.hash === codeOf(record) ? '' : currentCode().diff
    // Last: from here on this process owns the run, and any failure is recorded with it.
    const run = resumeRun(record, restored.state.step, provenance, { force, codeDiff })
    return {
      data,
      work,
      trainer: new Trainer({
        options: stepOptions(resolved, trainSteps, settings.microBatch),
        sampler,
        state: restored.state,
        spent: restored.spent,
      }),
      run,
      metrics,
    }
  })
}

/** Returns the hash of the code that a run was begun with. */
function codeOf({ provenance }: RunRecord): unknown {
  return (provenance.code as { hash?: unknown } | undefined)?.hash
}

/** Returns a note if the results may differ in the last bits. */
function otherBackend(
  provenance: Readonly<Record<string, unknown>>,
  backend: { name: string; threads: number },
): string | null {
  const before = provenance.backend as { name?: string; threads?: number } | undefined
  if (!before || (before.name === backend.name && before.threads === backend.threads)) return null
  return `the run was begun on ${before.name} with ${before.threads} threads and is resumed on ${backend.name} with ${backend.threads}: numbers may differ in the last bits`
}
