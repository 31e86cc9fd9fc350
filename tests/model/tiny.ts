import type { Batch } from '../../lib/data/dataset.js'
import type { ModelShape } from '../../lib/model/shape.js'
import { Random } from '../../lib/random.js'
import type { StepOptions } from '../../lib/train/step.js'

/** A TRM of a few hundred weights, or another model. */
export function tinyShape(change: Partial<ModelShape> = {}): ModelShape {
  return {
    model: 'trm',
    latents: 'two',
    networks: 'shared',
    gradient: 'full',
    halting: 'halt',
    freeze: false,
    recursion: null,
    mixer: 'attention',
    hidden: 8,
    heads: 2,
    layers: 1,
    layersH: 1,
    expansion: 1,
    positions: 'rope',
    T: 2,
    n: 2,
    K: 3,
    puzzleTokens: 1,
    puzzleDim: 8,
    puzzleIdentifiers: 5,
    vocabSize: 5,
    seqLen: 4,
    ...change,
  }
}

const schedule = { lr: 1e-3, warmup: 0, lrMinRatio: 1, totalSteps: 100 }

/** Options of a step as in the published code, without exploration. */
export const stepOptions: StepOptions = {
  loss: 'stablemax',
  optimizer: { kind: 'adamatan2', beta1: 0.9, beta2: 0.95, weightDecay: 0.1 },
  schedule,
  puzzleSchedule: schedule,
  puzzleWeightDecay: 0.1,
  ema: 0.9,
  haltExploration: 0,
}

/** Random tokens and labels (padding aside) under random identifiers. */
export function randomBatch({ vocabSize, seqLen, puzzleIdentifiers }: ModelShape, size: number, seed: number): Batch {
  const random = Random.of(seed, 'batch')
  const draw = (count: number, from: number, below: number): Int32Array =>
    Int32Array.from({ length: count }, () => from + random.int(below - from))
  return {
    size,
    seqLen,
    inputs: draw(size * seqLen, 1, vocabSize),
    labels: draw(size * seqLen, 1, vocabSize),
    puzzleIds: draw(size, 0, puzzleIdentifiers),
    rows: Int32Array.from({ length: size }, (_, i) => i),
    versions: new Int32Array(size),
  }
}
