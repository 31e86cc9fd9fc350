import { isDeepStrictEqual } from 'node:util'
import { resolveConfig } from '../config/resolved.js'
import { type Config, type ConfigInput, configSchema } from '../config/schema.js'
import type { Dataset } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { runConfig } from '../experiment/data/dataset.js'
import { tryFunctions } from '../experiment/run/functions.js'
import { divergedIn } from '../experiment/run/not-finite.js'
import { newBatchesAhead, stepOptions, totalSteps } from '../experiment/run/resolve.js'
import { differingHashes } from '../files/hash-text.js'
import { configuredShape } from '../model/configured.js'
import { currentHost } from '../notebook/host.js'
import { didYouMean } from '../options/nearest.js'
import type { StepMetrics } from '../train/metrics.js'
import { restoreSnapshot, type Snapshot } from '../train/snapshot.js'
import { initialState } from '../train/step.js'
import { Trainer, type TrainerParts } from '../train/trainer.js'
import type { ConfiguredModel } from './create-model.js'
import { readTrainerFile, writeTrainerFile } from './trainer-file.js'

/** Keys of a configuration that say how a model is trained and evaluated; all others say what it is. */
const TRAINING_KEYS = [
  'augment',
  'haltExploration',
  'loss',
  'batch',
  'microBatch',
  'trainSteps',
  'epochs',
  'evalEvery',
  'evalBatch',
  'evalVersions',
  'evalSupervisionSteps',
  'evalHalt',
  'optimizer',
  'lr',
  'warmup',
  'lrMinRatio',
  'beta1',
  'beta2',
  'weightDecay',
  'puzzleLr',
  'puzzleWeightDecay',
  'ema',
  'seed',
] as const satisfies readonly (keyof ConfigInput)[]

/** How a model is trained: any of the configuration's keys of training, and where an earlier trainer left off. */
export interface TrainerOptions extends Pick<ConfigInput, (typeof TRAINING_KEYS)[number]> {
  /** A state that {@link ModelTrainer.save} returned, or the file that it wrote: training goes on from there, bit for bit. */
  readonly from?: TrainerState | string
}

/** Where a trainer stands, outside any backend. */
export interface TrainerState {
  readonly config: Config
  /** Hash of the data that it was trained on. */
  readonly dataHash: string
  readonly snapshot: Snapshot
}

/** The training loop of a model on a data set, step by step. */
export class ModelTrainer extends Trainer {
  /** With every value that is used. */
  readonly config: Config
  readonly data: Dataset

  constructor(parts: TrainerParts, config: Config, data: Dataset) {
    super(parts)
    this.config = config
    this.data = data
  }

  /**
   * Makes one supervision step with its update; carry and halting are kept inside. Paper, figure 3. When the user stops the
   * notebook's cell, the step is made to its end, so that the next cell goes on as if nothing had been.
   *
   * @throws UserError when a loss or a gradient is NaN or infinite, with what to change; nothing is changed then.
   */
  override step(): StepMetrics {
    const host = currentHost()
    try {
      return host ? host.uncut(() => super.step()) : super.step()
    } catch (error) {
      throw divergedIn({ config: this.config, options: this.options, state: this.state }, error)
    }
  }

  /**
   * Returns a copy of where it stands, and writes it to a file where one is named: `trainer(model, data, { from })` goes on from
   * either, bit for bit. A file is a checkpoint that `recurlab eval` and `export` read too.
   *
   * @throws UserError when the file cannot be written.
   */
  save(file?: string): TrainerState {
    const { tensors, state } = this.snapshot()
    const now = { config: this.config, dataHash: this.data.hash, snapshot: { tensors: copied(tensors), state } }
    if (file !== undefined) writeTrainerFile(file, now)
    return now
  }
}

