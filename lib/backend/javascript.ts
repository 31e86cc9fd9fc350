import { createRequire } from 'node:module'
import * as tf from '@tensorflow/tfjs-core'
import { Unavailable } from './types.js'

const require = createRequire(import.meta.url)

/**
 * Loads the wasm or the plain JavaScript backend, including gradients.
 *
 * @throws Unavailable when it does not start
 */
export async function loadJavaScript(name: 'wasm' | 'cpu'): Promise<void> {
  try {
    // The union package registers the gradients, which tfjs-node does by itself.
    require('@tensorflow/tfjs')
    require(name === 'wasm' ? '@tensorflow/tfjs-backend-wasm' : '@tensorflow/tfjs-backend-cpu')
    if (!(await tf.setBackend(name))) throw new Error('tfjs rejects it')
    await tf.ready()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Unavailable(`it does not start (${reason})`, 'Run npm run setup.', { cause: error })
  }
  // Suppresses the banner of the first tensor, whose advice doctor already gives.
  if (name === 'cpu') Object.assign(tf.backend(), { firstUse: false })
}
