import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { type Carry, disposeCarry, emptyCarry, takeRows } from '../model/carry.js'
import { type LossKind, supervisionLoss } from '../model/loss.js'
import { addMetrics, type MetricSums, noMetrics } from '../model/outcome.js'
import { tidy } from '../model/tidy.js'
import {
  embed,
  heads,
  latentRecursion,
  modelRope,
  network,
  type Outputs,
  puzzleRows,
  recurseWithoutGradient,
} from '../model/trm.js'
import { type Model, replaceWeights, type Weights } from '../model/weights.js'
import { Random } from '../random.js'
import {
  disposeWeights,
  emaStep,
  initialOptimizer,
  type OptimizerOptions,
  type OptimizerState,
  optimizerStep,
} from './optimizer.js'
import { learningRate, type Schedule } from './schedule.js'
import { signSgdStep } from './sign-sgd.js'

/** Everything a supervision step's update depends on, apart from the state. */
export interface StepOptions {
  readonly loss: LossKind
  readonly optimizer: OptimizerOptions
  readonly schedule: Schedule
  readonly puzzleSchedule: Schedule
  readonly puzzleWeightDecay: number
  /** EMA rate μ; 0: none. */
  readonly ema: number
  /** Probability that a row must go on for a drawn number of steps. */
  readonly haltExploration: number
}

/** The whole state of a training run; a checkpoint holds all of it. */
export interface TrainingState {
  readonly model: Model
  optimizer: OptimizerState
  /** Averaged weights; null without EMA. */
  ema: Weights | null
  carry: Carry
  /** Supervision steps made. */
  step: number
  /** Draws the exploration of halting. */
  readonly exploration: Random
}

/** Numbers of one step: metric sums over the rows that halted, losses summed over all rows. */
export interface StepReport extends MetricSums {
  readonly loss: number
  readonly lmLoss: number
  readonly qHaltLoss: number
  /** Learning rates that were used. */
  readonly lr: number
  readonly puzzleLr: number
  /** Rows B. */
  readonly rows: number
}

/** What a step computed on its way, for those who compare it with reference numbers; valid during the call only. */
export interface StepInternals {
  readonly outputs: Outputs
  readonly predictions: Int32Array
  readonly gradients: Weights
  /** `[B, puzzleDim]`; null without a puzzle embedding. */
  readonly puzzleGradients: Float32Array | null
  readonly carry: Carry
}

/** The state before the first step. */
export function initialState(model: Model, batch: number, ema: number, seed: number): TrainingState {
  return {
    model,
    optimizer: initialOptimizer(model.weights),
    ema: ema > 0 ? Object.fromEntries(Object.entries(model.weights).map(([name, w]) => [name, tf.clone(w)])) : null,
    carry: emptyCarry(model, batch),
    step: 0,
    exploration: Random.of(seed, 'halt'),
  }
}

/**
 * One supervision step with its update: rows that have halted take new puzzles, T - 1 latent recursions run without
 * gradient and one with, then the loss, the gradient of (loss / B), the optimisers and the EMA. Paper, figure 3.
 *
 * Changes `state`. `inspect` sees the internals before they are freed.
 */
export function trainStep(
  state: TrainingState,
  offered: Batch,
  options: StepOptions,
  inspect?: (internals: StepInternals) => void,
): StepReport {
  const { model } = state
  const taken = takeRows(state.carry, offered, model)
  const pass = forwardBackward(model, taken, options.loss)
  disposeCarry(taken)
  disposeCarry(state.carry)

  const qHalt = pass.outputs.qHalt.dataSync() as Float32Array
  const steps = taken.steps.map((done) => done + 1)
  const halted = haltedRows(steps, qHalt, model.shape.K, options.haltExploration, state.exploration)
  state.carry = { y: pass.y, z: pass.z, steps, halted, batch: taken.batch }
  const sums = noMetrics()
  addMetrics(sums, pass.predictions, qHalt, halted, steps, taken.batch)
  inspect?.({ ...pass, carry: state.carry })

  state.step++
  const lr = learningRate(options.schedule, state.step)
  const puzzleLr = learningRate(options.puzzleSchedule, state.step)
  update(state, pass.gradients, lr, options)
  if (pass.puzzleGradients)
    signSgdStep(model.puzzleTable, model.shape.puzzleDim, taken.batch.puzzleIds, pass.puzzleGradients, {
      lr: puzzleLr,
      weightDecay: options.puzzleWeightDecay,
    })
  tf.dispose([pass.outputs.logits, pass.outputs.qHalt, pass.outputs.qContinue])
  disposeWeights(pass.gradients)
  const [loss, lmLoss, qHaltLoss] = pass.losses
  return { ...sums, loss, lmLoss, qHaltLoss, lr, puzzleLr, rows: offered.size }
}

