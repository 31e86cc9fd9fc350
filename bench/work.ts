import { parseConfig } from '../lib/config/parse.js'
import { resolveConfig } from '../lib/config/resolved.js'
import type { Config, ConfigInput } from '../lib/config/schema.js'
import type { Batch } from '../lib/data/dataset.js'
import { stepOptions } from '../lib/experiment/run/resolve.js'
import { configuredShape } from '../lib/model/configured.js'
import { type ModelShape, swigluInner, totalTokens } from '../lib/model/shape.js'
import { Random } from '../lib/random.js'
import { presets } from '../lib/tasks/presets.js'
import type { StepOptions } from '../lib/train/step.js'

/** A model and a batch whose step or evaluation is timed. */
export interface Work {
  /** Name for `only=`. */
  readonly name: string
  readonly title: string
  readonly shape: ModelShape
  /** Rows B. */
  readonly batch: number
  /** Rows B of an evaluation. Default: {@link batch}. */
  readonly evaluated?: number
}

/** Returns the shape of a preset, with some keys changed; `sizes` replaces those of a data set. */
function shapeOf(preset: string, change: ConfigInput, sizes: { vocabSize: number; seqLen: number }): ModelShape {
  return configuredShape(resolveConfig(configOf(preset, change)), { ...sizes, puzzleIdentifiers: 1 })
}

function configOf(preset: string, change: ConfigInput): Config {
  return parseConfig({ ...presets[preset]!.config, ...change })
}

const attention = { mixer: 'attention', positions: 'rope' } as const
const sudoku = { vocabSize: 11, seqLen: 81 }
const maze = { vocabSize: 6, seqLen: 900 }
const small = { vocabSize: 6, seqLen: 16 }
const deep = { T: 3, n: 6 }

/** The timed works, the paper's sizes first. */
export const works: readonly Work[] = [
  { name: 'sudoku-mlp', title: 'Sudoku, MLP', shape: shapeOf('sudoku-paper', {}, sudoku), batch: 32, evaluated: 128 },
  {
    name: 'sudoku-attention',
    title: 'Sudoku, attention',
    shape: shapeOf('sudoku-paper', attention, sudoku),
    batch: 32,
  },
  { name: 'maze', title: 'Maze, attention', shape: shapeOf('maze-paper', {}, maze), batch: 4 },
  { name: 'pocket-mlp', title: 'pocket, MLP', shape: shapeOf('sudoku-pocket', deep, small), batch: 64 },
  {
    name: 'pocket-attention',
    title: 'pocket, attention',
    shape: shapeOf('sudoku-pocket', { ...attention, ...deep }, small),
    batch: 64,
  },
]

/** Returns random tokens and labels: the cost does not depend on them. */
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

/**
 * The published training settings, except that AdamW replaces AdamATan2, of which PyTorch has no fused version, and
 * that every row keeps its puzzle, because the cost of taking a new one varies.
 */
export const benchStep: StepOptions = stepOptions(
  resolveConfig(configOf('sudoku-paper', { optimizer: 'adamw', warmup: 1, haltExploration: 0 })),
  1_000_000,
)

/**
 * Counts the floating-point operations of the matrix products in one forward call of the network for the whole batch: per
 * token 6·D·I for the SwiGLU over the channels, and 6·L·I' per channel for the one over the tokens, or 8·D² for the
 * projections of attention and 4·L·D for its scores and weighted values.
 */
export function networkFlops({ shape, batch }: Work): number {
  const L = totalTokens(shape)
  const D = shape.hidden
  const channels = 6 * L * D * swigluInner(D, shape.expansion)
  const mixing = shape.mixer === 'mlp' ? 6 * L * D * swigluInner(L, shape.expansion) : L * D * (8 * D) + 4 * L * L * D
  return batch * shape.layers * (channels + mixing)
}

/**
 * Counts the floating-point operations of a supervision step with its gradient: T(n + 1) calls, and twice the last n +
 * 1 for the backward pass.
 */
export function stepFlops(work: Work): number {
  const { T, n } = work.shape
  return networkFlops(work) * (T * (n + 1) + 2 * (n + 1))
}

/** Counts the floating-point operations of an evaluation with `supervisionSteps` supervision steps. */
export function evaluationFlops(work: Work, supervisionSteps: number): number {
  const { T, n } = work.shape
  return networkFlops(work) * T * (n + 1) * supervisionSteps
}

/** Returns a work in the format of `torch/peer.py`. */
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
