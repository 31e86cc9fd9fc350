import path from 'node:path'
import { BACKENDS, type BackendChoice, startBackend } from '../../backend/index.js'
import { kernels } from '../../backend/kernels.js'
import { parseConfig } from '../../config/parse.js'
import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { isSpent } from '../../evaluate/metric-names.js'
import type { Metrics } from '../../evaluate/own-metrics.js'
import { rowsOfTable } from '../../files/arrow-rows.js'
import { differingHashes } from '../../files/hash-text.js'
import { isJsonObject, type JsonObject } from '../../files/json.js'
import { currentCode } from '../../results/code.js'
import { REPRODUCED, resultsFolder } from '../../results/layout.js'
import { DEFAULT_RESULTS, listRuns, openRun, type RunRecord, readEvaluations } from '../../results/run.js'
import { datasetOf } from '../data/dataset.js'
import { type RunWork, runWork } from '../estimate/work.js'
import { beginSession, type InitOptions, identityOf, readInit } from '../run/begin.js'
import { applyComputeSettings, storedComputeSettings, threadsFor } from '../run/compute-settings.js'
import { checkFunctions, metricsOf, type RunFunctions } from '../run/functions.js'
import { checkSameData, resume } from '../run/resume.js'
import { continueSession, type SessionOptions } from '../run/session.js'
import { AGAIN, stoppedRun } from '../run/stop.js'
import { watched } from '../watch/watch.js'
import { runDifferences } from './differences.js'
import { environmentChanges } from './environment.js'
import { Reproduction, type ResultPair } from './reproduction.js'

/** Options of {@link reproduce}. */
export interface ReproduceOptions extends Pick<SessionOptions, 'observer' | 'signal'>, RunFunctions {
  /** Folder that holds `runs`; the repetition is stored in its `reproduced/runs`. Default `results`, in a notebook the project's. */
  readonly resultsDir?: string
  /** Default: the data set of the run's configuration, built or generated. */
  readonly data?: Dataset
  /** All the metrics that the run was begun with. */
  readonly metrics?: Metrics
  /** Repeats only the first steps. Default: all, up to the newest checkpoint. */
  readonly steps?: number
}

/**
 * Repeats a stored run from its record alone, with the recorded configuration, data, initial weights, threads, type, rows at
 * a time and kernels, and compares it with the run bit for bit; see {@link Reproduction}. The code is the present one.
 * A stopped repetition goes on when called again. RECURLAB_BACKEND, RECURLAB_THREADS, RECURLAB_FAST and RECURLAB_AMX
 * take precedence over the record.
 *
 * @param run folder, ID or a prefix of an ID
 * @throws UserError if the run is at work or has made no step, its data or its initial weights are missing or have changed,
 * its files are damaged, or a custom function is missing or differs; Interrupted if it is stopped: the repetition is saved.
 */
export async function reproduce(run: string, options: ReproduceOptions = {}): Promise<Reproduction> {
  const record = openRun(run, options.resultsDir)
  const until = stepsOf(record, options.steps)
  const endsByTime = record.status.ended === 'maxSeconds'
  const recorded = parseConfig(record.config)
  const config = endsByTime ? parseConfig({ ...recorded, maxSeconds: null }) : recorded
  const call = { where: `run ${record.id}`, begins: `reproduce('${record.id}', ` }
  checkFunctions(config, options, ['mixer', 'loss'], call)
  const metrics = metricsOf(record, config, options.metrics, 'reproduce')
  const data = options.data ?? (await datasetOf(config))
  checkSameData(record.id, record.provenance, data)
  const init = await recordedInit(record)
  const work = runWork(config, data)
  const repeated: Repeated = { record, config, data, work, metrics, init, until, endsByTime }
  return watched(options, [work], [0], async ({ observer, signal }) => {
    const notes: string[] = []
    const watch = {
      observer: { ...observer(0), onNote: (text: string) => void notes.push(text) },
      ...(signal ? { signal } : {}),
      estimate: false,
    }
    const id = await repetitionOf(repeated, reproducedFolder(options.resultsDir), watch)
    const repetition = openRun(id, reproducedFolder(options.resultsDir))
    if (repetition.state !== record.state && signal?.aborted)
      throw stoppedRun({ step: repetition.status.checkpoint ?? 0, trainSteps: until, again: AGAIN })
    return reproductionOf(repeated, repetition, notes)
  })
}

