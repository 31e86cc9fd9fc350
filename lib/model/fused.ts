import * as tf from '@tensorflow/tfjs-core'
import type { FusedWeights, PackedWeight } from './fused-weights.js'
import type { Net } from './recursion.js'
import type { RotaryTable } from './rope.js'
import type { ModelShape } from './shape.js'
import type { Tape } from './tape.js'

/**
 * A stack of blocks as two kernels a block; equals one of `block`s.
 *
 * @param name of the stack, as its weights' names begin
 * @param tape where a gradient is being taken: then the kernels keep what it needs, and on the way back they add the
 *   weights' gradients to those of `fused`
 */
export function fusedNet(
  fused: FusedWeights,
  name: string,
  layers: number,
  shape: ModelShape,
  rope: RotaryTable | null,
  tape: Tape | null,
): Net {
  const halves = Array.from({ length: layers }, (_, i) => [
    mixing(fused, `${name}.layers.${i}`, shape, rope),
    channels(`${name}.layers.${i}`),
  ]).flat()
  return (...addends) => {
    const given = addends.filter((addend) => addend !== undefined)
    return halves.reduce<tf.Tensor3D[]>((inputs, half, i) => {
      const y = halfBlock(fused, tape, inputs, half)
      if (i > 0 && !tape) tf.dispose(inputs)
      return [y]
    }, given)[0]!
  }
}

/** a + b, as the tape is told. */
export function fusedSum(tape: Tape | null): (a: tf.Tensor3D, b: tf.Tensor3D) => tf.Tensor3D {
  return (a, b) => {
    const output = tf.add(a, b) as tf.Tensor3D
    tape?.record({ inputs: [a, b], output, kept: [], gradient: (dy) => tf.clone(dy) })
    return output
  }
}

/** A kernel for rms(x + f(x)), and its gradient's, whose name ends in `Grad`; those out of pieces have `Half` before that. */
interface HalfBlock {
  readonly op: string
  readonly attributes: Readonly<Record<string, number>>
  readonly weights: readonly [string, string]
  readonly constants: readonly tf.Tensor[]
  /** How many tensors it returns for its gradient. */
  readonly saved: { readonly panels: number; readonly pieces: number }
  /** Whether its gradient may compute some of that again, and so reads the first weight as the forward pass does. */
  readonly again: boolean
  /** Whether it sums up to three inputs; the others take one. */
  readonly sums: boolean
}

/** What the norm multiplied with; gate and up, too, where they are not always computed again. */
const SWIGLU = { attributes: {}, constants: [], saved: { panels: 2, pieces: 1 }, again: true } as const

function mixing(fused: FusedWeights, at: string, shape: ModelShape, rope: RotaryTable | null): HalfBlock {
  if (shape.mixer === 'mlp')
    return {
      ...SWIGLU,
      op: 'RecurlabTokens',
      weights: [`${at}.mlp_t.gate_up_proj.weight`, `${at}.mlp_t.down_proj.weight`],
      sums: true,
    }
  return {
    op: 'RecurlabAttention',
    attributes: { heads: shape.heads },
    weights: [`${at}.self_attn.qkv_proj.weight`, `${at}.self_attn.o_proj.weight`],
    constants: rope ? [rope.cos, rope.sin] : [fused.none, fused.none],
    saved: { panels: 4, pieces: 4 },
    again: false,
    sums: true,
  }
}

function channels(at: string): HalfBlock {
  return {
    ...SWIGLU,
    op: 'RecurlabChannels',
    weights: [`${at}.mlp.gate_up_proj.weight`, `${at}.mlp.down_proj.weight`],
    sums: false,
  }
}

/** Runs a kernel on a + (b + c), and has the tape know its gradient. */
function halfBlock(
  { kernels, byName, limbs, none }: FusedWeights,
  tape: Tape | null,
  addends: readonly tf.Tensor3D[],
  { op, attributes, weights, constants, saved, again, sums }: HalfBlock,
): tf.Tensor3D {
  const [first, second] = weights.map((name) => byName[name]!) as [PackedWeight, PackedWeight]
  const name = limbs ? `${op}Half` : op
  // Pieces are filled up, so they do not say how wide the matrix is.
  const given = limbs ? { ...attributes, limbs, inner: second.shape[1] } : attributes
  const [x, b = none, c = none] = addends as [tf.Tensor3D, tf.Tensor?, tf.Tensor?]
  const others = sums ? [b, c] : []
  const [y, ...kept] = kernels.run(
    name,
    { ...given, save: tape !== null },
    [x, first.forward, second.forward, ...constants, ...others],
    1 + saved[limbs ? 'pieces' : 'panels'],
  ) as [tf.Tensor3D, ...tf.Tensor[]]
  if (!tape) {
    tf.dispose(kept)
    return y
  }
  const fixed = again ? [...constants, first.forward] : constants
  tape.record({
    inputs: addends,
    output: y,
    kept,
    gradient: (dy) =>
      kernels.run(
        `${name}Grad`,
        given,
        [x, y, ...kept, dy, first.backward!, second.backward!, ...fixed, first.gradient!, second.gradient!, ...others],
        1,
      )[0]!,
  })
  return y
}
