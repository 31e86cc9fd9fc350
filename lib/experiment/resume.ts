import { startBackend } from '../backend/index.js'
import type { Dtype } from '../backend/kernels.js'
import { parseConfig } from '../config/parse.js'
import type { Config } from '../config/schema.js'
import type { Dataset } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { rowsOfTable } from '../files/arrow-rows.js'
import { differingHashes } from '../files/hash-text.js'
import { float32Tensors } from '../files/safetensors.js'
import { collectProvenance } from '../results/provenance.js'
import { loadCheckpoint, openRun, type RunRecord, readEvaluations, resumeRun } from '../results/run.js'
import { followChoices, followThreads, storedChoices } from './choices.js'
import { datasetOf } from './dataset.js'
import { modelShape, newBatchesAhead, stepOptions, totalSteps } from './resolve.js'
import { continueSession, type Session, type SessionOptions } from './session.js'
import { restoreSnapshot } from './snapshot.js'
import { stoppedRun } from './stop.js'
import { watched } from './watch.js'

/** Where a run is looked for, and the puzzles it was trained on where its configuration cannot tell. */
export interface ResumeOptions extends SessionOptions {
  /** Folder that holds `runs`; default `results`. */
  readonly resultsDir?: string
  /** Default: the data set named in the run's configuration, or puzzles generated from it. */
  readonly data?: Dataset
  /** Takes the run from a process on another machine without waiting until that one has been silent for long. Default false. */
  readonly force?: boolean
}

/**
 * Goes on with a run from its checkpoint, bit for bit as if it had never stopped (on the same backend and machine).
 * Without an observer, a line of progress and, in a notebook, live curves are shown.
 *
 * @param run folder, ID or the beginning of one
 * @returns the run's ID
 * @throws UserError when the run is finished, its data cannot be had or has changed, or its checkpoint is damaged;
 * Interrupted when the user stops the notebook's cell: the run is saved, and the message says how it goes on.
 */
export async function resume(run: string, options: ResumeOptions = {}): Promise<string> {
  const record = openRun(run, options.resultsDir)
  if (record.state === 'finished')
    throw new UserError({
      where: `run ${record.id}`,
      expected: 'a run that is not at its end',
      found: `all ${record.status.steps ?? record.status.step} steps done`,
      todo: 'Start a longer one with steps=N.',
    })
  const config = parseConfig(record.config)
  const data = options.data ?? (await datasetOf(config))
  checkSameData(record.id, record.provenance, data)
  const steps = totalSteps(config, data)
  return watched(options, [config], [steps], async ({ observer, signal, throws }) => {
    const reopened = await reopenSession(record, config, data, steps, { ...options, observer: observer(0) })
    const choices = storedChoices(record.provenance)
    const followed = choices && followChoices(choices)
    const session = followed ? computedIn(reopened, followed.dtype) : reopened
    if (followed?.note) observer(0).onNote?.(followed.note)
    const end = await continueSession(session, { observer: observer(0), ...(signal ? { signal } : {}) }).finally(() =>
      followed?.end(),
    )
    if (end === 'interrupted' && throws)
      throw stoppedRun({ ...record, step: session.state.step, steps, resultsDir: options.resultsDir, config, data })
    return record.id
  })
}

async function reopenSession(
  record: RunRecord,
  config: Config,
  data: Dataset,
  steps: number,
  { observer, force = false }: ResumeOptions,
): Promise<Session> {
  const choices = storedChoices(record.provenance)
  const begun = record.provenance.backend as { name?: string } | undefined
  const backend = await startBackend(choices ? { threads: followThreads(choices, begun?.name ?? '') } : {})
  const { tensors, state } = loadCheckpoint(record)
  const restored = restoreSnapshot(modelShape(config, data.manifest), float32Tensors(tensors), state)
  const sampler = newBatchesAhead(config, data)
  sampler.restore(restored.sampler)
  const provenance = collectProvenance({ dataHash: data.hash, backend: { ...backend }, seed: config.seed })
  const warning = otherBackend(record.provenance, backend)
  if (warning) observer?.onNote?.(warning)
  const evaluatedAt = lastEvaluation(record, restored.state.step)
  return {
    config,
    data,
    options: stepOptions(config, steps, choices?.microBatch),
    sampler,
    state: restored.state,
    // Last: from here on the run is this process's, and whatever fails is noted with it.
    run: resumeRun(record, restored.state.step, provenance, { force }),
    steps,
    secondsBefore: restored.seconds,
    evaluatedAt,
  }
}

/** The session with its model computed in another type. */
function computedIn(session: Session, dtype: Dtype): Session {
  return { ...session, state: { ...session.state, model: { ...session.state.model, dtype } } }
}

/** Step of the last evaluation that is stored and not after the checkpoint; 0 where there is none. */
function lastEvaluation(record: RunRecord, step: number): number {
  const steps = rowsOfTable(readEvaluations(record)).map((row) => Number(row.step))
  return Math.max(0, ...steps.filter((each) => each <= step))
}

/** A data set that was built anew with other content must not go unnoticed. */
function checkSameData(id: string, provenance: Readonly<Record<string, unknown>>, data: Dataset): void {
  const hash = provenance.dataHash
  if (hash === data.hash) return
  const [own, other] = differingHashes(String(hash), data.hash)
  throw new UserError({
    where: `run ${id}`,
    expected: `its data set, hash ${own}`,
    found: `another, hash ${other}`,
    todo: 'Name the folder of the data set it was trained on with data=DIR.',
  })
}

/** Says so where results cannot be the same to the last bit. */
function otherBackend(
  provenance: Readonly<Record<string, unknown>>,
  backend: { name: string; threads: number },
): string | null {
  const before = provenance.backend as { name?: string; threads?: number } | undefined
  if (!before || (before.name === backend.name && before.threads === backend.threads)) return null
  return `the run was begun on ${before.name} with ${before.threads} threads and goes on with ${backend.name} and ${backend.threads}: numbers may differ in the last bits`
}
