import * as tf from '@tensorflow/tfjs-core'
import type { FunctionRecord } from '../config/functions.js'
import { expectShapes } from './expect-shape.js'
import type { Outputs } from './heads.js'
import { oneHot } from './one-hot.js'
import { withGradient } from './ops.js'
import { ownTokenLoss } from './own-loss.js'

/** The function that turns logits into probabilities in the cross-entropy, or the record of a custom `Loss`. */
export type LossKind = 'stablemax' | 'softmax' | FunctionRecord

/** The parts of a supervision step's loss, each summed over rows and not yet divided by the batch size. */
export interface LossParts {
  /** lm + ½ (q_halt + q_continue), without the terms that are not trained; scalar. */
  readonly total: tf.Scalar
  readonly lm: tf.Scalar
  readonly qHalt: tf.Scalar
  /** null if there is no continue loss. */
  readonly qContinue: tf.Scalar | null
}

/** Options of the halting losses. */
export interface HaltingLoss {
  /** false: q_halt's loss is reported but not trained. Default true. */
  readonly learnHalt?: boolean
  /** Target of q_continue, `[B]`; default null: q_continue is not trained. */
  readonly continueTarget?: tf.Tensor1D | null
}

/**
 * Returns the loss of one supervision step and its parts, each a scalar summed over rows: token cross-entropy averaged
 * inside each row over its counted labels, plus half the halting losses, q_halt against {@link haltTarget} and
 * q_continue against its target. Paper, figure 3; q_continue as in HRM, arXiv 2506.21734.
 *
 * @param outputs logits `[B, seqLen, V]`, qHalt and qContinue `[B]`
 * @param labels `[B, seqLen]` int32, -100 for tokens without a label
 * @param kind the function that turns logits into probabilities; default `stablemax`
 * @throws UserError if a tensor has the wrong shape.
 * @example
 * const outputs = { logits: tf.zeros([1, 1, 2]), qHalt: tf.tensor1d([0]), qContinue: tf.tensor1d([0]) }
 * supervisionLoss(outputs, tf.tensor2d([[1]], [1, 1], 'int32')).total.arraySync() // 1.03972
 */
export function supervisionLoss(
  outputs: { readonly [part in keyof Outputs]: tf.Tensor },
  labels: tf.Tensor,
  kind: LossKind = 'stablemax',
  { learnHalt = true, continueTarget = null }: HaltingLoss = {},
): LossParts {
  expectShapes('supervisionLoss', {
    logits: [outputs.logits, ['B', 'seqLen', 'V']],
    labels: [labels, ['B', 'seqLen']],
    qHalt: [outputs.qHalt, ['B']],
  })
  const counts = tf.maximum(tf.sum(countedLabels(labels), -1, true), 1)
  const lm = tf.sum(tf.div(tokenLoss(outputs.logits, labels, kind), counts)) as tf.Scalar
  const qHalt = tf.sum(binaryCrossEntropy(outputs.qHalt, haltTarget(outputs.logits, labels))) as tf.Scalar
  const qContinue = continueTarget && (tf.sum(binaryCrossEntropy(outputs.qContinue, continueTarget)) as tf.Scalar)
  const halting = qContinue ? tf.add(qHalt, qContinue) : qHalt
  return { total: learnHalt ? tf.add(lm, tf.mul(halting, 0.5)) : lm, lm, qHalt, qContinue }
}

/** Returns the loss of every token, `[B, seqLen]`, 0 where its label is -100. */
function tokenLoss(logits: tf.Tensor, labels: tf.Tensor, kind: LossKind): tf.Tensor {
  if (typeof kind === 'string') return tokenCrossEntropy(logits, labels, kind)
  return ownTokenLoss(logits as tf.Tensor3D, labels as tf.Tensor2D, kind)
}

/**
 * Returns the cross-entropy of every token under stablemax, `[B, L]`, 0 where its label is -100: -log p(label) with p =
 * s / Σ s, s(v) = v + 1 for v ≥ 0, else 1 / (1 - v). "Grokking at the Edge of Numerical Stability", arXiv 2501.04697;
 * the paper's section 5.
 *
 * @param logits `[B, L, V]`
 * @param labels `[B, L]` int32
 * @throws UserError if a tensor has the wrong shape.
 * @example
 * const logits = tf.tensor([[[2, 0], [2, 0]]])
 * stablemaxCrossEntropy(logits, tf.tensor2d([[0, -100]], [1, 2], 'int32')).arraySync() // [[0.28768, 0]]
 */
