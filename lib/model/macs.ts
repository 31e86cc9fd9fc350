import { isFunctionRecord } from '../config/functions.js'
import { countCalls } from '../recursion/program.js'
import { looksAhead } from './halting.js'
import { recursionOf } from './recursion.js'
import { depth, headSize, type ModelShape, stacks, swigluInner, totalTokens } from './shape.js'

/** Multiply-accumulates per puzzle and supervision step. */
export interface StepMacs {
  /** The recursion without the heads. */
  readonly recursion: number
  /** The heads: logits and halting. */
  readonly heads: number
  /** The forward pass only: recursion and heads. */
  readonly forward: number
  /**
   * A training step: the forward pass, twice the cost of the updates that carry gradient, and the second forward pass of a
   * continue loss.
   */
  readonly training: number
}

/** Calls of a network per puzzle and supervision step, forward passes only: "number of function evaluations". */
export interface StepCalls {
  /** In an evaluation: T(n + 1) of a TRM, T·n + T of HRM. */
  readonly forward: number
  /** In training: with a continue loss, twice as many. */
  readonly training: number
}

/**
 * Counts the multiply-accumulates of a supervision step's matrix products; norms, activations and embedding look-ups count
 * as 0. A custom mixer's are unknown and omitted. For L tokens of width d and SwiGLU's inner width I, a block has 3LdI(d)
 * for its SwiGLU, and 3dLI(L) for an MLP over the tokens or 4Ld² + 2L²d for attention. A TRM's training step costs
 * T(n + 1) + 2(n + 1) network calls.
 */
export function stepMacs(shape: ModelShape): StepMacs {
  const block = blockMacs(shape)
  const recursion = depth(shape) * block
  const heads = shape.seqLen * shape.hidden * shape.vocabSize + 2 * shape.hidden
  const forward = recursion + heads
  const backward = 2 * (depth(shape, recursionOf(shape).gradientUpdates) * block + heads)
  return { recursion, heads, forward, training: forward + backward + (looksAhead(shape) ? forward : 0) }
}

/** Counts the network calls of a supervision step by the recursion's updates. */
export function stepCalls(shape: ModelShape): StepCalls {
  const { net, netY } = countCalls(recursionOf(shape))
  const forward = net + netY
  return { forward, training: looksAhead(shape) ? 2 * forward : forward }
}

/** Returns the multiply-accumulates of a call of each network on one puzzle, by its published name. */
export function callMacs(shape: ModelShape): Readonly<Record<string, number>> {
  const block = blockMacs(shape)
  return Object.fromEntries(stacks(shape).map(({ name, layers }) => [name, layers * block]))
}

/** The compute of training so far, all rows together, as columns of metrics and evaluations. */
export interface TrainingCompute {
  /** Multiply-accumulates; null if the model has a custom mixer, whose are unknown. */
  readonly trainMacs: number | null
  /** Supervision steps: one per row and optimiser step. */
  readonly trainSupervisionSteps: number
  /** Network calls, forward passes only. */
  readonly trainNetworkCalls: number
}

/** Returns the compute of training steps. @param rows rows of all the steps together */
export function trainingCompute(shape: ModelShape, rows: number): TrainingCompute {
  return {
    trainMacs: hasUnknownMacs(shape) ? null : rows * stepMacs(shape).training,
    trainSupervisionSteps: rows,
    trainNetworkCalls: rows * stepCalls(shape).training,
  }
}

/** The compute of an evaluation, all puzzles together, as columns of evaluations. */
export interface EvaluationCompute {
  /** Multiply-accumulates; null if the model has a custom mixer, whose are unknown. */
  readonly evaluationMacs: number | null
  /** Supervision steps of all puzzles. */
  readonly evaluationSupervisionSteps: number
  /** Network calls. */
  readonly evaluationNetworkCalls: number
}

/**
 * Returns the compute of an evaluation.
 *
 * @param done supervision steps of all puzzles, and how often the heads were computed for a puzzle: once, after its last
 * step, or after each step if a puzzle may halt
 */
export function evaluationCompute(
  shape: ModelShape,
  done: { readonly supervisionSteps: number; readonly heads: number },
): EvaluationCompute {
  const { recursion, heads } = stepMacs(shape)
  return {
    evaluationMacs: hasUnknownMacs(shape) ? null : done.supervisionSteps * recursion + done.heads * heads,
    evaluationSupervisionSteps: done.supervisionSteps,
    evaluationNetworkCalls: done.supervisionSteps * stepCalls(shape).forward,
  }
}

function hasUnknownMacs({ mixer }: ModelShape): boolean {
  return isFunctionRecord(mixer)
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
