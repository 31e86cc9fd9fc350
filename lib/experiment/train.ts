import { startBackend } from '../backend/index.js'
import { checkDataKeys } from '../config/data-keys.js'
import { parseConfig } from '../config/parse.js'
import type { Config, ConfigInput } from '../config/schema.js'
import type { Dataset } from '../data/dataset.js'
import type { ModelShape } from '../model/shape.js'
import { countParameters, createModel, type Model } from '../model/weights.js'
import type { PuzzleFit } from '../model/weights-check.js'
import { collectProvenance } from '../results/provenance.js'
import { createRun } from '../results/run.js'
import { readWeightsOf } from '../results/weights-file.js'
import { initialState } from '../train/step.js'
import { newChoices } from './choices.js'
import { withDataKeys } from './dataset.js'
import { type Estimate, estimateRun } from './estimate.js'
import { modelShape, newBatchesAhead, stepOptions, totalSteps } from './resolve.js'
import { continueSession, type Session, type SessionOptions } from './session.js'
import { stoppedRun } from './stop.js'
import { watched } from './watch.js'
import { modelOfWeights } from './weights.js'

/** Where a run goes, who watches it, and which weights it begins with. */
export interface TrainOptions extends SessionOptions {
  /** Folder under which `runs/ID` is made; default `results`. */
  readonly resultsDir?: string
  /** Weights to begin with, in the place of fresh ones. */
  readonly init?: InitOptions
}

/** Weights of a stored run or a file; the optimiser's moments and the step begin at zero. */
export interface InitOptions {
  /** A file (official ones too), or a run's folder, ID, or the beginning of one. */
  readonly from: string
  /** Which weights, where there are two sets; default `ema`. */
  readonly weights?: 'ema' | 'live'
  /** What replaces the rows of the puzzle embedding; by default they stay, and another number of rows is an error. */
  readonly puzzleEmbedding?: PuzzleFit
}

/**
 * Trains one model from the start and returns its run's ID. Without an observer, a line of progress and, in a notebook,
 * live curves are shown.
 *
 * @param input the configuration; keys left out take their defaults
 * @param data the puzzles
 * @throws UserError for a wrong configuration, weights that do not fit it, or a results folder that cannot be written to;
 * Interrupted when the user stops the notebook's cell: the run is saved, and the message says how it goes on.
 */
export async function train(input: ConfigInput, data: Dataset, options: TrainOptions = {}): Promise<string> {
  const asked = parseConfig(input)
  checkDataKeys(asked)
  const config = withDataKeys(asked, data.manifest)
  const shape = modelShape(config, data.manifest)
  const steps = totalSteps(config, data)
  return watched(options, [config], [steps], async ({ observer, signal, throws }) => {
    const session = await beginSession(config, shape, data, steps, {
      ...options,
      observer: observer(0),
      ...(signal ? { signal } : {}),
    })
    const { id } = session.run
    const end = await continueSession(session, { observer: observer(0), ...(signal ? { signal } : {}) })
    if (end === 'interrupted' && throws)
      throw stoppedRun({ id, step: session.state.step, steps, resultsDir: options.resultsDir, config, data })
    return id
  })
}

async function beginSession(
  config: Config,
  shape: ModelShape,
  data: Dataset,
  steps: number,
  options: TrainOptions,
): Promise<Session> {
  const backend = await startBackend()
  const sampler = newBatchesAhead(config, data)
  const estimate = await estimateUnlessStopped(config, shape, data, steps, options.signal)
  if (estimate) options.observer?.onEstimate?.(estimate)
  const choices = newChoices(config, estimate, backend)
  if (choices.microBatch < config.batch)
    options.observer?.onNote?.(`the batch of ${config.batch} is computed ${choices.microBatch} rows at a time`)
  const { model, provenance } = await firstModel(config, shape, data, options)
  const run = createRun({
    resultsDir: options.resultsDir ?? 'results',
    config,
    name: `${config.task}-${config.model === 'trm' ? config.mixer : config.model}`,
    steps,
    parameters: countParameters(shape),
    provenance: {
      ...collectProvenance({ dataHash: data.hash, backend: { ...backend }, seed: config.seed }),
      ...provenance,
      choices,
    },
  })
  return {
    config,
    data,
    options: stepOptions(config, steps, choices.microBatch),
    sampler,
    state: initialState({ ...model, dtype: choices.dtype }, config.batch, config.ema, config.seed),
    run,
    steps,
    secondsBefore: 0,
    evaluatedAt: 0,
  }
}

/** A run that is stopped so early is made all the same, and saved: it goes on like any other. */
async function estimateUnlessStopped(
  ...[config, shape, data, steps, signal]: Parameters<typeof estimateRun>
): Promise<Estimate | null> {
  try {
    return await estimateRun(config, shape, data, steps, signal)
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return null
    throw error
  }
}

/** Fresh weights of the seed, or those of a file, and what provenance says of them. */
async function firstModel(
  config: Config,
  shape: ModelShape,
  data: Dataset,
  { init, resultsDir, observer }: TrainOptions,
): Promise<{ model: Model; provenance: object }> {
  if (!init) return { model: createModel(shape, config.seed), provenance: {} }
  const file = await readWeightsOf(init.from, {
    ...(resultsDir === undefined ? {} : { resultsDir }),
    ...(init.weights === undefined ? {} : { weights: init.weights }),
  })
  const { model, notes } = modelOfWeights(file, data.manifest, init.puzzleEmbedding, shape)
  for (const note of [...file.notes, ...notes]) observer?.onNote?.(`init: ${note}`)
  const { run, weights, step, dataHash } = file
  return {
    model,
    provenance: { init: { from: file.file, run, weights, step, dataHash, notes: [...file.notes, ...notes] } },
  }
}
