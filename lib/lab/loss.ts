import * as tf from '@tensorflow/tfjs-core'
import { freedIfItFails } from '../backend/tensor-memory.js'
import type { Batch } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { type Carry, disposeCarry, emptyCarry, takeRows } from '../model/carry.js'
import { expectBatch } from '../model/model.js'
import type { Weights } from '../model/weights.js'
import { forwardBackward } from '../train/micro-batch.js'
import type { ConfiguredModel } from './create-model.js'

/** The loss of one supervision step, and its gradients. */
export interface StepLoss {
  /** Mean over the rows. */
  readonly value: number
  /** Its part of the tokens. */
  readonly lmLoss: number
  readonly haltLoss: number
  /** null where there is no continue loss. */
  readonly continueLoss: number | null
  /** Of every weight that is trained, by its published name, in its shape. */
  readonly gradients: Weights
  /** Of the rows of the puzzle embedding that the batch uses, `[B, puzzleDim]`; null without a puzzle embedding. */
  readonly puzzleGradients: tf.Tensor2D | null
  /** Where the next supervision step on the same puzzles begins. */
  readonly carry: Carry
}

/** Where a supervision step begins. */
export interface LossOptions {
  /** The carry of an earlier step on the same batch. Default: the initial latents. */
  readonly carry?: Carry
}

/**
 * Computes the loss of one supervision step on a batch, and its gradients: what a training step does before its update. Paper,
 * figure 3.
 *
 * @example
 * const { value, gradients } = loss(model, data.batch('train', { size: 64, seed: 0 }))
 *
 * @returns the loss as a mean over rows; its tensors are the caller's
 * @throws UserError when the batch does not fit the model, or the carry the batch.
 */
export function loss(model: ConfiguredModel, batch: Batch, { carry }: LossOptions = {}): StepLoss {
  expectBatch(model.shape, batch)
  const { size } = batch
  if (carry && carry.batch.size !== size)
    throw new UserError({
      where: 'loss, carry',
      expected: `one of ${size} rows, as the batch`,
      found: `${carry.batch.size} rows`,
    })
  const empty = carry ? null : emptyCarry(model, size)
  const taken = empty ? takeRows(empty, batch, model) : { ...carry!, batch }
  const pass = freedIfItFails(() => forwardBackward(model, taken, model.config.loss))
  if (empty) {
    disposeCarry(empty)
    disposeCarry(taken)
  }
  tf.dispose([...Object.values(pass.outputs)])
  const { losses, puzzleGradients, gradients, state } = pass
  return {
    value: losses.loss / size,
    lmLoss: losses.lmLoss / size,
    haltLoss: losses.qHaltLoss / size,
    continueLoss: losses.qContinueLoss === null ? null : losses.qContinueLoss / size,
    gradients,
    puzzleGradients: puzzleGradients && tf.tensor2d(puzzleGradients, [size, model.shape.puzzleDim]),
    carry: {
      state,
      supervisionSteps: taken.supervisionSteps.map((made) => made + 1),
      halted: new Uint8Array(size),
      batch,
    },
  }
}
