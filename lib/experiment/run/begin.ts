import { startBackend } from '../../backend/index.js'
import { freedIfItFails } from '../../backend/tensor-memory.js'
import { shownValue } from '../../config/functions.js'
import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { type Metrics, recordMetrics, tryMetrics } from '../../evaluate/own-metrics.js'
import { pathToKeep } from '../../files/places.js'
import type { PuzzleFit } from '../../interop/weights-check.js'
import { initialModel, type Model } from '../../model/model.js'
import type { ModelShape } from '../../model/shape.js'
import { countParameters } from '../../model/weights.js'
import { hashWeights } from '../../model/weights-hash.js'
import { currentCode } from '../../results/code.js'
import type { LabelOptions } from '../../results/label.js'
import { collectProvenance } from '../../results/provenance.js'
import { type CheckpointChoice, createRun } from '../../results/run.js'
import { readWeightsOf } from '../../results/weights-file.js'
import { initialState } from '../../train/step.js'
import { Trainer } from '../../train/trainer.js'
import { type Estimate, estimateMemory } from '../estimate/memory.js'
import type { RunWork } from '../estimate/work.js'
import { type ComputeSettings, newComputeSettings } from './compute-settings.js'
import { plainNote } from './dtype.js'
import { tryFunctions } from './functions.js'
import { outsideNotes } from './outside.js'
import { newBatchesAhead, stepOptions } from './resolve.js'
import type { Session, SessionOptions } from './session.js'
import { modelOfWeights } from './weights.js'

/** Initial weights from a stored run or a file; the optimiser's moments and the step begin at zero. */
export interface InitOptions {
  /** A file (official ones too), a run's folder, ID, or a prefix of an ID, or a name of weights, e.g. `sudoku-6x6`. */
  readonly from: string
  /** The set of weights to use if there are two; default `ema`. */
  readonly weights?: 'ema' | 'live'
  /** Which of a run's checkpoints: `last`, `best` by the run's `bestMetric`, or a step; default `last`. */
  readonly checkpoint?: CheckpointChoice
  /** The replacement for the puzzle embedding's rows; by default they stay, and another number of rows is an error. */
  readonly puzzleEmbedding?: PuzzleFit
}

/** Where a run is stored, its name, its observer, and its initial weights. */
export interface BeginOptions extends SessionOptions, LabelOptions {
  /** Folder in which `runs/ID` is made; default `results`, in a notebook the project's. */
  readonly resultsDir?: string
  /** Initial weights in place of fresh ones. */
  readonly init?: InitOptions
  /**
   * Custom metrics, computed in every evaluation: each name becomes `test.NAME` in the run's evaluations, tables and
   * curves. The record keeps their source texts. Default none.
   */
  readonly metrics?: Metrics
}

/** A run that has not begun. */
export interface RunPlan {
  /** The keys that were given, which the run's record keeps beside the resolved ones. */
  readonly asked: Partial<Config>
  readonly work: RunWork
  readonly data: Dataset
  /** The run's ID. Default: a new one. */
  readonly id?: string
  /** The run that this one repeats, and the compute settings to repeat it with. Default: none; they are chosen. */
  readonly repeats?: { readonly run: string; readonly settings: ComputeSettings }
  /** The memory of the run, if known. Default: it is estimated first. */
  readonly estimate?: Estimate
}

