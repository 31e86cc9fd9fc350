import * as tf from '@tensorflow/tfjs-core'
import type { FunctionRecord } from '../config/functions.js'
import type { Outputs } from './heads.js'
import { oneHot } from './one-hot.js'
import { withGradient } from './ops.js'
import { ownTokenLoss } from './own-loss.js'

/** Which function turns logits into probabilities in the cross-entropy, or the record of the user's own `Loss`. */
export type LossKind = 'stablemax' | 'softmax' | FunctionRecord

/** The parts of a supervision step's loss, each summed over rows and not yet divided by the batch size. */
export interface StepLoss {
  /** lm + ½ (q_halt + q_continue), as far as they are learnt; scalar. */
  readonly total: tf.Scalar
  readonly lm: tf.Scalar
  readonly qHalt: tf.Scalar
  /** null without the continue loss. */
  readonly qContinue: tf.Scalar | null
}

/** What is learnt beside the tokens. */
export interface HaltingLoss {
  /** false: q_halt is measured, but not learnt. Default true. */
  readonly learnHalt?: boolean
  /** `[B]`, what q_continue should be; null (default): it is not learnt. */
  readonly continueTarget?: tf.Tensor1D | null
}

/**
 * The loss of one supervision step, summed over rows: token cross-entropy averaged inside each row over its counted
 * labels, plus half the halting losses, q_halt against [row fully correct] and q_continue against its target. Paper,
 * figure 3; HRM.
 *
 * @param labels `[B, seqLen]` int32, -100 where nothing is to be predicted
 */
export function supervisionLoss(
  outputs: Outputs,
  labels: tf.Tensor2D,
  kind: LossKind,
  { learnHalt = true, continueTarget = null }: HaltingLoss = {},
): StepLoss {
  const counts = tf.maximum(tf.sum(countedLabels(labels), -1, true), 1)
  const lm = tf.sum(tf.div(tokenLoss(outputs.logits, labels, kind), counts)) as tf.Scalar
  const qHalt = tf.sum(binaryCrossEntropy(outputs.qHalt, rowsCorrect(outputs.logits, labels))) as tf.Scalar
  const qContinue = continueTarget && (tf.sum(binaryCrossEntropy(outputs.qContinue, continueTarget)) as tf.Scalar)
  const halting = qContinue ? tf.add(qHalt, qContinue) : qHalt
  return { total: learnHalt ? tf.add(lm, tf.mul(halting, 0.5)) : lm, lm, qHalt, qContinue }
}

/** The loss of every token, `[B, seqLen]`, 0 where its label is -100. */
function tokenLoss(logits: tf.Tensor3D, labels: tf.Tensor2D, kind: LossKind): tf.Tensor {
  return typeof kind === 'string' ? tokenCrossEntropy(logits, labels, kind) : ownTokenLoss(logits, labels, kind)
}

/**
 * Cross-entropy of every token, 0 where its label is -100.
 *
 * @param logits `[B, L, V]`
 * @param labels `[B, L]` int32
 * @returns `[B, L]`
 */
export function tokenCrossEntropy(
  logits: tf.Tensor,
  labels: tf.Tensor2D,
  kind: Exclude<LossKind, FunctionRecord>,
): tf.Tensor {
  const target = oneHot(tf.cast(tf.maximum(labels, tf.scalar(0, 'int32')), 'int32'), logits.shape.at(-1)!)
  const log = kind === 'stablemax' ? logStablemax(logits) : tf.logSoftmax(logits)
  return tf.mul(tf.neg(tf.sum(tf.mul(log, target), -1)), countedLabels(labels))
}

/** 1 where a label counts. */
function countedLabels(labels: tf.Tensor2D): tf.Tensor {
  return tf.cast(tf.notEqual(labels, tf.scalar(-100, 'int32')), 'float32')
}

/**
 * log of stablemax: s(v) = v + 1 for v ≥ 0, else 1 / (1 - v); p = s / Σ s over the last axis.
 * Since log s(v) = sign(v)·log(1 + |v|), this is a softmax of those, with slope 1 / (1 + |v|) on both sides of 0.
 * "Grokking at the Edge of Numerical Stability", arXiv 2501.04697.
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

/** `[B]`: 1 where every counted label of a row is predicted, also in a row without labels. No gradient. */
function rowsCorrect(logits: tf.Tensor3D, labels: tf.Tensor2D): tf.Tensor1D {
  const right = tf.equal(tf.cast(tf.argMax(logits, -1), 'int32'), labels)
  const ignored = tf.equal(labels, tf.scalar(-100, 'int32'))
  return tf.cast(tf.all(tf.logicalOr(right, ignored), -1), 'float32') as tf.Tensor1D
}

/** BCE with logits: max(q, 0) - q·t + log(1 + e^-|q|), with the exact slope sigmoid(q) - t also at q = 0. */
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
