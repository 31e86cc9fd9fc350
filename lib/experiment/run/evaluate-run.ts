import path from 'node:path'
import { startBackend } from '../../backend/index.js'
import type { Dtype } from '../../backend/kernels.js'
import { startMeter } from '../../backend/spent.js'
import { type ResolvedConfig, resolveConfig } from '../../config/resolved.js'
import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { countEvaluated } from '../../data/evaluation-batches.js'
import { Interrupted, UserError } from '../../errors.js'
import { type Evaluation, evaluate } from '../../evaluate/evaluation.js'
import { type MetricMeans, type Metrics, type NoMetrics, recordMetrics } from '../../evaluate/own-metrics.js'
import { evaluationSettings } from '../../evaluate/settings.js'
import { type EvaluationSpent, evaluationSpent } from '../../evaluate/spent.js'
import type { PuzzleFit } from '../../interop/weights-check.js'
import { disposeModel, type Model } from '../../model/model.js'
import { currentHost } from '../../notebook/host.js'
import { openMeter } from '../../notebook/progress-meter.js'
import { openRun } from '../../results/run.js'
import { datasetOf } from '../data/dataset.js'
import { outOfMemory } from '../estimate/out-of-memory.js'
import { dtypeAtDepth, dtypeOrFloat32 } from './dtype.js'
import { metricNotes } from './functions.js'
import { stoppable } from './stop.js'
import { modelOfWeights, openWeights, type WeightsOptions } from './weights.js'

/** Options of {@link evaluateRun}: the data, the weights and the evaluation settings. */
export interface EvaluateRunOptions<M extends Metrics = Metrics> extends WeightsOptions {
  /** Default: the run's data set. */
  readonly data?: Dataset
  /** Default `test`. */
  readonly split?: 'train' | 'test'
  /** Supervision steps; default: the configuration's `evalSupervisionSteps`. */
  readonly supervisionSteps?: number
  /** Whether a puzzle is done as soon as its halting head chooses to halt; default: the configuration's `evalHalt`. */
  readonly halt?: boolean
  /** The type to compute the model in; default: float32 for more `supervisionSteps` than K, else the configuration's `dtype`. */
  readonly dtype?: Config['dtype']
  /** Puzzles evaluated at a time; default: the configuration's `evalBatch`. */
  readonly batch?: number
  /** Maximum versions of each puzzle; default: the configuration's `evalVersions`, else all. */
  readonly versions?: number
  /** Whether the outcome of every puzzle is returned; default true. ARC's 400,000 take about 500 MB. */
  readonly outcomes?: boolean
  /**
   * The replacement for the puzzle embedding's rows, which adapts it to another number of puzzles or, on the run's own
   * data, removes the information in the rows; by default they stay.
   */
  readonly puzzleEmbedding?: PuzzleFit
  /** Custom metrics, the run's or others: each name becomes `test.NAME`. Default none. */
  readonly metrics?: M
  /** Called with the data set before the work begins; may refuse it by throwing. */
  readonly onData?: (data: Dataset) => void
  /** Called after each batch with the number of puzzles done. Default: a notebook shows a progress line. */
  readonly onBatch?: (done: number) => void
  /** Called after each supervision step with the progress in puzzles and the total. */
  readonly onProgress?: (done: number, puzzles: number) => void
  /**
   * When aborted, the evaluation ends after the current supervision step. Default: aborted when the user stops the notebook
   * cell.
   */
  readonly signal?: AbortSignal
}

/** An evaluation, with its weights and data. */
export interface RunEvaluation<M extends Metrics = NoMetrics> {
  /** The run's ID, or the file. */
  readonly id: string
  /** Optimiser steps behind the weights; null if their file does not say. */
  readonly step: number | null
  /** The configuration of the weights. */
  readonly config: Config
  readonly data: Dataset
  /** The type that the model was computed in. */
  readonly dtype: Dtype
  readonly evaluation: Evaluation & MetricMeans<M>
  /** Time and energy of the evaluation. */
  readonly spent: EvaluationSpent
  /** Assumptions about the weights and changes to them, one sentence each. */
  readonly notes: readonly string[]
}