/** Makes a run and everything its first step needs. */
export async function beginSession(plan: RunPlan, options: BeginOptions): Promise<Session> {
  const { asked, work, data } = plan
  const { config, resolved, shape, trainSteps } = work
  const { batch, ema, seed } = resolved.training
  const { metrics = {} } = options
  const backend = await startBackend()
  tryFunctions(config, shape)
  tryMetrics(metrics, data)
  const note = plainNote(config.mixer)
  if (note) options.observer?.onNote?.(note)
  for (const each of outsideNotes(config, metrics)) options.observer?.onNote?.(each)
  const sampler = newBatchesAhead(resolved, data)
  const { repeats } = plan
  const estimate = repeats ? null : (plan.estimate ?? estimated(work, options))
  const settings = repeats?.settings ?? newComputeSettings(config, estimate, backend)
  if (settings.microBatch < batch)
    options.observer?.onNote?.(`the batch of ${batch} is computed ${settings.microBatch} rows at a time`)
  const first = await firstWeights(seed, shape, data, options)
  return freedIfItFails(() => {
    const { model, provenance } = first()
    const trainer = new Trainer({
      options: stepOptions(resolved, trainSteps, settings.microBatch),
      sampler,
      state: initialState(model.with({ dtype: settings.dtype }), batch, ema, seed),
    })
    // Last: from here on there is a run, and any failure is recorded with it.
    const run = createRun({
      resultsDir: options.resultsDir ?? 'results',
      config,
      asked,
      ...(plan.id === undefined ? {} : { id: plan.id }),
      name: runName(config),
      trainSteps,
      parameters: countParameters(shape),
      label: options,
      provenance: {
        ...collectProvenance({ dataHash: data.hash, backend: { ...backend }, seed }),
        ...provenance,
        computeSettings: settings,
        ...(repeats ? { repeats: repeats.run } : {}),
        ...(Object.keys(metrics).length > 0 ? { metrics: recordMetrics(metrics) } : {}),
      },
      codeDiff: currentCode().diff,
    })
    return { data, work, trainer, run, metrics, estimate }
  })
}

/** Returns the readable part of a run's ID. */
export function runName({ task, model, mixer }: Config): string {
  return `${task}-${model === 'trm' ? shownValue(mixer) : model}`
}

/**
 * Returns the memory of the run; null if no estimate is wanted or the run is already stopped (it is still made and saved).
 */
function estimated(work: RunWork, { observer, signal, estimate = true }: BeginOptions): Estimate | null {
  if (!estimate || signal?.aborted) return null
  observer?.onEstimating?.()
  const memory = estimateMemory(work)
  observer?.onEstimate?.(memory)
  return memory
}

/** Reads the weights that a run begins with, and returns what makes the model, with their provenance: fresh from the seed, or those of a file. */
async function firstWeights(
  seed: number,
  shape: ModelShape,
  data: Dataset,
  { init, resultsDir, observer }: BeginOptions,
): Promise<() => { model: Model; provenance: object }> {
  if (!init) return () => ({ model: initialModel(shape, seed), provenance: {} })
  const file = await readInit(init, resultsDir)
  return () => {
    const { model, notes } = modelOfWeights(file, data.manifest, init.puzzleEmbedding, shape)
    for (const note of [...file.notes, ...notes]) observer?.onNote?.(`init: ${note}`)
    const { run, weights, step, dataHash } = file
    const about = { from: pathToKeep(file.file), run, weights, step, dataHash, notes: [...file.notes, ...notes] }
    return { model, provenance: { init: { ...about, ...identityOf(init, file.tensors) } } }
  }
}

/** Reads a run's initial weights. @throws UserError if they cannot be read. */
export function readInit(init: InitOptions, resultsDir: string | undefined): ReturnType<typeof readWeightsOf> {
  return readWeightsOf(init.from, {
    ...(resultsDir === undefined ? {} : { resultsDir }),
    ...(init.weights === undefined ? {} : { weights: init.weights }),
    ...(init.checkpoint === undefined ? {} : { checkpoint: init.checkpoint }),
  })
}

/**
 * The identity of initial weights, independent of their location: their hash, and how their puzzle embedding is fitted.
 */
export interface InitIdentity {
  readonly hash: string
  readonly puzzleEmbedding: PuzzleFit | null
}

/** Returns the identity of the given initial weights. */
export function identityOf(init: InitOptions, tensors: Parameters<typeof hashWeights>[0]): InitIdentity {
  return { hash: hashWeights(tensors), puzzleEmbedding: init.puzzleEmbedding ?? null }
}
