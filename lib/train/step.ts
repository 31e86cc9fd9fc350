import * as tf from '@tensorflow/tfjs-core'
import { freedIfItFails } from '../backend/tensor-memory.js'
import type { Batch } from '../data/dataset.js'
import { addMetrics, type MetricSums, noMetrics } from '../model/accuracy.js'
import { type Carry, disposeCarry, emptyCarry, takeRows } from '../model/carry.js'
import { haltedRows } from '../model/halting.js'
import type { Outputs } from '../model/heads.js'
import type { LossKind } from '../model/loss.js'
import { type Model, replaceWeights } from '../model/model.js'
import { trainedNames, type Weights } from '../model/weights.js'
import { Random } from '../random.js'
import { checkStep, NotFinite, type StepNorms, stepNorms } from './finite.js'
import { checkUpdate, type UpdateRates } from './finite-update.js'
import { forwardBackward } from './micro-batch.js'
import {
  disposeWeights,
  initialOptimizer,
  mapWeights,
  type OptimizerOptions,
  type OptimizerState,
  optimizerStep,
  pickWeights,
} from './optimizer.js'
import { learningRate, type Schedule } from './schedule.js'
import { signSgdStep } from './sign-sgd.js'

/** Settings of a supervision step's update. */
export interface StepOptions {
  readonly loss: LossKind
  readonly optimizer: OptimizerOptions
  readonly schedule: Schedule
  readonly puzzleSchedule: Schedule
  readonly puzzleWeightDecay: number
  /** EMA rate μ; 0: none. */
  readonly ema: number
  /** Probability that a row must continue for a random number of steps. */
  readonly haltExploration: number
  /** Rows computed at a time; default: the whole batch. */
  readonly microBatch?: number
  /** Skipped updates in a row after which a step that is not finite fails; default 0: the first one fails. */
  readonly skipLimit?: number
}

/** The full state of a training run; a checkpoint holds all of it. */
export interface TrainingState {
  model: Model
  /** Moments of the trained weights. */
  optimizer: OptimizerState
  /** All weights, the trained ones averaged; null without EMA or without trained weights. */
  ema: Weights | null
  carry: Carry
  /** Supervision steps taken, with skipped ones. */
  step: number
  /** Steps without an update, because of NaN or infinity: all of them, and those directly before the next step. */
  skipped: { readonly total: number; readonly inARow: number }
  /** Generator of the halting exploration. */
  readonly exploration: Random
}

/**
 * Numbers of one step: metric sums over the rows that halted, losses summed over all rows. A skipped step has no row that halted,
 * and its losses may be NaN or infinite.
 */
export interface StepReport extends MetricSums {
  readonly loss: number
  readonly lmLoss: number
  readonly qHaltLoss: number
  /** null without a continue loss. */
  readonly qContinueLoss: number | null
  /** Learning rate used in the step. */
  readonly lr: number
  readonly puzzleLr: number
  /** Rows B. */
  readonly rows: number
  readonly norms: StepNorms
  /** The losses or tensors that were NaN or infinite, if the update was skipped; else null. */
  readonly skipped: string | null
}

/** Intermediate results of a step, for comparison with reference numbers; valid during the call only. */
export interface StepInternals {
  readonly outputs: Outputs
  readonly predictions: Int32Array
  /** Target of q_continue, `[B]`; null without a continue loss. */
  readonly continueTarget: Float32Array | null
  /** Gradients of the trained weights. */
  readonly gradients: Weights
  /** `[B, puzzleDim]`; null without a puzzle embedding. */
  readonly puzzleGradients: Float32Array | null
  readonly carry: Carry
}

/** Returns the state before the first step. */
export function initialState(model: Model, batch: number, ema: number, seed: number): TrainingState {
  const trained = trainedNames(model.shape)
  return {
    model,
    optimizer: initialOptimizer(pickWeights(model.weights, trained)),
    ema: ema > 0 && trained.length > 0 ? mapWeights(model.weights, (weight) => tf.clone(weight)) : null,
    carry: emptyCarry(model, batch),
    step: 0,
    skipped: { total: 0, inARow: 0 },
    exploration: Random.of(seed, 'halt'),
  }
}

/**
 * Makes one supervision step with its update: halted rows take new puzzles, then come the model's recursion (its last part
 * with gradient), the loss, the gradient of (loss / B), the optimisers and the EMA. Paper, figure 3.
 *
 * Changes `state`; if a pass fails, `state` is unchanged and all memory is freed. `inspect` receives the internals before
 * they are freed. With a `skipLimit`, a step that computes NaN or infinity is skipped; see {@link skipStep}.
 *
 * @throws NotFinite if a loss, a gradient, a latent or the update is NaN or infinite and the step is not skipped, and if the state
 * is so already.
 */