/**
 * The training loop of a model on a data set: `run.step()` makes one supervision step with its update, and the model's weights are
 * those that it trains. It makes the weights that `train` makes with the same configuration, bit for bit, where the whole batch
 * fits into memory: `microBatch: 'auto'` means the whole batch here.
 *
 * @example
 * const run = trainer(model, data, { lr: 1e-3, weightDecay: 0.1, ema: 0.99, batch: 64 })
 * for (const step of progress(300)) {
 *   const { loss } = run.step()
 *   if (step % 50 === 0) show(await evaluate(run, data))
 * }
 *
 * @param model trained in place; a model has one trainer at a time
 * @param options default: what the model's configuration says; of `from`, what the saved one says
 * @throws UserError for a key that is none of training, a wrong value, data that the model is not for, or a saved state that does
 * not belong to model and data.
 */
export function trainer(model: ConfiguredModel, data: Dataset, options: TrainerOptions = {}): ModelTrainer {
  const { from, ...keys } = options
  checkKeys(keys)
  const saved = typeof from === 'string' ? readTrainerFile(from) : (from ?? null)
  if (saved) checkSaved(saved, data)
  const config = runConfig({ ...model.asked, ...(saved && trainingKeys(saved.config)), ...keys }, data)
  checkModel(model, config, data)
  tryFunctions(config, model.shape)
  const resolved = resolveConfig(config)
  const parts = {
    options: stepOptions(
      resolved,
      totalSteps(resolved, data),
      config.microBatch === 'auto' ? undefined : config.microBatch,
    ),
    sampler: newBatchesAhead(resolved, data),
  }
  if (!saved)
    return new ModelTrainer(
      { ...parts, state: initialState(model, config.batch, config.ema, config.seed) },
      config,
      data,
    )
  const { tensors, state } = saved.snapshot
  const restored = restoreSnapshot(model.shape, copied(tensors), state)
  model.takeOver(restored.state.model)
  parts.sampler.restore(restored.sampler)
  return new ModelTrainer({ ...parts, state: { ...restored.state, model }, seconds: restored.seconds }, config, data)
}

/** The puzzle embedding among them is the model's own array, which the next step changes. */
function copied(tensors: Snapshot['tensors']): Snapshot['tensors'] {
  return new Map([...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]))
}

/** The keys of training in a saved configuration. */
function trainingKeys(config: Config): Partial<Config> {
  return Object.fromEntries(TRAINING_KEYS.map((key) => [key, config[key]]))
}

function checkKeys(keys: object): void {
  for (const key of Object.keys(keys)) {
    if ((TRAINING_KEYS as readonly string[]).includes(key)) continue
    const ofModel = Object.hasOwn(configSchema.shape, key)
    throw new UserError({
      where: `trainer, key ${key}`,
      expected: 'a key of training',
      found: ofModel ? 'one of the model or the data' : 'an unknown one',
      todo: ofModel
        ? 'Give it to createModel, or to the data.'
        : (didYouMean(key, TRAINING_KEYS) ?? `There are ${TRAINING_KEYS.join(', ')}.`),
      exitCode: 2,
    })
  }
}

function checkSaved({ dataHash }: TrainerState, { hash }: Dataset): void {
  if (hash === dataHash) return
  const [expected, found] = differingHashes(dataHash, hash)
  throw new UserError({
    where: 'trainer, from',
    expected: `the data set that it was trained on, hash ${expected}`,
    found: `another, hash ${found}`,
  })
}

/** The model may have been made for other data. */
function checkModel({ shape }: ConfiguredModel, config: Config, { manifest }: Dataset): void {
  const wanted = configuredShape(config, manifest)
  const key = (Object.keys(shape) as (keyof typeof shape)[]).find((key) => !isDeepStrictEqual(shape[key], wanted[key]))
  if (key === undefined) return
  throw new UserError({
    where: 'trainer, data',
    expected: `data of the model's ${key}, ${shape[key]}`,
    found: String(wanted[key]),
    todo: 'Make a model for this data set with createModel.',
  })
}
