import * as tf from '@tensorflow/tfjs-core'
import { callOwn } from '../config/call-own.js'
import { type FunctionRecord, functionOf } from '../config/functions.js'
import { IGNORE_LABEL } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { Random } from '../random.js'
import type { ModelShape } from './shape.js'
import { GRADIENTS, usedInputs } from './tried.js'

/**
 * Returns a custom loss of every token, 0 where its label is -100.
 *
 * @param logits `[B, seqLen, V]`
 * @param labels `[B, seqLen]` int32
 * @returns `[B, seqLen]`
 * @throws UserError if the loss is not registered in this process, throws, or returns a wrong shape.
 */
export function ownTokenLoss(logits: tf.Tensor3D, labels: tf.Tensor2D, record: FunctionRecord): tf.Tensor {
  const loss = functionOf('loss', record)
  const value: unknown = callOwn(`loss ${record.name}`, 'the function', () => loss(logits, labels))
  const expected = `a tensor [${labels.shape.join(', ')}], a number for every token`
  if (!(value instanceof tf.Tensor)) throw wrong(record, expected, typeof value)
  if (value.shape.join() !== labels.shape.join()) throw wrong(record, expected, `[${value.shape.join(', ')}]`)
  return tf.where(tf.notEqual(labels, tf.scalar(IGNORE_LABEL, 'int32')), value, tf.zerosLike(value))
}

/**
 * Tests a custom loss on two rows of random logits before training starts.
 *
 * @throws UserError if its result has the wrong shape, is not finite, or has no gradient.
 */
export function tryLoss(loss: string | FunctionRecord, { seqLen, vocabSize }: ModelShape): void {
  if (typeof loss === 'string') return
  tf.tidy(() => {
    const random = Random.of(0, 'try', 'loss')
    const drawn = Float32Array.from({ length: 2 * seqLen * vocabSize }, () => 4 * random.float() - 2)
    const logits = tf.tensor3d(drawn, [2, seqLen, vocabSize])
    const tokens = Int32Array.from({ length: 2 * seqLen }, () => random.int(vocabSize))
    // Mimics a row that is shorter than the others.
    tokens[2 * seqLen - 1] = IGNORE_LABEL
    const labels = tf.tensor2d(tokens, [2, seqLen], 'int32')
    const run = ([one]: readonly tf.Tensor[]): tf.Tensor => ownTokenLoss(one as tf.Tensor3D, labels, loss)
    const [used] = usedInputs([logits], run, (found) => wrong(loss, GRADIENTS, found))
    if (!used) throw wrong(loss, 'a loss that depends on the logits', 'a constant loss')
  })
}

function wrong({ name }: FunctionRecord, expected: string, found: string): UserError {
  return new UserError({ where: `loss ${name}`, expected, found, exitCode: 2 })
}
