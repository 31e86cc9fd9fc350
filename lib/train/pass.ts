import * as tf from '@tensorflow/tfjs-core'
import type { Carry } from '../model/carry.js'
import { embed, puzzleRows } from '../model/embed.js'
import type { FusedWeights } from '../model/fused-weights.js'
import { continueTarget, looksAhead } from '../model/halting.js'
import { answerOf, heads, type Outputs } from '../model/heads.js'
import { type LossKind, supervisionLoss } from '../model/loss.js'
import type { Model } from '../model/model.js'
import { refine, refineWithoutGradient } from '../model/network.js'
import { constants, keepAll, withoutGradient } from '../model/ops.js'
import { programsOf, type State } from '../model/recursion.js'
import { tidy } from '../model/tidy.js'
import { trainedNames, type Weights } from '../model/weights.js'

/** The result of the forward and backward pass on some rows of a supervision step; the caller frees its tensors. */
export interface Pass {
  /** The latents after the step. */
  readonly state: State
  readonly outputs: Outputs
  readonly predictions: Int32Array
  /** `[B]`; null without a continue loss. */
  readonly continueTarget: Float32Array | null
  /** Gradients of (loss / B) by trained weight, except those that the fused kernels accumulate. */
  readonly gradients: Weights
  /** `[B, puzzleDim]`; null without a puzzle embedding. */
  readonly puzzleGradients: Float32Array | null
  /** Sums over rows; null without a continue loss. */
  readonly losses: { loss: number; lmLoss: number; qHaltLoss: number; qContinueLoss: number | null }
}

/**
 * Computes one supervision step from a carry: the recursion's first updates without gradient, the rest with gradient, the
 * loss, and the gradient of (loss / B) with respect to every trained weight and the batch's puzzle rows.
 *
 * @param fused the weights packed for the fused kernels, which accumulate their gradients; null: plain operations
 * @param total B; more than the carry's rows if these are a micro-batch
 */
export function passOfRows(
  model: Model,
  fused: FusedWeights | null,
  carry: Carry,
  lossKind: LossKind,
  total: number,
): Pass {
  const { shape, weights } = model
  const networked = { weights, shape, fused }
  const { size, seqLen } = carry.batch
  const { all, constant, recorded } = programsOf(shape)
  // The fused kernels accumulate the gradients of the blocks' weights; tfjs takes the others.
  const taped = trainedNames(shape).filter((name) => !fused || !Object.hasOwn(fused.byName, name))
  const kept: { state?: State; outputs?: Outputs; predictions?: tf.Tensor; target?: tf.Tensor; losses?: tf.Tensor } = {}
  let start = carry.state
  const { gradients, puzzleGradient } = tidy(() => {
    const inputs = tf.tensor2d(carry.batch.inputs, [size, seqLen], 'int32')
    const labels = tf.tensor2d(carry.batch.labels, [size, seqLen], 'int32')
    const rows = puzzleRows(model, carry.batch.puzzleIds)
    const { grads } = tf.valueAndGrads((..._variables: tf.Tensor[]) => {
      const x = embed(inputs, weights, shape, rows)
      start = constants(() => refineWithoutGradient(networked, constant, x, carry.state))
      const state = refine(networked, recorded, x, start)
      const outputs = heads(answerOf(shape, state), weights, shape)
      const target = looksAhead(shape)
        ? withoutGradient(() => {
            const next = refineWithoutGradient(networked, all, x, state)
            return continueTarget(heads(answerOf(shape, next), weights, shape), lastSteps(carry, shape.K))
          })
        : null
      const loss = supervisionLoss(outputs, labels, lossKind, {
        learnHalt: shape.halting !== 'none',
        continueTarget: target,
      })
      kept.state = keepAll(state)
      kept.outputs = keepAll(outputs)
      kept.predictions = tf.keep(tf.argMax(outputs.logits, -1))
      if (target) kept.target = tf.keep(target)
      kept.losses = tf.keep(tf.stack([loss.total, loss.lm, loss.qHalt, loss.qContinue ?? tf.scalar(0)]))
      return tf.div(loss.total, total) as tf.Scalar
    })([...taped.map((name) => weights[name]!), ...(rows ? [rows] : [])])
    return {
      gradients: Object.fromEntries(taped.map((name, i) => [name, grads[i]!])) as Weights,
      puzzleGradient: rows ? grads[taped.length]! : null,
    }
  })
  const { state, outputs } = kept as Required<typeof kept>
  for (const latent of Object.values(start))
    if (!isOneOf(latent, carry.state) && !isOneOf(latent, state)) latent.dispose()
  const [loss, lmLoss, qHaltLoss, qContinueLoss] = [...readAndFree(kept.losses!)] as [number, number, number, number]
  return {
    state,
    outputs,
    gradients,
    predictions: readAndFree(kept.predictions!),
    continueTarget: kept.target ? readAndFree<Float32Array>(kept.target) : null,
    losses: { loss, lmLoss, qHaltLoss, qContinueLoss: kept.target ? qContinueLoss : null },
    puzzleGradients: puzzleGradient && readAndFree<Float32Array>(puzzleGradient),
  }
}

/** Returns `[B]`, 1 where the current step is the row's K-th. */
function lastSteps(carry: Carry, K: number): Uint8Array {
  return Uint8Array.from(carry.supervisionSteps, (done) => (done + 1 >= K ? 1 : 0))
}

function isOneOf(latent: tf.Tensor3D, state: State): boolean {
  return Object.values(state).includes(latent)
}

/** Returns a copy of a tensor's numbers in their own type, and frees the tensor. */
function readAndFree<T extends Float32Array | Int32Array>(tensor: tf.Tensor): T {
  const numbers = tensor.dataSync().slice() as T
  tensor.dispose()
  return numbers
}
