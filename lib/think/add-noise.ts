import * as tf from '@tensorflow/tfjs-core'
import { kernels } from '../backend/kernels.js'
import { drawInto, type StreamKey } from './noise.js'
import type { Quantiles } from './normal.js'

/**
 * Returns a latent plus `scale` times draws of a distribution, by a fused kernel if they run, and bit for bit the same without
 * it.
 *
 * @param latent `[R, L, D]`
 * @param keys the key of each row; element i of a row receives draw i of its key
 */
export function addNoise(
  latent: tf.Tensor3D,
  keys: readonly StreamKey[],
  quantiles: Quantiles,
  scale: number,
): tf.Tensor3D {
  const fast = kernels()
  return tf.tidy(() => {
    if (!fast) return tf.add(latent, drawn(latent.shape, keys, quantiles, scale))
    const { edges, tail } = quantiles
    const inputs = [
      latent,
      tf.tensor2d(Int32Array.from(keys.flat()), [keys.length, 2], 'int32'),
      tf.tensor1d(edges),
      tf.tensor1d(tail ?? []),
      tf.tensor1d([scale]),
    ]
    return fast.run('RecurlabNoise', {}, inputs, 1)[0] as tf.Tensor3D
  })
}

function drawn(
  [rows, L, D]: [number, number, number],
  keys: readonly StreamKey[],
  quantiles: Quantiles,
  scale: number,
): tf.Tensor3D {
  const out = new Float32Array(rows * L * D)
  for (const [r, key] of keys.entries()) drawInto(out, r * L * D, L * D, key, quantiles, scale)
  return tf.tensor3d(out, [rows, L, D])
}
