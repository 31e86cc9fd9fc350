import { isFunctionRecord } from '../../config/functions.js'
import type { Config } from '../../config/schema.js'
import { UserError } from '../../errors.js'
import type { Model } from '../../model/model.js'
import { hostTensor, PUZZLE_TABLE, type Weights } from '../../model/weights.js'
import { firstNotFinite, NotFinite } from '../../train/finite.js'
import { learningRate } from '../../train/schedule.js'
import type { Snapshot } from '../../train/snapshot.js'
import type { StepOptions, TrainingState } from '../../train/step.js'

/** The facts about a diverged run that its error reports. */
interface Diverging {
  readonly config: Config
  readonly options: StepOptions
  readonly state: TrainingState
  readonly run: { readonly id: string }
  readonly trainSteps: number
  /** Step of the saved checkpoint. */
  readonly saved: number
  /** Loss of the last step with an update; null if unknown. */
  readonly lastLoss: number | null
}

/**
 * Describes the first tensor of a snapshot that holds NaN or infinity, by its name in the checkpoint; null if all are finite.
 */
export function snapshotNotFinite({ tensors }: Snapshot): string | null {
  return firstNotFinite(eachArray(tensors))
}

/** Describes the first weight or EMA weight that holds NaN or infinity; null if all are finite. */
export function weightsNotFinite({ model, ema }: Pick<TrainingState, 'model' | 'ema'>): string | null {
  return modelNotFinite(model) ?? (ema && firstNotFinite(eachWeight(ema, 'ema/')))
}

/**
 * Describes the first weight of a model, including its puzzle embedding, that holds NaN or infinity; null if all are finite.
 */
function modelNotFinite({ weights, puzzleTable }: Model): string | null {
  return firstNotFinite(eachWeight(weights, '')) ?? firstNotFinite([[PUZZLE_TABLE, puzzleTable]])
}

/**
 * Returns the error of a run that diverged in a step: what was not finite, the loss before, the learning rate, the suggested changes,
 * and the checkpoint that is left. Any other error is returned unchanged.
 */
export function divergedInStep(run: Diverging, error: unknown): unknown {
  return error instanceof NotFinite ? diverged(run, run.state.step + 1, foundIn(run, error)) : error
}

/**
 * Returns the error of a trainer's diverging step, which has changed nothing. Any other error is returned unchanged.
 */
export function divergedIn(trainer: Omit<Diverging, 'run' | 'trainSteps' | 'saved'>, error: unknown): unknown {
  if (!(error instanceof NotFinite)) return error
  const { config, options, state } = trainer
  return new UserError({
    where: `step ${state.step + 1}, lr ${Number(learningRate(options.schedule, state.step + 1).toPrecision(4))}`,
    expected: 'finite losses, gradients and weights',
    found: foundIn(trainer, error),
    todo: `This step has changed nothing. Try ${remedies(config).join(', ')}.`,
  })
}

/** Says what a step has found, after how many skipped ones, and the loss before. */
function foundIn({ state, lastLoss }: Pick<Diverging, 'state' | 'lastLoss'>, { message, inState }: NotFinite): string {
  const { inARow } = state.skipped
  const notes = [
    ...(inState && state.step > 0 ? [`already after step ${state.step}`] : []),
    ...(inARow > 0 ? [`${inARow} skipped ${inARow === 1 ? 'update' : 'updates'} before it`] : []),
    ...(lastLoss === null ? [] : [`train.loss ${Number(lastLoss.toPrecision(4))} in the last step with an update`]),
  ]
  return notes.length > 0 ? `${message}; ${notes.join(', ')}` : message
}

/** Returns the error of a run whose tensor, as described, is not finite when it is to be saved or evaluated. */
export function divergedWeights(run: Diverging, tensor: string): UserError {
  return diverged(run, run.state.step, tensor)
}

function diverged({ config, options, run, trainSteps, saved }: Diverging, step: number, found: string): UserError {
  const lr = learningRate(options.schedule, step)
  return new UserError({
    where: `run ${run.id}, step ${step} of ${trainSteps}, lr ${Number(lr.toPrecision(4))}`,
    expected: 'finite losses, gradients and weights',
    found,
    todo: `The run has failed; its last checkpoint is of step ${saved}. Try ${remedies(config).join(', ')}.`,
  })
}

function remedies({ lr, weightDecay, warmup, optimizer, dtype, loss, notFinite }: Config): string[] {
  return [
    `a smaller lr than ${lr}`,
    ...(lr * weightDecay >= 1 ? [`a smaller weightDecay than ${weightDecay} (lr × weightDecay must be below 1)`] : []),
    ...(warmup < 100 ? ['a longer warmup'] : []),
    ...(isFunctionRecord(loss) ? [`a ${loss.name} that is finite for all logits`] : []),
    ...(optimizer === 'adamw' ? ['optimizer=adamatan2'] : []),
    ...(dtype === 'float32' ? [] : ['dtype=float32']),
    ...(notFinite === 'stop' ? ['notFinite=skip'] : []),
  ]
}

function* eachArray(
  tensors: Iterable<readonly [string, { readonly data: Float32Array }]>,
): Generator<[string, Float32Array]> {
  for (const [name, { data }] of tensors) yield [name, data]
}

function* eachWeight(weights: Weights, prefix: string): Generator<[string, Float32Array]> {
  for (const [name, tensor] of Object.entries(weights)) yield [prefix + name, hostTensor(tensor).data]
}
