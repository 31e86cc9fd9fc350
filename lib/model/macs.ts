import { isFunctionRecord } from '../config/functions.js'
import { recursionOf } from './recursion.js'
import { depth, headSize, type ModelShape, swigluInner, totalTokens } from './shape.js'

/** Multiply-accumulates of one puzzle in one supervision step. */
export interface StepMacs {
  /** Of the forward pass alone, as in an evaluation. */
  readonly forward: number
  /** Of a training step: forward, and twice as many again for what carries gradient. */
  readonly training: number
}

/**
 * The multiply-accumulates of matrix products of a supervision step; norms, activations and the embedding's look-up have none.
 * Those of a mixer of the user's own are not known, and left out.
 */
export function stepMacs(shape: ModelShape): StepMacs {
  const { hidden: D, seqLen, vocabSize } = shape
  const heads = seqLen * D * vocabSize + 2 * D
  const block = blockMacs(shape)
  const forward = depth(shape) * block + heads
  return { forward, training: forward + 2 * (depth(shape, recursionOf(shape).gradientUpdates) * block + heads) }
}

/** Of one block on the L tokens of a puzzle. */
function blockMacs(shape: ModelShape): number {
  const { hidden: D, expansion } = shape
  const L = totalTokens(shape)
  const swiglu = 3 * swigluInner(D, expansion) * D * L
  if (isFunctionRecord(shape.mixer)) return swiglu
  if (shape.mixer === 'mlp') return swiglu + 3 * swigluInner(L, expansion) * L * D
  const width = shape.heads * headSize(shape)
  return swiglu + 4 * L * D * width + 2 * L * L * width
}
