import { looksAhead } from '../../model/halting.js'
import { recursionOf } from '../../model/recursion.js'
import { depth, type ModelShape } from '../../model/shape.js'
import type { Recursion } from '../../recursion/data.js'

/** Blocks (layers of the network) that a supervision step computes. */
export interface Blocks {
  /** Forward alone. */
  readonly plain: number
  /** Forward and backward. */
  readonly recorded: number
}

/**
 * What a supervision step of a model costs, as a sum: so many seconds for every block of each kind, and for all else
 * (embedding, heads, loss, update). It is linear in T, n and layers; D, L and the rows are in the seconds.
 */
export interface StepCost {
  readonly plain: number
  readonly recorded: number
  readonly rest: number
}

/** A step that was timed. */
export interface TimedStep {
  readonly blocks: Blocks
  readonly seconds: number
}

/** Blocks of one supervision step in training: T(n + 1) calls of the network for a TRM, the last n + 1 with gradient. */
export function stepBlocks(shape: ModelShape): Blocks {
  const all = depth(shape)
  const recorded = depth(shape, recursionOf(shape).gradientUpdates)
  // The continue loss needs the next step's heads.
  return { plain: all - recorded + (looksAhead(shape) ? all : 0), recorded }
}

/** Those of one supervision step of an evaluation. */
export function evaluationBlocks(shape: ModelShape): number {
  return depth(shape)
}

/**
 * The model whose steps are timed to know those of a larger one: with other T and n. The second has more plain blocks
 * than the first, the third more blocks of both kinds (not where n is the number of latents, which are weights). Where
 * the model itself makes no more calls than they, it is the only one.
 */
export function calibrationShapes(shape: ModelShape): ModelShape[] {
  if (shape.recursion) return calibrationRecursions(shape, shape.recursion)
  const multi = shape.latents === 'multi'
  const n = multi ? shape.n : 1
  // As far apart as can be had cheaply: what is told from their difference is multiplied by what the model has more.
  const small = [{ ...shape, T: 1, n }, { ...shape, T: 3, n }, ...(multi ? [] : [{ ...shape, T: 1, n: 3 }])]
  return roughCost(shape) <= Math.max(...small.map(roughCost)) ? [shape] : small
}

/** The model with the fewest updates that need as much memory: the constants before those with gradient need no more. */
export function shortest(shape: ModelShape): ModelShape {
  return shape.recursion ? calibrationRecursions(shape, shape.recursion)[0]! : { ...shape, T: 1 }
}

/** The last updates of a recursion, those that carry gradient, alone and after some of the others. */
function calibrationRecursions(shape: ModelShape, recursion: Recursion): ModelShape[] {
  const { order, gradientUpdates } = recursion
  const of = (updates: number): ModelShape => ({ ...shape, recursion: { ...recursion, order: order.slice(-updates) } })
  return order.length <= 3 * gradientUpdates ? [shape] : [of(gradientUpdates), of(3 * gradientUpdates)]
}

/** Blocks of a step, those with a backward pass counted as three. */
export function roughCost(shape: ModelShape): number {
  const { plain, recorded } = stepBlocks(shape)
  return plain + 3 * recorded
}

/** The cost that explains the timed steps of `calibrationShapes`. */
export function fitCost([base, morePlain, moreRecorded]: readonly TimedStep[]): StepCost {
  if (!base) throw new Error('nothing was timed')
  // One step alone is its own prediction.
  if (!morePlain) return { plain: 0, recorded: 0, rest: base.seconds }
  const plain = slope(base, morePlain, ({ plain }) => plain)
  // Where there are always as many recorded blocks they are part of the rest.
  const others = moreRecorded ? moreRecorded.blocks.recorded - base.blocks.recorded : 0
  const recorded =
    moreRecorded && others > 0
      ? Math.max(
          plain,
          (moreRecorded.seconds - base.seconds - plain * (moreRecorded.blocks.plain - base.blocks.plain)) / others,
        )
      : 0
  const rest = base.seconds - plain * base.blocks.plain - recorded * base.blocks.recorded
  return { plain, recorded, rest: Math.max(0, rest) }
}

function slope(a: TimedStep, b: TimedStep, of: (blocks: Blocks) => number): number {
  const more = of(b.blocks) - of(a.blocks)
  return more > 0 ? Math.max(0, (b.seconds - a.seconds) / more) : 0
}

/** Seconds of a step with so many blocks. */
export function stepSeconds(cost: StepCost, { plain, recorded }: Blocks): number {
  return cost.plain * plain + cost.recorded * recorded + cost.rest
}
