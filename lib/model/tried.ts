import * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../errors.js'

/** Requirements on a custom tensor function that is trained. */
export const GRADIENTS = 'operations that have a gradient, and finite numbers'

/**
 * Takes the gradient of the sum of a function's result with respect to each input.
 *
 * @param refused makes the error from a description of the fault
 * @returns for each input, whether the result depends on it
 */
export function usedInputs(
  inputs: readonly tf.Tensor[],
  run: (inputs: readonly tf.Tensor[]) => tf.Tensor,
  refused: (found: string) => UserError,
): boolean[] {
  const value = run(inputs)
  if (!value.dataSync().every((number) => Number.isFinite(number))) throw refused('NaN or infinity')
  return inputs.map((input, i) => {
    const alone = (one: tf.Tensor): tf.Tensor => tf.sum(run(inputs.map((other, at) => (at === i ? one : other))))
    try {
      const gradient = tf.grad(alone)(input)
      if (!gradient.dataSync().every((number) => Number.isFinite(number)))
        throw refused('a gradient of NaN or infinity')
      return true
    } catch (error) {
      if (error instanceof UserError) throw error
      const message = error instanceof Error ? error.message : String(error)
      if (/Cannot compute gradient of y=f\(x\)/.test(message)) return false
      throw refused(message.replace(/\.$/, ''))
    }
  })
}
