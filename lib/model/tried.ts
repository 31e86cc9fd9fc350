import * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../errors.js'

/** The demand on a function of tensors that is trained, in words. */
export const GRADIENTS = 'operations that have a gradient, and finite numbers'

/**
 * Takes the gradient of the sum of what a function returns for each of its inputs.
 *
 * @param refused makes the error that says what was found
 * @returns for each input, whether the result depends on it
 */
export function usedInputs(
  inputs: readonly tf.Tensor[],
  run: (inputs: readonly tf.Tensor[]) => tf.Tensor,
  refused: (found: string) => UserError,
): boolean[] {
  // A function that fails is its author's to mend: the error is shown as it is, with its place.
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
