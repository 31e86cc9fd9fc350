import * as tf from '@tensorflow/tfjs-core'
import type { Batch } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { advance, beginEvaluation, endEvaluation } from '../evaluate/states.js'
import { readHeads } from '../evaluate/steps.js'
import { rowOutcome } from '../model/accuracy.js'
import type { Model } from '../model/model.js'
import { tidy } from '../model/tidy.js'
import { Random } from '../random.js'
import { disposeState, moved, normalLike } from './latents.js'

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
 * @throws UserError for a negative radius, none, or a depth below 1.
 */
export function* radiusSteps(
  model: Model,
  batch: Batch,
  settings: RadiusSettings,
  draw: number,
): Generator<RadiusAnswers | 'pause', void> {
  checkRadius(settings)
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

function checkRadius({ radii, depth }: RadiusSettings): void {
  const wrong = radii.find((radius) => !(radius >= 0 && Number.isFinite(radius)))
  if (radii.length === 0 || wrong !== undefined)
    throw new UserError({
      where: 'radii',
      expected: 'at least one radius of 0 or more',
      found: wrong === undefined ? 'none' : String(wrong),
    })
  if (!(Number.isInteger(depth) && depth >= 1))
    throw new UserError({ where: 'depth', expected: 'a whole number of 1 or more', found: String(depth) })
}
