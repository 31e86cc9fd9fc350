import * as tf from '@tensorflow/tfjs-core'
import { kernels } from './kernels.js'
import { startBackend } from './start.js'

/**
 * Set-up runs this in a process of its own: a gradient through the chosen backend, checked against its known value, and
 * one of the fused kernels where they are loaded.
 */
const { name, libraryVersion, loadMs } = await startBackend()
const packed = kernels()?.run('RecurlabPack', { layout: 4 }, [tf.tensor2d([5, 6], [2, 1])], 1)[0]
if (packed && [...(await packed.data())].join() !== '5,6') {
  process.stderr.write(`the kernels return ${packed}, not 5,6\n`)
  process.exit(1)
}
const gradient = tf.grad((x) => tf.sum(tf.matMul(x, x)))(tf.tensor2d([1, 2, 3, 4], [2, 2]))
const values = Array.from(await gradient.data())
const expected = [7, 11, 9, 13]
if (!expected.every((value, i) => Math.abs(value - (values[i] ?? Number.NaN)) < 1e-5)) {
  process.stderr.write(`${name}: the gradient of sum(x·x) is ${values}, not ${expected}\n`)
  process.exitCode = 1
} else process.stdout.write(`${name} ${libraryVersion} ${loadMs.toFixed(0)} ms\n`)