/** Which rows have finished their puzzle; in training a row may halt early, unless exploration makes it go on. */
function haltedRows(steps: Int32Array, qHalt: Float32Array, K: number, explore: number, random: Random): Uint8Array {
  const halted = new Uint8Array(steps.length)
  for (let row = 0; row < steps.length; row++) {
    const done = steps[row]!
    let halt = done >= K
    if (K > 1) {
      halt ||= qHalt[row]! > 0
      const least = random.float() < explore ? 2 + random.int(K - 1) : 0
      halt &&= done >= least
    }
    halted[row] = halt ? 1 : 0
  }
  return halted
}

/** The forward pass and the gradient of (loss / B) with respect to every weight and the batch's puzzle rows. */
function forwardBackward(model: Model, carry: Carry, lossKind: LossKind) {
  const { shape, weights } = model
  const { size, seqLen } = carry.batch
  const names = Object.keys(weights)
  const kept: { y?: tf.Tensor3D; z?: tf.Tensor3D; outputs?: Outputs; predictions?: tf.Tensor; losses?: tf.Tensor } = {}
  const { gradients, puzzleGradient } = tidy(() => {
    const inputs = tf.tensor2d(carry.batch.inputs, [size, seqLen], 'int32')
    const labels = tf.tensor2d(carry.batch.labels, [size, seqLen], 'int32')
    const rows = puzzleRows(model, carry.batch.puzzleIds)
    const net = network(weights, shape, modelRope(shape))
    const start = recurseWithoutGradient(net, embed(weights, shape, inputs, rows), carry, shape.n, shape.T - 1)
    const { grads } = tf.valueAndGrads((..._variables: tf.Tensor[]) => {
      const x = embed(weights, shape, inputs, rows)
      const { y, z } = latentRecursion(net, x, start, shape.n)
      const outputs = heads(weights, shape, y)
      const loss = supervisionLoss(outputs, labels, lossKind)
      kept.y = tf.keep(y)
      kept.z = tf.keep(z)
      kept.outputs = {
        logits: tf.keep(outputs.logits),
        qHalt: tf.keep(outputs.qHalt),
        qContinue: tf.keep(outputs.qContinue),
      }
      kept.predictions = tf.keep(tf.argMax(outputs.logits, -1))
      kept.losses = tf.keep(tf.stack([loss.total, loss.lm, loss.qHalt]))
      return tf.div(loss.total, size) as tf.Scalar
    })([...Object.values(weights), ...(rows ? [rows] : [])])
    return {
      gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]!])) as Weights,
      puzzleGradient: rows ? grads[names.length]! : null,
    }
  })
  const { y, z, outputs, predictions, losses } = kept as Required<typeof kept>
  const result = {
    y,
    z,
    outputs,
    gradients,
    predictions: Int32Array.from(predictions.dataSync()),
    losses: [...losses.dataSync()] as [number, number, number],
    puzzleGradients: puzzleGradient ? Float32Array.from(puzzleGradient.dataSync()) : null,
  }
  tf.dispose([predictions, losses, ...(puzzleGradient ? [puzzleGradient] : [])])
  return result
}

/** The optimiser's update of all weights but the puzzle embedding, then the EMA. */
function update(state: TrainingState, gradients: Weights, lr: number, options: StepOptions): void {
  const before = state.optimizer
  const after = optimizerStep(state.model.weights, gradients, before, lr, options.optimizer)
  disposeWeights(before.m)
  disposeWeights(before.v)
  state.optimizer = after.state
  replaceWeights(state.model, after.weights)
  if (state.ema) {
    const ema = emaStep(state.ema, state.model.weights, options.ema)
    disposeWeights(state.ema)
    state.ema = ema
  }
}

/** Frees everything a training state holds on the backend. */
export function disposeState(state: TrainingState): void {
  disposeCarry(state.carry)
  disposeWeights(state.optimizer.m)
  disposeWeights(state.optimizer.v)
  if (state.ema) disposeWeights(state.ema)
}
