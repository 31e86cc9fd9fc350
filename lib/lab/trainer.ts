import { type KeyGroup, keyGroups } from '../config/key-groups.js'
import { type KeysOf, resolveConfig } from '../config/resolved.js'
import { type Config, type ConfigInput, type ConfigKey, configSchema } from '../config/schema.js'
import type { Dataset } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { runConfig } from '../experiment/data/dataset.js'
import { tryFunctions } from '../experiment/run/functions.js'
import { divergedIn } from '../experiment/run/not-finite.js'
import { newBatchesAhead, stepOptions, totalSteps } from '../experiment/run/resolve.js'
import { differingHashes } from '../files/hash-text.js'
import { checkDataFits } from '../model/data-fit.js'
import { currentHost } from '../notebook/host.js'
import { didYouMean } from '../options/nearest.js'
import type { StepMetrics } from '../train/metrics.js'
import { restoreSnapshot, type Snapshot } from '../train/snapshot.js'
import { initialState } from '../train/step.js'
import { Trainer, type TrainerParts } from '../train/trainer.js'
import type { ConfiguredModel } from './create-model.js'
import { readTrainerFile, writeTrainerFile } from './trainer-file.js'

/** Keys of a whole run: its files, and the votes between its evaluations. */
const OF_RUNS = ['checkpointEvery', 'logEvery', 'carryVotes'] as const
/** Keys of training that the model has. */
const OF_MODELS = ['dtype', 'freeze'] as const

type TrainingKey = Exclude<KeysOf<'training' | 'evaluation'>, (typeof OF_RUNS | typeof OF_MODELS)[number]> | 'augment'

const OTHERS: readonly string[] = [...OF_RUNS, ...OF_MODELS]

/** Configuration keys that control training and evaluation; all others define the model, the data or a run. */
const TRAINING_KEYS = (Object.keys(keyGroups) as ConfigKey[]).filter((key): key is TrainingKey => {
  const group: KeyGroup = keyGroups[key]
  return key === 'augment' || ((group === 'training' || group === 'evaluation') && !OTHERS.includes(key))
})

/** Options of a trainer: the configuration's training keys, and the state to continue from. */
export interface TrainerOptions extends Pick<ConfigInput, TrainingKey> {
  /**
   * The value that {@link ModelTrainer.save} returned, or the file that it wrote: training continues from there, bit for
   * bit.
   */
  readonly from?: TrainerState | string
}

/** A trainer's state, outside the backend. */
export interface TrainerState {
  readonly config: Config
  /** Hash of the data that it was trained on. */
  readonly dataHash: string
  readonly snapshot: Snapshot
}

/** The training loop of a model on a data set, step by step. */
export class ModelTrainer extends Trainer {
  /** The configuration with every default filled in. */
  readonly config: Config
  readonly data: Dataset

  constructor(parts: TrainerParts, config: Config, data: Dataset) {
    super(parts)
    this.config = config
    this.data = data
  }

  /**
   * Makes one supervision step with its update; the trainer keeps carry and halting. Paper, figure 3. If the user stops the
   * notebook cell, the step is completed first, so that the next cell continues from a consistent state.
   *
   * @throws UserError if a loss or a gradient is NaN or infinite, with suggested changes; the state is then unchanged.
   */
  override step(): StepMetrics {
    const host = currentHost()
    try {
      return host ? host.uncut(() => super.step()) : super.step()
    } catch (error) {
      const { config, options, state, lastLoss } = this
      throw divergedIn({ config, options, state, lastLoss }, error)
    }
  }

  /**
   * Returns a copy of the trainer's state, and writes it to `file` if given: `trainer(model, data, { from })` continues
   * from either, bit for bit. The file is a checkpoint that `recurlab eval` and `export` also read.
   *
   * @throws UserError if the file cannot be written.
   */
  save(file?: string): TrainerState {
    const { tensors, state } = this.snapshot()
    const now = { config: this.config, dataHash: this.data.hash, snapshot: { tensors: copied(tensors), state } }
    if (file !== undefined) writeTrainerFile(file, now)
    return now
  }
}

/**
 * Returns the training loop of a model on a data set: `run.step()` makes one supervision step and updates the model's
 * weights. They equal those of `train` with the same configuration bit for bit if the whole batch fits in memory:
 * `microBatch: 'auto'` means the whole batch here.
 *
 * @example
 * const run = trainer(model, data, { lr: 1e-3, weightDecay: 0.1, ema: 0.99, batch: 64 })
 * for (const step of progress(300)) {
 *   const { loss } = run.step()
 *   if (step % 50 === 0) show(await evaluate(run, data))
 * }
 *
 * @param model trained in place; a model has one trainer at a time
 * @param options default: the keys of the model's configuration; with `from`, those of the saved one
 * @throws UserError for a key that does not control training, an invalid value, or data or a saved state that does not fit
 * the model.
 */
export function trainer(model: ConfiguredModel, data: Dataset, options: TrainerOptions = {}): ModelTrainer {
  const { from, ...keys } = options
  checkKeys(keys)
  checkDataFits(model, data.manifest, {
    where: 'trainer, data',
    todo: 'Make a model for this data set with createModel.',
    everyRow: true,
  })
  const saved = typeof from === 'string' ? readTrainerFile(from) : (from ?? null)
  if (saved) checkSaved(saved, data)
  const config = runConfig({ ...model.asked, ...(saved && trainingKeys(saved.config)), ...keys }, data)
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
  return new ModelTrainer({ ...parts, state: { ...restored.state, model }, spent: restored.spent }, config, data)
}

/** Copies tensors: the puzzle embedding among them is the model's own array, which the next step changes. */
function copied(tensors: Snapshot['tensors']): Snapshot['tensors'] {
  return new Map([...tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]))
}

/** Returns the training keys of a saved configuration. */
function trainingKeys(config: Config): Partial<Config> {
  return Object.fromEntries(TRAINING_KEYS.map((key) => [key, config[key]]))
}

function checkKeys(keys: object): void {
  for (const key of Object.keys(keys)) {
    if ((TRAINING_KEYS as readonly string[]).includes(key)) continue
    const [found, todo] = (OF_RUNS as readonly string[]).includes(key)
      ? ['one of a whole run', 'Give it to train.']
      : Object.hasOwn(configSchema.shape, key)
        ? ['one of the model or the data', 'Give it to createModel, or to the data.']
        : ['an unknown one', didYouMean(key, TRAINING_KEYS) ?? `There are ${TRAINING_KEYS.join(', ')}.`]
    throw new UserError({ where: `trainer, key ${key}`, expected: 'a key of training', found, todo, exitCode: 2 })
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
