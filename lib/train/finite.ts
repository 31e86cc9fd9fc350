import * as tf from '@tensorflow/tfjs-core'
import type { Weights } from '../model/weights.js'
import type { Pass } from './pass.js'

/** The error of a training step that computed NaN or infinity and changed nothing. */
export class NotFinite extends Error {
  override readonly name = 'NotFinite'
}

/**
 * Checks the losses and the gradient of every weight.
 *
 * @throws NotFinite naming each loss, or the first weight's gradient, that is NaN or infinite.
 */
export function checkPass({ losses, gradients, puzzleGradients }: Pass): void {
  const { lmLoss, qHaltLoss, qContinueLoss } = losses
  const bad = Object.entries({ lmLoss, haltLoss: qHaltLoss, continueLoss: qContinueLoss ?? 0 }).filter(
    ([, value]) => !Number.isFinite(value),
  )
  if (bad.length > 0) throw new NotFinite(bad.map(([name, value]) => `${name} ${value}`).join(' and '))
  const weight = gradientNotFinite(gradients)
  if (weight !== undefined) throw new NotFinite(`a gradient of ${weight} that is not finite`)
  if (puzzleGradients && !isFiniteArray(puzzleGradients))
    throw new NotFinite('a gradient of the puzzle embedding that is not finite')
}

/** Returns one sum per weight, all read at once: a sum preserves NaN and infinity. */
function gradientNotFinite(gradients: Weights): string | undefined {
  const names = Object.keys(gradients)
  if (names.length === 0) return undefined
  const sums = tf.tidy(() => tf.stack(names.map((name) => tf.sum(gradients[name]!))).dataSync())
  const at = sums.findIndex((sum: number) => !Number.isFinite(sum))
  return names[at]
}

/** Returns the name of the first array that holds NaN or infinity; null if all are finite. */
export function firstNotFinite(arrays: Iterable<readonly [string, Float32Array]>): string | null {
  for (const [name, data] of arrays) if (!isFiniteArray(data)) return name
  return null
}

/** Returns whether all numbers are finite: the sum of 0 × x is then 0, however large they are. */
function isFiniteArray(data: Float32Array): boolean {
  let sum = 0
  for (let i = 0; i < data.length; i++) sum += 0 * data[i]!
  return sum === 0
}