/** Returns the results folder of repetitions. */
export function reproducedFolder(resultsDir: string = DEFAULT_RESULTS): string {
  return path.join(resultsFolder(resultsDir), REPRODUCED)
}

interface Repeated {
  readonly record: RunRecord
  readonly config: Config
  readonly data: Dataset
  readonly work: RunWork
  readonly metrics: Metrics
  readonly init: InitOptions | null
  /** The last step to repeat. */
  readonly until: number
  /** Whether the run was ended by the clock, at `until`. */
  readonly endsByTime: boolean
}

/** Returns the last step to repeat. @throws UserError when there is none, or the run is at work. */
function stepsOf({ id, state, status }: RunRecord, asked: number | undefined): number {
  const where = `run ${id}`
  if (state === 'running')
    throw new UserError({
      where,
      expected: 'a run that nobody works on',
      found: 'one at work',
      todo: 'Wait for its end.',
    })
  // A failed run may have logged steps after its last checkpoint, and a published one has no checkpoints.
  const logged = state === 'failed' || status.checkpoints.length === 0 ? status.step : 0
  const last = Math.max(logged, status.checkpoint ?? 0)
  if (last === 0)
    throw new UserError({ where, expected: 'a run that has made a step', found: 'none', todo: 'Train it again.' })
  if (asked === undefined) return last
  if (Number.isInteger(asked) && asked >= 1) return Math.min(asked, last)
  throw new UserError({ where: 'steps', expected: 'a whole number from 1', found: String(asked), exitCode: 2 })
}

/**
 * Returns the options of the recorded initial weights; null for fresh ones.
 *
 * @throws UserError when they are gone or have changed.
 */
async function recordedInit({ id, provenance }: RunRecord): Promise<InitOptions | null> {
  const { init } = provenance
  if (!isJsonObject(init)) return null
  const { weights, puzzleEmbedding } = init
  const options: InitOptions = {
    from: String(init.from),
    ...(weights === 'ema' || weights === 'live' ? { weights } : {}),
    ...(puzzleEmbedding === 'mean' || puzzleEmbedding === 'zero' ? { puzzleEmbedding } : {}),
  }
  const { hash } = identityOf(options, (await readInit(options, undefined)).tensors)
  if (hash === init.hash) return options
  const [own, other] = differingHashes(String(init.hash), hash)
  throw new UserError({
    where: `run ${id}`,
    expected: `its initial weights in ${options.from}, hash ${own}`,
    found: `others, hash ${other}`,
    todo: 'Put the file that it began with back.',
  })
}

/** Trains the repetition, or goes on with one that was stopped. @returns its ID */
async function repetitionOf(repeated: Repeated, folder: string, watch: SessionOptions): Promise<string> {
  const { record, data, metrics, until, endsByTime } = repeated
  // A failed run made its last step without logging it.
  const isWhole = until >= record.status.step
  const reach = {
    ...watch,
    ...(endsByTime && isWhole ? { endAt: until } : record.state === 'failed' && isWhole ? {} : { stopAt: until }),
  }
  const stopped = stoppedRepetition(record, until, folder)
  if (stopped !== null) {
    await resume(stopped, { ...reach, resultsDir: folder, data, metrics })
    return stopped
  }
  const settings = storedComputeSettings(record)
  const backend = await backendOf(record)
  const applied = applyComputeSettings(settings)
  if (applied.note) watch.observer?.onNote?.(applied.note)
  const { config, work, init } = repeated
  const available = { ...settings, dtype: applied.dtype, fast: kernels() !== null, threads: backend.threads }
  let id: string | null = null
  try {
    const session = await beginSession(
      { asked: record.asked, work: { ...work, config }, data, repeats: { run: record.id, settings: available } },
      { ...reach, resultsDir: folder, metrics, ...(init ? { init } : {}) },
    )
    id = session.run.id
    await continueSession(session, reach)
  } catch (error) {
    // A run that diverged diverges again.
    if (id === null || record.state !== 'failed') throw error
  } finally {
    applied.end()
  }
  return id
}

