import type { Batch } from '../../data/dataset.js'
import { type ModelShape, swigluInner, totalTokens } from '../../model/shape.js'
import { Random } from '../../random.js'
import type { StepOptions } from '../../train/step.js'

/** A model and a batch whose step or evaluation is timed. */
export interface Work {
  /** What `only=` names. */
  readonly name: string
  readonly title: string
  readonly shape: ModelShape
  /** Rows B. */
  readonly batch: number
  /** Rows of an evaluation; default: as many as a step has. */
  readonly evaluated?: number
}

/** The published shape of TRM; see `models.md`, "Reference configurations". */
const published: ModelShape = {
  model: 'trm',
  latents: 'two',
  networks: 'shared',
  gradient: 'full',
  halting: 'halt',
  freeze: false,
  mixer: 'mlp',
  hidden: 512,
  heads: 8,
  layers: 2,
  layersH: 2,
  expansion: 4,
  positions: 'none',
  T: 3,
  n: 6,
  K: 16,
  puzzleTokens: 16,
  puzzleDim: 512,
  puzzleIdentifiers: 1,
  vocabSize: 11,
  seqLen: 81,
}
const attention = { mixer: 'attention', positions: 'rope' } as const
const pocket = { hidden: 64, heads: 4, K: 8, puzzleTokens: 1, puzzleDim: 64, vocabSize: 6, seqLen: 16 } as const

/** What is timed, the paper's sizes first. */
export const works: readonly Work[] = [
  { name: 'sudoku-mlp', title: 'Sudoku, MLP', shape: published, batch: 32, evaluated: 128 },
  { name: 'sudoku-attention', title: 'Sudoku, attention', shape: { ...published, ...attention }, batch: 32 },
  {
    name: 'maze',
    title: 'Maze, attention',
    shape: { ...published, ...attention, n: 4, vocabSize: 6, seqLen: 900 },
    batch: 4,
  },
  { name: 'pocket-mlp', title: 'pocket, MLP', shape: { ...published, ...pocket }, batch: 64 },
  { name: 'pocket-attention', title: 'pocket, attention', shape: { ...published, ...pocket, ...attention }, batch: 64 },
]

/** Random tokens and labels: the arithmetic does not depend on them. */
export function randomBatch({ shape, batch }: Work): Batch {
  const random = Random.of(0, 'bench')
  const tokens = (): Int32Array => Int32Array.from({ length: batch * shape.seqLen }, () => random.int(shape.vocabSize))
  return {
    size: batch,
    seqLen: shape.seqLen,
    inputs: tokens(),
    labels: tokens(),
    puzzleIds: new Int32Array(batch),
    rows: Int32Array.from({ length: batch }, (_, row) => row),
    versions: new Int32Array(batch),
  }
}

/** As published, but AdamW: PyTorch has that fused, which AdamATan2 is not. */
export const benchStep: StepOptions = {
  loss: 'stablemax',
  optimizer: { kind: 'adamw', beta1: 0.9, beta2: 0.95, weightDecay: 1 },
  schedule: { lr: 1e-4, warmup: 1, lrMinRatio: 1, totalSteps: 1_000_000 },
  puzzleSchedule: { lr: 1e-4, warmup: 1, lrMinRatio: 1, totalSteps: 1_000_000 },
  puzzleWeightDecay: 1,
  ema: 0.999,
  // Every row keeps its puzzle: a new one costs next to nothing, but not always the same.
  haltExploration: 0,
}

/**
 * Floating-point operations of the matrix products in one call of the network, forward, for the whole batch: per token
 * 6·D·I for the SwiGLU over the channels, and 6·L·I' per channel for that over the tokens, or 8·D² for the projections
 * of attention and 4·L·D for its scores and what it reads.
 */
export function networkFlops({ shape, batch }: Work): number {
  const L = totalTokens(shape)
  const D = shape.hidden
  const channels = 6 * L * D * swigluInner(D, shape.expansion)
  const mixing = shape.mixer === 'mlp' ? 6 * L * D * swigluInner(L, shape.expansion) : L * D * (8 * D) + 4 * L * L * D
  return batch * shape.layers * (channels + mixing)
}

/** Those of a supervision step with its gradient: T(n + 1) calls, and twice the last n + 1 for the backward pass. */
export function stepFlops(work: Work): number {
  const { T, n } = work.shape
  return networkFlops(work) * (T * (n + 1) + 2 * (n + 1))
}

/** Those of an evaluation with so many supervision steps. */
export function evaluationFlops(work: Work, steps: number): number {
  const { T, n } = work.shape
  return networkFlops(work) * T * (n + 1) * steps
}

/** A work as `torch/peer.py` wants it. */
export function torchWork(work: Work): object {
  const { shape, batch } = work
  const { inputs, labels } = randomBatch(work)
  return {
    ...shape,
    batch,
    tokens: totalTokens(shape),
    inner: swigluInner(shape.hidden, shape.expansion),
    innerTokens: swigluInner(totalTokens(shape), shape.expansion),
    rope: shape.positions === 'rope',
    lr: benchStep.schedule.lr,
    weightDecay: benchStep.optimizer.weightDecay,
    inputs: [...inputs],
    labels: [...labels],
  }
}
