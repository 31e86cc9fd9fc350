import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { disposeCarry, emptyCarry, takeRows } from '../model/carry.js'
import { embed, puzzleRows } from '../model/embed.js'
import { heads } from '../model/heads.js'
import { networks, recursionOf } from '../model/network.js'
import { recurseWithoutGradient, type State } from '../model/recursion.js'
import { tidy } from '../model/tidy.js'
import type { Model, Weights } from '../model/weights.js'

/** What the heads read off after one supervision step. */
export interface SupervisionStep {
  /** From 1. */
  readonly step: number
  /** `[B, seqLen]` the likeliest tokens. */
  readonly predictions: Int32Array
  /** `[B]`: its sigmoid is the halting probability. */
  readonly qHalt: Float32Array
  /** `[B]` */
  readonly qContinue: Float32Array
}

/**
 * Evaluates one batch step by step, without halting. After the last step the predictions are those of
 * `evaluateBatch` with as many steps. The memory of the backend is freed when the generator ends or is left.
 *
 * @param weights what to evaluate with: the EMA or the live weights
 */
export function* evaluateSteps(
  model: Model,
  weights: Weights,
  batch: Batch,
  steps: number,
): Generator<SupervisionStep, void> {
  const { shape } = model
  const empty = emptyCarry(model, batch.size)
  let { state } = takeRows(empty, batch, model)
  disposeCarry(empty)
  const x = tidy(() => {
    const inputs = tf.tensor2d(batch.inputs, [batch.size, batch.seqLen], 'int32')
    return embed(weights, shape, inputs, puzzleRows(model, batch.puzzleIds))
  })
  const { updates } = recursionOf(shape)
  try {
    for (let step = 1; step <= steps; step++) {
      const before: State = state
      state = tidy(() => recurseWithoutGradient(updates, networks(weights, shape), x, before))
      for (const [name, tensor] of Object.entries(before)) if (state[name] !== tensor) tensor.dispose()
      yield { step, ...readHeads(weights, shape, state) }
    }
  } finally {
    tf.dispose([x, ...Object.values(state)])
  }
}

function readHeads(weights: Weights, shape: Model['shape'], state: State): Omit<SupervisionStep, 'step'> {
  return tidy(() => {
    const { logits, qHalt, qContinue } = heads(weights, shape, state)
    return {
      predictions: Int32Array.from(tf.argMax(logits, -1).dataSync()),
      qHalt: Float32Array.from(qHalt.dataSync()),
      qContinue: Float32Array.from(qContinue.dataSync()),
    }
  })
}
