import * as tf from '@tensorflow/tfjs-core'
import type { Random } from '../random.js'
import type { Outputs } from './heads.js'
import type { ModelShape } from './shape.js'

/** The halting head's numbers of every row, `[B]`. */
export interface HaltLogits {
  readonly qHalt: ArrayLike<number>
  readonly qContinue: ArrayLike<number>
}

/**
 * Which rows have finished their puzzle: those at K steps, and in training those that choose to, unless exploration
 * (with probability `explore`) makes them go on for a drawn number of steps.
 *
 * @param steps `[B]` supervision steps made, this one included
 * @returns `[B]`, 1 where halted
 */
export function haltedRows(
  shape: ModelShape,
  steps: Int32Array,
  { qHalt, qContinue }: HaltLogits,
  explore: number,
  random: Random,
): Uint8Array {
  const { halting, K } = shape
  const halted = new Uint8Array(steps.length)
  for (let row = 0; row < steps.length; row++) {
    const done = steps[row]!
    let halt = done >= K
    if (K > 1 && halting !== 'none') {
      halt ||= choosesToHalt(shape, qHalt[row]!, qContinue[row]!)
      const least = random.float() < explore ? 2 + random.int(K - 1) : 0
      halt &&= done >= least
    }
    halted[row] = halt ? 1 : 0
  }
  return halted
}

/** Whether a row's halting head says that its answer is found: q_halt > 0, or > q_continue; never where it learns nothing. */
export function choosesToHalt({ halting }: ModelShape, qHalt: number, qContinue: number): boolean {
  return halting !== 'none' && qHalt > (halting === 'halt' ? 0 : qContinue)
}

/** Whether a training step looks one step ahead for the continue loss: with K = 1 there is nothing to continue. */
export function looksAhead({ halting, K }: ModelShape): boolean {
  return halting === 'continue' && K > 1
}

/**
 * The target of q_continue: sigmoid(q'_halt) where this was the last step, else
 * sigmoid(max(q'_halt, q'_continue)). HRM, section "Adaptive computational time" (Q-learning).
 *
 * @param next outputs of the forward pass from the new carry
 * @param last `[B]`, 1 where K steps are made
 */
export function continueTarget(next: Outputs, last: ArrayLike<number>): tf.Tensor1D {
  const isLast = tf.tensor1d(Uint8Array.from(last), 'bool')
  return tf.sigmoid(tf.where(isLast, next.qHalt, tf.maximum(next.qHalt, next.qContinue)) as tf.Tensor1D)
}
