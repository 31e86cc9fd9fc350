import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { tidy } from './tidy.js'
import type { State } from './trm.js'
import type { Model } from './weights.js'

/** What passes from one supervision step to the next: the state, and the puzzle each row is working on. */
export interface Carry extends State {
  /** `[B]` supervision steps made on the row's puzzle. */
  readonly steps: Int32Array
  /** `[B]` 1 where the row takes a new puzzle at the next step. */
  readonly halted: Uint8Array
  /** The puzzles being worked on. */
  readonly batch: Batch
}

/** The carry before the first step: every row is halted, so every row takes a puzzle. */
export function emptyCarry(model: Model, size: number): Carry {
  const { shape } = model
  const zeros = (): tf.Tensor3D => tf.zeros([size, shape.seqLen + shape.puzzleTokens, shape.hidden])
  return {
    y: zeros(),
    z: zeros(),
    steps: new Int32Array(size),
    halted: new Uint8Array(size).fill(1),
    batch: {
      size,
      seqLen: shape.seqLen,
      inputs: new Int32Array(size * shape.seqLen),
      labels: new Int32Array(size * shape.seqLen),
      puzzleIds: new Int32Array(size),
      rows: new Int32Array(size).fill(-1),
    },
  }
}

/**
 * Halted rows start again from H_init and L_init with their row of the offered batch; the others keep theirs, and
 * the rows offered to them are discarded. Returns a new carry; the given one's tensors are left for the caller.
 */
export function takeRows(carry: Carry, offered: Batch, model: Model): Carry {
  const { size, seqLen } = offered
  const batch: Batch = {
    size,
    seqLen,
    inputs: carry.batch.inputs.slice(),
    labels: carry.batch.labels.slice(),
    puzzleIds: carry.batch.puzzleIds.slice(),
    rows: carry.batch.rows.slice(),
  }
  const steps = carry.steps.slice()
  for (let row = 0; row < size; row++) {
    if (!carry.halted[row]) continue
    const from = row * seqLen
    batch.inputs.set(offered.inputs.subarray(from, from + seqLen), from)
    batch.labels.set(offered.labels.subarray(from, from + seqLen), from)
    batch.puzzleIds[row] = offered.puzzleIds[row]!
    batch.rows[row] = offered.rows[row]!
    steps[row] = 0
  }
  const { y, z } = tidy(() => {
    const halted = tf.tensor(carry.halted, [size, 1, 1], 'bool')
    const restart = (init: tf.Tensor1D, kept: tf.Tensor3D): tf.Tensor3D =>
      tf.where(halted, tf.reshape(init, [1, 1, -1]), kept)
    return { y: restart(model.init.y, carry.y), z: restart(model.init.z, carry.z) }
  })
  return { y, z, steps, halted: new Uint8Array(size), batch }
}

/** Frees a carry's tensors. */
export function disposeCarry(carry: Carry): void {
  tf.dispose([carry.y, carry.z])
}
