import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { disposeCarry, emptyCarry, takeRows } from '../model/carry.js'
import { embed, puzzleRows } from '../model/embed.js'
import { disposeFused, fuseWeights } from '../model/fused.js'
import { networks, recursionOf } from '../model/network.js'
import { recurseWithoutGradient, type State } from '../model/recursion.js'
import { tidy } from '../model/tidy.js'
import type { Model, Weights } from '../model/weights.js'

/**
 * The latents of one batch after each supervision step, from fresh ones, without halting. Each is freed before the next
 * one comes; what is left is freed when the generator ends or is left.
 */
export function* statesOfSteps(
  model: Model,
  weights: Weights,
  batch: Batch,
  steps: number,
): Generator<{ readonly step: number; readonly state: State }, void> {
  const { shape } = model
  const empty = emptyCarry(model, batch.size)
  let { state } = takeRows(empty, batch, model)
  disposeCarry(empty)
  const { x, fused } = tidy(() => {
    const inputs = tf.tensor2d(batch.inputs, [batch.size, batch.seqLen], 'int32')
    return {
      x: embed(weights, shape, inputs, puzzleRows(model, batch.puzzleIds)),
      fused: fuseWeights(weights, shape, false),
    }
  })
  const { updates } = recursionOf(shape)
  try {
    for (let step = 1; step <= steps; step++) {
      const before: State = state
      state = tidy(() => recurseWithoutGradient(updates, networks(weights, shape, { fused }), x, before))
      for (const [name, tensor] of Object.entries(before)) if (state[name] !== tensor) tensor.dispose()
      yield { step, state }
    }
  } finally {
    tf.dispose([x, ...Object.values(state)])
    if (fused) disposeFused(fused)
  }
}
