import * as tf from '@tensorflow/tfjs-core'
import { fastPath, kernels } from './kernels.js'
import { startBackend } from './start.js'

/**
 * Checks a gradient of the chosen backend against its known value; set-up runs this in a separate process. With
 * RECURLAB_FAST=1 the fused kernels are required.
 */
async function computeGradient(): Promise<void> {
  const { name, libraryVersion, loadMs } = await startBackend()
  if (process.env.RECURLAB_FAST === '1' && !kernels()) {
    process.stderr.write(`${fastPath().reason}\n`)
    process.exit(1)
  }
  const gradient = tf.grad((x) => tf.sum(tf.matMul(x, x)))(tf.tensor2d([1, 2, 3, 4], [2, 2]))
  const values = Array.from(await gradient.data())
  const expected = [7, 11, 9, 13]
  if (!expected.every((value, i) => Math.abs(value - (values[i] ?? Number.NaN)) < 1e-5)) {
    process.stderr.write(`${name}: the gradient of sum(x·x) is ${values}, not ${expected}\n`)
    process.exitCode = 1
  } else process.stdout.write(`${name} ${libraryVersion} ${loadMs.toFixed(0)} ms\n`)
}

void computeGradient()