/** Returns the newest repetition of a run that was stopped before a step, by the present code; null if there is none. */
function stoppedRepetition({ id }: RunRecord, until: number, folder: string): string | null {
  const { hash } = currentCode().record
  const stopped = listRuns(folder).runs.filter(
    ({ state, provenance, status }) =>
      state === 'interrupted' &&
      provenance.repeats === id &&
      isJsonObject(provenance.code) &&
      provenance.code.hash === hash &&
      (status.checkpoint ?? 0) < until,
  )
  return stopped.at(-1)?.id ?? null
}

/** Starts the recorded backend with the recorded threads and units, as far as they exist here. */
async function backendOf(record: RunRecord): Promise<BackendChoice> {
  const recorded: JsonObject = isJsonObject(record.provenance.backend) ? record.provenance.backend : {}
  const { fast } = recorded
  const units = isJsonObject(fast) && isJsonObject(fast.units) ? fast.units : {}
  // The kernels read it when they are loaded.
  if (units.float32 === 'vectors') process.env.RECURLAB_AMX ??= '0'
  const backend = BACKENDS.find((name) => name === recorded.name)
  const threads = threadsFor(storedComputeSettings(record), backend ?? '')
  if (process.env.RECURLAB_BACKEND || backend === undefined) return await startBackend({ threads })
  try {
    return await startBackend({ threads, backend })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return await startBackend({ threads })
  }
}

function reproductionOf({ record, until }: Repeated, repetition: RunRecord, notes: readonly string[]): Reproduction {
  const { checkpoint, step } = repetition.status
  const atEnd =
    record.status.checkpoint === null ? step === record.status.step : checkpoint === record.status.checkpoint
  const failed = record.state === 'failed' && repetition.state !== 'failed'
  return new Reproduction({
    ...runDifferences(record, repetition, { until, atEnd }),
    run: record.id,
    repetition: repetition.id,
    dir: repetition.dir,
    steps: until,
    environment: environmentChanges(record.provenance, repetition.provenance),
    results: resultPairs(record, repetition, until),
    notes: [
      ...notes,
      ...resumedNotes(record),
      ...(failed
        ? [`the run has failed (${record.status.message ?? 'without a message'}), its repetition has not`]
        : []),
    ],
  })
}

/** Returns a remark for each continuation of a run in another environment. */
function resumedNotes({ provenance }: RunRecord): string[] {
  const resumed = Array.isArray(provenance.resumed) ? provenance.resumed.filter(isJsonObject) : []
  return resumed.flatMap((one) => {
    const changed = environmentChanges(provenance, { computeSettings: provenance.computeSettings, ...one })
    const decisive = changed.filter(({ decides }) => decides).map(({ what }) => what)
    if (decisive.length === 0) return []
    const more = decisive.length > 4 ? ` and ${decisive.length - 4} more` : ''
    return [`the run was resumed from step ${String(one.step)} with other ${decisive.slice(0, 4).join(', ')}${more}`]
  })
}

/** Returns the metrics of the last evaluation that both have. */
function resultPairs(record: RunRecord, repetition: RunRecord, until: number): ResultPair[] {
  const rows = rowsOfTable(readEvaluations(record)).filter(({ step }) => Number(step) <= until)
  const last = rows.at(-1)
  const other = rowsOfTable(readEvaluations(repetition)).findLast(
    ({ step, weights }) => step === last?.step && weights === last?.weights,
  )
  if (!last || !other) return []
  const number = (value: unknown): number | null => (typeof value === 'number' ? value : null)
  return Object.keys(last)
    .filter((metric) => metric.includes('.') && !isSpent(metric))
    .map((metric) => ({ metric, before: number(last[metric]), after: number(other[metric]) }))
}
