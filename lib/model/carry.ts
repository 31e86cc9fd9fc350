import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import type { Model } from './model.js'
import type { State } from './recursion.js'
import { latentNames, totalTokens } from './shape.js'
import { tidy } from './tidy.js'

/** The carry from one supervision step to the next: the state, and the puzzle each row is working on. */
export interface Carry {
  readonly state: State
  /** `[B]` supervision steps made on the row's puzzle. */
  readonly supervisionSteps: Int32Array
  /** `[B]` 1 where the row takes a new puzzle at the next step. */
  readonly halted: Uint8Array
  /** The puzzles being worked on. */
  readonly batch: Batch
}

/** The carry before the first step: every row is halted, so every row takes a puzzle. */
export function emptyCarry(model: Model, size: number): Carry {
  const { shape } = model
  const zeros = (): tf.Tensor3D => tf.zeros([size, totalTokens(shape), shape.hidden])
  return {
    state: Object.fromEntries(latentNames(shape).map((name) => [name, zeros()])),
    supervisionSteps: new Int32Array(size),
    halted: new Uint8Array(size).fill(1),
    batch: {
      size,
      seqLen: shape.seqLen,
      inputs: new Int32Array(size * shape.seqLen),
      labels: new Int32Array(size * shape.seqLen),
      puzzleIds: new Int32Array(size),
      rows: new Int32Array(size).fill(-1),
      versions: new Int32Array(size),
    },
  }
}

/**
 * Halted rows start again from the initial latents with their row of the offered batch; the others keep theirs, and
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
    versions: carry.batch.versions.slice(),
  }
  const steps = carry.supervisionSteps.slice()
  for (let row = 0; row < size; row++) {
    if (!carry.halted[row]) continue
    const from = row * seqLen
    batch.inputs.set(offered.inputs.subarray(from, from + seqLen), from)
    batch.labels.set(offered.labels.subarray(from, from + seqLen), from)
    batch.puzzleIds[row] = offered.puzzleIds[row]!
    batch.rows[row] = offered.rows[row]!
    batch.versions[row] = offered.versions[row]!
    steps[row] = 0
  }
  const state = tidy(() => {
    const halted = tf.tensor(carry.halted, [size, 1, 1], 'bool')
    const restart = ([name, kept]: [string, tf.Tensor3D]): [string, tf.Tensor3D] => [
      name,
      tf.where(halted, tf.reshape(model.init[name]!, [1, 1, -1]), kept),
    ]
    return Object.fromEntries(Object.entries(carry.state).map(restart))
  })
  return { state, supervisionSteps: steps, halted: new Uint8Array(size), batch }
}

/** Frees a carry's tensors. */
export function disposeCarry(carry: Carry): void {
  tf.dispose(Object.values(carry.state))
}