export function trainStep(
  state: TrainingState,
  offered: Batch,
  options: StepOptions,
  inspect?: (internals: StepInternals) => void,
): StepReport {
  try {
    return updatingStep(state, offered, options, inspect)
  } catch (error) {
    const maySkip = error instanceof NotFinite && !error.inState && state.skipped.inARow < (options.skipLimit ?? 0)
    if (!maySkip) throw error
    return skipStep(state, offered, options, error)
  }
}

/**
 * Counts a step without an update. Weights, moments and their number of updates, EMA, puzzle embedding and the generator of the
 * exploration stay as they are. The step counts, so the learning rate moves on; its puzzles are dropped: every row takes a new one
 * in the next step, since latents of this one may be NaN.
 */
function skipStep(
  state: TrainingState,
  { size }: Batch,
  options: StepOptions,
  { message, losses }: NotFinite,
): StepReport {
  disposeCarry(state.carry)
  state.carry = emptyCarry(state.model, size)
  state.step++
  const { total, inARow } = state.skipped
  state.skipped = { total: total + 1, inARow: inARow + 1 }
  const norms = { gradient: null, weights: null }
  return { ...noMetrics(), ...losses, ...learningRates(options, state.step), rows: size, norms, skipped: message }
}

function learningRates({ schedule, puzzleSchedule }: StepOptions, step: number): { lr: number; puzzleLr: number } {
  return { lr: learningRate(schedule, step), puzzleLr: learningRate(puzzleSchedule, step) }
}

function updatingStep(
  state: TrainingState,
  offered: Batch,
  options: StepOptions,
  inspect?: (internals: StepInternals) => void,
): StepReport {
  const { model } = state
  const { lr, puzzleLr } = learningRates(options, state.step + 1)
  const { taken, pass, squares } = freedIfItFails(() => {
    const taken = takeRows(state.carry, offered, model)
    const pass = forwardBackward(model, taken, options.loss, options.microBatch ?? offered.size)
    const squares = checkStep(state, taken, pass)
    const rates: UpdateRates = { ...options, lr, puzzleLr }
    checkUpdate(state, pass, squares, taken.batch.puzzleIds, rates)
    return { taken, pass, squares }
  })
  disposeCarry(taken)
  disposeCarry(state.carry)

  const qHalt = pass.outputs.qHalt.dataSync() as Float32Array
  const qContinue = pass.outputs.qContinue.dataSync() as Float32Array
  const steps = taken.supervisionSteps.map((done) => done + 1)
  const halted = haltedRows(model.shape, steps, { qHalt, qContinue }, options.haltExploration, state.exploration)
  state.carry = { state: pass.state, supervisionSteps: steps, halted, batch: taken.batch }
  const sums = noMetrics()
  addMetrics(
    sums,
    model.shape,
    { predictions: pass.predictions, qHalt, qContinue, supervisionSteps: steps },
    halted,
    taken.batch,
  )
  inspect?.({ ...pass, carry: state.carry })

  state.step++
  state.skipped = { ...state.skipped, inARow: 0 }
  update(state, pass.gradients, lr, options)
  if (pass.puzzleGradients)
    signSgdStep(model.puzzleTable, model.shape.puzzleDim, taken.batch.puzzleIds, pass.puzzleGradients, {
      lr: puzzleLr,
      weightDecay: options.puzzleWeightDecay,
    })
  tf.dispose([pass.outputs.logits, pass.outputs.qHalt, pass.outputs.qContinue])
  disposeWeights(pass.gradients)
  return { ...sums, ...pass.losses, lr, puzzleLr, rows: offered.size, norms: stepNorms(squares), skipped: null }
}

/**
 * Updates every trained weight and the EMA, one weight at a time, so that only one needs memory for its new tensors.
 */
function update(state: TrainingState, gradients: Weights, lr: number, options: StepOptions): void {
  const { m, v, t } = state.optimizer
  for (const name of Object.keys(gradients)) {
    const one = (all: Weights): Weights => pickWeights(all, [name])
    const [weight, gradient, before] = [one(state.model.weights), one(gradients), { m: one(m), v: one(v), t }]
    const ema = state.ema && one(state.ema)
    const after = optimizerStep(weight, gradient, before, lr, options.optimizer, ema, options.ema)
    const { optimizer } = state
    state.optimizer = { m: { ...optimizer.m, ...after.state.m }, v: { ...optimizer.v, ...after.state.v }, t }
    replaceWeights(state.model, after.weights)
    if (state.ema && after.ema) state.ema = { ...state.ema, ...after.ema }
    for (const old of [before.m, before.v, ema]) if (old) disposeWeights(old)
  }
  state.optimizer = { ...state.optimizer, t: t + 1 }
}

/** Frees everything a training state holds on the backend. */
export function disposeState(state: TrainingState): void {
  disposeCarry(state.carry)
  disposeWeights(state.optimizer.m)
  disposeWeights(state.optimizer.v)
  if (state.ema) disposeWeights(state.ema)
}
