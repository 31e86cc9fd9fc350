import * as tf from '@tensorflow/tfjs-core'
import { type NativeBackend, nativeBackend } from './native.js'

/**
 * Returns the product of two matrices, by an operation that is fast on every backend: the plain `MatMul` of TensorFlow
 * (up to twice as fast as the batched one behind `tf.matMul`), or transposed copies on wasm (whose transpose flags are
 * ten times slower). Not recorded for gradients: wrap it with `tf.customGrad`.
 *
 * @param a `[M, K]`, or `[K, M]` with `transposeA`; float32
 * @param b `[K, N]`, or `[N, K]` with `transposeB`; float32
 * @returns `[M, N]`
 * @throws Error when the shapes are incompatible
 */
export function matmul2d(a: tf.Tensor2D, b: tf.Tensor2D, transposeA = false, transposeB = false): tf.Tensor2D {
  const inner = a.shape[transposeA ? 0 : 1]
  const other = b.shape[transposeB ? 1 : 0]
  if (inner !== other) throw new Error(`matmul2d: inner dimensions differ: ${inner} and ${other}`)
  const native = nativeBackend()
  if (native) return nativeMatmul(native, a, b, transposeA, transposeB)
  if (tf.getBackend() !== 'wasm') return tf.matMul(a, b, transposeA, transposeB)
  return tf.tidy(() => tf.matMul(transposeA ? tf.transpose(a) : a, transposeB ? tf.transpose(b) : b))
}

function nativeMatmul(
  native: NativeBackend,
  a: tf.Tensor2D,
  b: tf.Tensor2D,
  transposeA: boolean,
  transposeB: boolean,
): tf.Tensor2D {
  const { TF_ATTR_BOOL, TF_ATTR_TYPE, TF_FLOAT } = native.binding
  const attributes = [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'transpose_a', type: TF_ATTR_BOOL, value: transposeA },
    { name: 'transpose_b', type: TF_ATTR_BOOL, value: transposeB },
  ]
  return native.executeSingleOutput('MatMul', attributes, [a, b]) as tf.Tensor2D
}
