import type { Batch } from '../data/dataset.js'
import { endEvaluation } from '../evaluate/states.js'
import { readHeads } from '../evaluate/steps.js'
import type { Model } from '../model/model.js'
import { programsOf } from '../model/recursion.js'
import { latentNames } from '../model/shape.js'
import { begin, type InsideSettings, pause, refined, replaced, rowsOf, streamsOf, withNoise } from './inside-state.js'

/** A rollout with the latents of its recorded steps, laid end to end. */
export interface Run {
  readonly qHalt: Float32Array
  readonly answers: Uint8Array[]
  readonly vectors: Float32Array[]
}

/** Computes rollouts of one puzzle together, and keeps the latents of some of their steps; 0 is the start. */
export async function runRollouts(
  model: Model,
  batch: Batch,
  settings: InsideSettings,
  numbers: readonly number[],
  kept: ReadonlySet<number>,
  signal: AbortSignal | undefined,
): Promise<Run[]> {
  const { shape, weights } = model
  const made = numbers.map((): Run => ({ qHalt: new Float32Array(settings.depth), answers: [], vectors: [] }))
  const rows = repeated(batch, numbers.length)
  const streams = streamsOf(settings, numbers)
  let now = begin(model, rows, settings, streams)
  try {
    const keep = (step: number): void => {
      if (!kept.has(step)) return
      for (const [row, vector] of rowsOf(now.state, latentNames(shape), numbers.length).entries())
        made[row]!.vectors.push(vector)
    }
    keep(0)
    for (let step = 1; step <= settings.depth; step++) {
      now = withNoise(now, settings, shape, streams, step)
      now = replaced(now, refined(model, programsOf(shape).all, now, settings, streams, step, 0))
      const { predictions, qHalt } = readHeads(weights, shape, now.state)
      for (const [row, { answers, qHalt: halts }] of made.entries()) {
        answers.push(Uint8Array.from(predictions.subarray(row * shape.seqLen, (row + 1) * shape.seqLen)))
        halts[step - 1] = qHalt[row]!
      }
      keep(step)
      await pause(signal, step, settings.depth)
    }
  } finally {
    endEvaluation(now)
  }
  return made
}

function repeated(batch: Batch, times: number): Batch {
  const { inputs, labels, puzzleIds, rows, versions } = batch
  const repeat = (values: Int32Array): Int32Array => {
    const all = new Int32Array(values.length * times)
    for (let i = 0; i < times; i++) all.set(values, i * values.length)
    return all
  }
  return {
    size: times,
    seqLen: batch.seqLen,
    inputs: repeat(inputs),
    labels: repeat(labels),
    puzzleIds: repeat(puzzleIds),
    rows: repeat(rows),
    versions: repeat(versions),
  }
}
