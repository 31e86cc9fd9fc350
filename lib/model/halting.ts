import * as tf from '@tensorflow/tfjs-core'
import type { Random } from '../random.js'
import type { Outputs } from './heads.js'
import type { ModelShape } from './shape.js'

/** The logits of the halting head for every row, `[B]`. */
export interface HaltLogits {
  readonly qHalt: ArrayLike<number>
  readonly qContinue: ArrayLike<number>
}

/**
 * Returns the rows that halt: those at K steps, and in training those whose halting head chooses to, unless exploration
 * (with probability `explore`) requires a random minimum of steps.
 *
 * @param steps `[B]` supervision steps taken, including this one
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

/**
 * Returns whether the halting head chooses to halt: q_halt > 0, or q_halt > q_continue; never if the head is not trained.
 */
export function choosesToHalt({ halting }: ModelShape, qHalt: number, qContinue: number): boolean {
  return halting !== 'none' && qHalt > (halting === 'halt' ? 0 : qContinue)
}

/**
 * Returns whether a training step runs a second forward pass for the continue loss; with K = 1 there is nothing to
 * continue.
 */
export function looksAhead({ halting, K }: ModelShape): boolean {
  return halting === 'continue' && K > 1
}

/**
 * Returns the target of q_continue, `[B]`: sigmoid(q'_halt) if this was the last step, else sigmoid(max(q'_halt,
 * q'_continue)). HRM, section "Adaptive computational time" (Q-learning).
 *
 * @param next outputs of the forward pass from the new carry
 * @param last `[B]`, 1 if the next step is the row's K-th
 */
export function continueTarget(next: Outputs, last: ArrayLike<number>): tf.Tensor1D {
  const isLast = tf.tensor1d(Uint8Array.from(last), 'bool')
  return tf.sigmoid(tf.where(isLast, next.qHalt, tf.maximum(next.qHalt, next.qContinue)) as tf.Tensor1D)
}
