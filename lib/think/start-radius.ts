import * as tf from '@tensorflow/tfjs-core'
import { z } from 'zod'
import type { Batch } from '../data/dataset.js'
import { advance, beginEvaluation, endEvaluation } from '../evaluate/states.js'
import { readHeads } from '../evaluate/steps.js'
import { rowOutcome } from '../model/accuracy.js'
import type { Model } from '../model/model.js'
import { tidy } from '../model/tidy.js'
import { Random } from '../random.js'
import { disposeState, moved, normalLike } from './latents.js'

/** Options of random starts, without the depth, whose default depends on the weights. */
export const radiusOptions = z.strictObject({
  radii: z.array(z.number().min(0)).min(1).default([0, 0.03, 0.1, 0.3, 1, 3]).describe('Radii ε of the random starts.'),
  draws: z.int().min(1).default(1).describe('Random directions for each puzzle.'),
  depth: z.int().min(1).optional().describe('Supervision steps D. Default: those of the evaluation.'),
  seed: z.int().min(0).default(0).describe('Seed of the directions.'),
})

/** Settings of {@link radiusSteps}. */
export interface RadiusSettings {
  /** Radii ε of the random start s_0 + ε · N(0, 1). */
  readonly radii: readonly number[]
  /** D: supervision steps of each. */
  readonly depth: number
  readonly seed: number
}

/** A batch's answers from the starts of one radius. */
export interface RadiusAnswers {
  readonly radius: number
  /** `[B]` 1 where the last answer is right; 255 where it is not known. */
  readonly exact: Uint8Array
}

/**
 * Yields whether a batch is solved from random starts around the learned one, s_0 + ε · N(0, 1) in all latents, one radius
 * after the other, without noise at later steps. The direction is drawn once per puzzle, so that radii differ in nothing
 * else. After every supervision step it yields `pause`, so that the caller can stop.
 *
 * @param draw counts the directions of a puzzle from 0
 */
export function* radiusSteps(
  model: Model,
  batch: Batch,
  settings: RadiusSettings,
  draw: number,
): Generator<RadiusAnswers | 'pause', void> {
  const { radii, depth, seed } = settings
  const { weights, shape } = model
  const rows = Array.from({ length: batch.size }, (_, row) =>
    Random.of(seed, 'start', batch.rows[row]!, batch.versions[row]!, draw),
  )
  let now = beginEvaluation(model, weights, batch)
  const start = now.state
  const direction = normalLike(start, rows)
  try {
    for (const radius of radii) {
      now = { ...now, state: tidy(() => moved(start, direction, tf.fill([batch.size], radius))) }
      for (let step = 1; step <= depth; step++) {
        now = advance(model, weights, now)
        yield 'pause'
      }
      const outputs = { ...readHeads(weights, shape, now.state), supervisionSteps: [] }
      const exact = Uint8Array.from({ length: batch.size }, (_, row) => {
        const { counted, exact } = rowOutcome(outputs, batch, row)
        return counted === 0 ? 255 : exact ? 1 : 0
      })
      disposeState(now.state)
      now = { ...now, state: start }
      yield { radius, exact }
    }
  } finally {
    disposeState(direction)
    if (now.state !== start) disposeState(start)
    endEvaluation(now)
  }
}
