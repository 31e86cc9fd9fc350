import * as tf from '@tensorflow/tfjs-core'
import { type Dtype, type Kernels, kernels } from '../backend/kernels.js'
import { isFunctionRecord } from '../config/functions.js'
import { modelRope, type RotaryTable } from './rope.js'
import { type ModelShape, stacks } from './shape.js'
import type { Weights } from './weights.js'

/** How a weight lies in memory for the float32 kernels; the numbers are those of `RecurlabPack`. */
const LAYOUT = { channelGateUp: 0, panels: 1, panelsTransposed: 2, tokenGateUp: 3, left: 4, leftTransposed: 5 } as const
/** Packings of weights out of pieces of bfloat16; the numbers are those of `RecurlabHalfPack`. */
const HALF_LAYOUT = { alongLeft: 0, alongRight: 1, acrossLeft: 2, acrossRight: 3 } as const

/** How the kernels read a weight, and those out of pieces how they add up its gradient. */
interface Layouts {
  readonly forward: keyof typeof LAYOUT
  readonly backward: keyof typeof LAYOUT
  readonly half: {
    readonly forward: keyof typeof HALF_LAYOUT
    readonly backward: keyof typeof HALF_LAYOUT
    /** Matrices that lie in it one below the other: gate and up. */
    readonly parts: number
    /** Whether the kernels sum the gradient of its transposed. */
    readonly transposed: boolean
  }
}

/** For pieces a weight is the right matrix of products over the channels, the left one of those over the tokens. */
const RIGHT = { forward: 'alongRight', backward: 'acrossRight' } as const
const LEFT = { forward: 'alongLeft', backward: 'acrossLeft' } as const

/** By the end of the weight's name. */
const LAYOUTS: Readonly<Record<string, Layouts>> = {
  'mlp.gate_up_proj': {
    forward: 'channelGateUp',
    backward: 'panels',
    half: { ...RIGHT, parts: 2, transposed: true },
  },
  'mlp.down_proj': {
    forward: 'panelsTransposed',
    backward: 'panels',
    half: { ...RIGHT, parts: 1, transposed: false },
  },
  'mlp_t.gate_up_proj': {
    forward: 'tokenGateUp',
    backward: 'leftTransposed',
    half: { ...LEFT, parts: 2, transposed: false },
  },
  'mlp_t.down_proj': { forward: 'left', backward: 'leftTransposed', half: { ...LEFT, parts: 1, transposed: true } },
  'self_attn.qkv_proj': {
    forward: 'panelsTransposed',
    backward: 'panels',
    half: { ...RIGHT, parts: 1, transposed: true },
  },
  'self_attn.o_proj': {
    forward: 'panelsTransposed',
    backward: 'panels',
    half: { ...RIGHT, parts: 1, transposed: false },
  },
}

/**
 * How many bfloat16 stand for a number that is multiplied: one rounds it; three hold all of a float32, which is how matrix
 * units that know bfloat16 only compute in float32.
 */
export type Limbs = 1 | 3

/** A weight of a block as the kernels read it. */
export interface PackedWeight {
  /** The weight's own: `[out, in]`. */
  readonly shape: readonly [number, number]
  readonly forward: tf.Tensor
  /** Only where gradients are wanted. */
  readonly backward: tf.Tensor | null
  /** The kernels add the weight's gradient to it in place. Only where gradients are wanted. */
  readonly gradient: tf.Tensor | null
  readonly layouts: Layouts
}

/** The weights of all blocks, prepared for the fused kernels; its tensors belong to the tidy that it was made in. */
export interface FusedWeights {
  readonly kernels: Kernels
  /** Of each number in a product, where the kernels are those out of pieces of bfloat16. */
  readonly limbs: Limbs | null
  readonly byName: Readonly<Record<string, PackedWeight>>
  /** The angles of the positions; empty where none are rotated. */
  readonly rotary: RotaryTable
}

/**
 * Prepares the weights of a model's blocks for the fused kernels, for as long as they do not change: once a step.
 *
 * @param withGradients also for the backward pass
 * @param dtype what the kernels compute in; bfloat16 becomes float32 where the processor has no units for it
 * @returns null where there are no fused kernels, they are turned off, or the mixer is the user's own
 */
export function fuseWeights(
  weights: Weights,
  shape: ModelShape,
  withGradients: boolean,
  dtype: Dtype = 'float32',
): FusedWeights | null {
  const fast = kernels()
  if (!fast || isFunctionRecord(shape.mixer)) return null
  const limbs = limbsFor(dtype, fast)
  const byName: Record<string, PackedWeight> = {}
  for (const [name, weight] of Object.entries(weights)) {
    const layouts = layoutsOf(name, shape)
    if (!layouts) continue
    const pack = (way: 'forward' | 'backward'): tf.Tensor =>
      limbs
        ? fast.run(
            'RecurlabHalfPack',
            { limbs, layout: HALF_LAYOUT[layouts.half[way]], parts: layouts.half.parts },
            [weight],
            1,
          )[0]!
        : fast.run('RecurlabPack', { layout: LAYOUT[layouts[way]] }, [weight], 1)[0]!
    const size = weight.shape as [number, number]
    byName[name] = {
      shape: size,
      forward: pack('forward'),
      backward: withGradients ? pack('backward') : null,
      // A tensor of its own memory: the kernels write to it.
      gradient: withGradients ? tf.fill(limbs ? [sumsSize(size, layouts.half.parts)] : size, 0) : null,
      layouts,
    }
  }
  const rotary = modelRope(shape) ?? { cos: tf.tensor1d([]), sin: tf.tensor1d([]) }
  return { kernels: fast, limbs, byName, rotary }
}

/** Null: float32 by the processor's vectors. */
function limbsFor(dtype: Dtype, { units }: Kernels): Limbs | null {
  if (dtype === 'bfloat16' && units.bfloat16) return 1
  return units.float32 === 'AMX' ? 3 : null
}

/** Numbers of a gradient as the kernels out of pieces add it up: rows of each part and columns are filled up to blocks of 32. */
function sumsSize([rows, columns]: readonly [number, number], parts: number): number {
  const filled = (n: number): number => 32 * Math.ceil(n / 32)
  return parts * filled(rows / parts) * filled(columns)
}

function layoutsOf(name: string, shape: ModelShape): Layouts | null {
  const match = /^(.+)\.layers\.\d+\.(.+)\.weight$/.exec(name)
  if (!match || !stacks(shape).some((stack) => stack.name === match[1])) return null
  return LAYOUTS[match[2]!] ?? null
}

/**
 * The gradients that the kernels have added up since the weights were prepared, by name; they are the caller's to free.
 *
 * @param names which are wanted; those of other weights are left out
 */
export function fusedGradients({ byName, limbs, kernels }: FusedWeights, names: readonly string[]): Weights {
  const gradients: Record<string, tf.Tensor> = {}
  for (const [name, { gradient, shape, layouts }] of Object.entries(byName)) {
    if (!gradient || !names.includes(name)) continue
    const [rows, columns] = shape
    const { parts, transposed } = layouts.half
    gradients[name] = limbs
      ? kernels.run('RecurlabHalfUnpack', { rows, columns, parts, transposed }, [gradient], 1)[0]!
      : tf.clone(gradient)
  }
  return gradients
}

/** Frees prepared weights that no tidy frees. */
export function disposeFused({ byName, rotary }: FusedWeights): void {
  tf.dispose([rotary.cos, rotary.sin])
  for (const { forward, backward, gradient } of Object.values(byName))
    for (const tensor of [forward, backward, gradient]) tensor?.dispose()
}