export function stablemaxCrossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor2D {
  expectShapes('stablemaxCrossEntropy', { logits: [logits, ['B', 'L', 'V']], labels: [labels, ['B', 'L']] })
  return tokenCrossEntropy(logits, labels, 'stablemax') as tf.Tensor2D
}

/** Returns the cross-entropy of every token under stablemax or softmax, `[B, L]`, 0 where its label is -100. */
export function tokenCrossEntropy(
  logits: tf.Tensor,
  labels: tf.Tensor,
  kind: Exclude<LossKind, FunctionRecord>,
): tf.Tensor {
  const target = oneHot(tf.cast(tf.maximum(labels, tf.scalar(0, 'int32')), 'int32'), logits.shape.at(-1)!)
  const log = kind === 'stablemax' ? logStablemax(logits) : tf.logSoftmax(logits)
  return tf.mul(tf.neg(tf.sum(tf.mul(log, target), -1)), countedLabels(labels))
}

/** Returns 1 for labels that count, else 0. */
function countedLabels(labels: tf.Tensor): tf.Tensor {
  return tf.cast(tf.notEqual(labels, tf.scalar(-100, 'int32')), 'float32')
}

/**
 * Returns log stablemax over the last axis: s(v) = v + 1 for v ≥ 0, else 1 / (1 - v); p = s / Σ s. Since log s(v) =
 * sign(v)·log(1 + |v|), it is the log softmax of these values; their slope is 1 / (1 + |v|) on both sides of 0. "Grokking
 * at the Edge of Numerical Stability", arXiv 2501.04697.
 */
export function logStablemax(logits: tf.Tensor): tf.Tensor {
  const logS = withGradient(
    (save, v) => {
      save([v!])
      return {
        value: tf.mul(tf.sign(v!), tf.log1p(tf.abs(v!))),
        gradFunc: (dy, [v]) => [tf.div(dy, tf.add(tf.abs(v!), 1))],
      }
    },
    [logits],
  )
  return tf.logSoftmax(logS)
}

/**
 * Returns the target of q_halt, `[B]`: 1 if every counted label of a row is predicted (also in a row without labels), else
 * 0. It has no gradient. Paper, figure 3 (`y_hat == y_true`).
 *
 * @param logits `[B, seqLen, V]`
 * @param labels `[B, seqLen]` int32, -100 for tokens without a label
 * @throws UserError if a tensor has the wrong shape.
 * @example
 * const logits = tf.tensor([[[0, 1]], [[1, 0]]])
 * haltTarget(logits, tf.tensor2d([[1], [1]], [2, 1], 'int32')).arraySync() // [1, 0]
 */
export function haltTarget(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor1D {
  expectShapes('haltTarget', { logits: [logits, ['B', 'seqLen', 'V']], labels: [labels, ['B', 'seqLen']] })
  const right = tf.equal(tf.cast(tf.argMax(logits, -1), 'int32'), labels)
  const ignored = tf.equal(labels, tf.scalar(-100, 'int32'))
  return tf.cast(tf.all(tf.logicalOr(right, ignored), -1), 'float32') as tf.Tensor1D
}

/**
 * Returns the binary cross-entropy with logits, max(q, 0) - q·t + log(1 + e^-
 * q
 * ), with the exact slope sigmoid(q) - t also at q = 0.
 */
function binaryCrossEntropy(logits: tf.Tensor, target: tf.Tensor): tf.Tensor {
  return withGradient(
    (save, q) => {
      save([q!, target])
      const value = tf.add(tf.sub(tf.relu(q!), tf.mul(q!, target)), tf.log1p(tf.exp(tf.neg(tf.abs(q!)))))
      return { value, gradFunc: (dy, [q, target]) => [tf.mul(dy, tf.sub(tf.sigmoid(q!), target!))] }
    },
    [logits],
  )
}
