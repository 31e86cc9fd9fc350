import { isFunctionRecord } from '../config/functions.js'
import { recursionOf } from './recursion.js'
import { depth, headSize, type ModelShape, swigluInner, totalTokens } from './shape.js'

/** Multiply-accumulates per puzzle and supervision step. */
export interface StepMacs {
  /** The forward pass only, as in evaluation. */
  readonly forward: number
  /** A training step: the forward pass, and twice the cost of the updates that carry gradient. */
  readonly training: number
}

/**
 * Counts the multiply-accumulates of a supervision step's matrix products; norms, activations and embedding look-ups count
 * as 0. A custom mixer's are unknown and omitted.
 */
export function stepMacs(shape: ModelShape): StepMacs {
  const { hidden: D, seqLen, vocabSize } = shape
  const heads = seqLen * D * vocabSize + 2 * D
  const block = blockMacs(shape)
  const forward = depth(shape) * block + heads
  return { forward, training: forward + 2 * (depth(shape, recursionOf(shape).gradientUpdates) * block + heads) }
}

/** Returns the floating-point operations of multiply-accumulates: a multiplication and an addition each. */
export function flopsOf(macs: number): number {
  return 2 * macs
}

/** Counts the multiply-accumulates of one block on the L tokens of a puzzle. */
function blockMacs(shape: ModelShape): number {
  const { hidden: D, expansion } = shape
  const L = totalTokens(shape)
  const swiglu = 3 * swigluInner(D, expansion) * D * L
  if (isFunctionRecord(shape.mixer)) return swiglu
  if (shape.mixer === 'mlp') return swiglu + 3 * swigluInner(L, expansion) * L * D
  const width = shape.heads * headSize(shape)
  return swiglu + 4 * L * D * width + 2 * L * L * width
}
