import { createRequire } from 'node:module'
import * as tf from '@tensorflow/tfjs-core'
import { Unavailable } from './types.js'

const require = createRequire(import.meta.url)

/**
 * Loads the wasm or the plain JavaScript backend, gradients included.
 *
 * @throws Unavailable when it does not start
 */
export async function loadJavaScript(name: 'wasm' | 'cpu'): Promise<void> {
  try {
    // The union package is what registers the gradients, as tfjs-node does for itself.
    require('@tensorflow/tfjs')
    require(name === 'wasm' ? '@tensorflow/tfjs-backend-wasm' : '@tensorflow/tfjs-backend-cpu')
    if (!(await tf.setBackend(name))) throw new Error('tfjs refuses it')
    await tf.ready()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Unavailable(`it does not start (${reason})`, 'Run npm run setup.', { cause: error })
  }
  // Its first tensor would print a banner that advises what doctor already says.
  if (name === 'cpu') Object.assign(tf.backend(), { firstUse: false })
}