/**
 * Evaluates a stored run's checkpoint or a file of weights (official ones too) with the same code as during training.
 *
 * @param runOrFile a file; else a run's folder, ID or a prefix of an ID; else a name of weights, e.g. `sudoku-6x6`
 * @throws UserError if the weights, their data or their mixer are unavailable or incompatible; Interrupted if it is
 * stopped.
 */
export async function evaluateRun<M extends Metrics = NoMetrics>(
  runOrFile: string,
  options: EvaluateRunOptions<M> = {},
): Promise<RunEvaluation<M>> {
  const given = recordMetrics(options.metrics ?? {})
  const { file, config } = await openWeights(runOrFile, options, (name) => `evaluateRun('${name}', `)
  const resolved = resolveConfig(config)
  if (options.data === undefined && file.dataHash === null && config.data === null)
    throw new UserError({
      where: file.file,
      expected: 'the data to evaluate on',
      found: 'a file that names none',
      todo: 'Name a data set with data=DIR.',
      exitCode: 2,
    })
  const data = options.data ?? (await datasetOf(config))
  const moved = options.data === undefined && file.dataHash !== null && file.dataHash !== data.hash
  options.onData?.(data)
  await startBackend()
  return stoppable(options.signal, async ({ signal }) => {
    if (options.halt === true && resolved.model.halting === 'none')
      throw new UserError({
        where: 'halt',
        expected: 'nothing, as it would have no effect: with halting=none every puzzle runs all steps',
        found: 'true',
        todo: 'Leave it out.',
        exitCode: 2,
      })
    const asked = options.dtype ?? dtypeAtDepth(resolved.training.dtype, config, options.supervisionSteps)
    const { dtype, note } = dtypeOrFloat32(asked, config.mixer)
    const { model: stored, notes } = modelOfWeights(file, data.manifest, options.puzzleEmbedding)
    const model = stored.with({ dtype })
    try {
      if (note) notes.push(note)
      if (file.run !== null) notes.push(...metricNotes(openRun(path.dirname(path.resolve(file.file))), given))
      if (moved) notes.push('the data set has changed since the weights were trained on it')
      const measured = await evaluateWatched(model, resolved.evaluation, data, {
        ...options,
        ...(signal ? { signal } : {}),
      })
      const { id, step } = { id: file.run ?? runOrFile, step: file.step }
      return { id, step, config, data, dtype, ...measured, notes: [...file.notes, ...notes] }
    } finally {
      disposeModel(model)
    }
  })
}

async function evaluateWatched<M extends Metrics>(
  model: Model,
  config: ResolvedConfig['evaluation'],
  data: Dataset,
  options: EvaluateRunOptions<M>,
): Promise<Pick<RunEvaluation<M>, 'evaluation' | 'spent'>> {
  const { split = 'test', signal } = options
  const settings = evaluationSettings(config, options)
  const total = countEvaluated(data, { split, versions: settings.versions })
  const meter =
    options.onBatch || options.onProgress || !currentHost()
      ? null
      : openMeter({ label: 'evaluation', total, unit: 'puzzles' })
  let done = 0
  const spent = startMeter()
  try {
    const evaluation = await evaluate<M>(model, data, {
      ...settings,
      split,
      outcomes: options.outcomes ?? true,
      metrics: options.metrics,
      signal,
      onBatch: (now) => {
        done = now
        options.onBatch?.(now)
      },
      onProgress: (now) => {
        // Reads the energy counters before they start again.
        spent()
        meter?.at(now)
        options.onProgress?.(now, total)
      },
    })
    meter?.end('done')
    return { evaluation, spent: evaluationSpent(spent()) }
  } catch (error) {
    const { batch } = settings
    const todo = `Lower evalBatch (${batch}), the puzzles at a time; else use a smaller model.`
    if (!signal?.aborted || error !== signal.reason)
      throw outOfMemory({ where: 'evaluation', estimate: null, todo }, error)
    throw new Interrupted(`stopped after ${done} of ${total} puzzles: the next call starts the evaluation again`)
  } finally {
    meter?.end('stopped')
  }
}
