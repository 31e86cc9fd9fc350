import * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../errors.js'
import { expectShapes } from './expect-shape.js'
import { headSize, type ModelShape, totalTokens } from './shape.js'
import { tidy } from './tidy.js'

/** Rotary angles of every position: cos and sin, `[L, 1, d]`. */
export interface RotaryTable {
  readonly cos: tf.Tensor
  readonly sin: tf.Tensor
}

/**
 * Returns cos and sin of position × theta^(-2j/d), `[L, 1, d]`, each angle twice: (f, f). RoFormer, arXiv 2104.09864.
 *
 * @param length L, the number of positions 0…L-1, puzzle tokens included
 * @param headSize d, even
 * @param theta the base of the wavelengths; default 10,000
 */
export function rotaryTable(length: number, headSize: number, theta = 10_000): RotaryTable {
  const cos = new Float32Array(length * headSize)
  const sin = new Float32Array(length * headSize)
  const half = headSize / 2
  for (let position = 0; position < length; position++)
    for (let j = 0; j < headSize; j++) {
      const angle = position * theta ** (-(j % half) / half)
      cos[position * headSize + j] = Math.cos(angle)
      sin[position * headSize + j] = Math.sin(angle)
    }
  return { cos: tf.tensor(cos, [length, 1, headSize]), sin: tf.tensor(sin, [length, 1, headSize]) }
}

/** Returns the rotary angles of a model's positions; null if its positions are not rotary. */
export function modelRope(shape: ModelShape): RotaryTable | null {
  return shape.mixer === 'attention' && shape.positions === 'rope'
    ? rotaryTable(totalTokens(shape), headSize(shape))
    : null
}

/**
 * Returns the rotary position embedding of queries or keys, in their shape: x·cos + rotate_half(x)·sin with
 * rotate_half(x) = (-x₂, x₁) on the two halves of a head. RoFormer, arXiv 2104.09864; the paper's section 2.
 *
 * @param x `[B, L, heads, d]`, d even
 * @param table cos and sin of every position, `[L, 1, d]`; default: positions 0…L-1 with θ = 10,000
 * @throws UserError if a tensor has the wrong shape.
 * @example
 * const q = tf.tensor([[[[1, 0]], [[1, 0]]]])
 * rotary(q).arraySync() // [[[[1, 0]], [[0.54030, 0.84147]]]]
 */
export function rotary<T extends tf.Tensor>(x: T, table?: RotaryTable): T {
  expectShapes('rotary', { x: [x, ['B', 'L', 'heads', 'd']] })
  const [, L, , d] = x.shape as [number, number, number, number]
  if (d % 2 === 1)
    throw new UserError({ where: 'rotary, x', expected: 'an even size of a head', found: `[${x.shape.join(', ')}]` })
  if (!table) return tidy(() => rotary(x, rotaryTable(L, d)))
  expectShapes('rotary', { cos: [table.cos, [L, 1, d]], sin: [table.sin, [L, 1, d]] })
  const [first, second] = tf.split(x, 2, -1) as [tf.Tensor, tf.Tensor]
  return tf.add(tf.mul(x, table.cos), tf.mul(tf.concat([tf.neg(second), first], -1), table.sin))
}
