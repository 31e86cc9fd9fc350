import * as tf from '@tensorflow/tfjs-core'
import { type Dtype, type Kernels, kernels } from '../backend/kernels.js'
import { isFunctionRecord } from '../config/functions.js'
import { modelRope, type RotaryTable } from './rope.js'
import { type ModelShape, stacks } from './shape.js'
import type { Weights } from './weights.js'

/** Memory layouts of a weight for the float32 kernels; the numbers match `RecurlabPack`. */
const LAYOUT = { channelGateUp: 0, panels: 1, panelsTransposed: 2, tokenGateUp: 3, left: 4, leftTransposed: 5 } as const
/** Memory layouts of a weight for the kernels that multiply bfloat16 limbs; the numbers match `RecurlabHalfPack`. */
const HALF_LAYOUT = { alongLeft: 0, alongRight: 1, acrossLeft: 2, acrossRight: 3 } as const

/**
 * A weight's layout in the fused kernels, and the layout of its gradient in the kernels that multiply bfloat16 limbs.
 */
interface Layouts {
  readonly forward: keyof typeof LAYOUT
  readonly backward: keyof typeof LAYOUT
  readonly half: {
    readonly forward: keyof typeof HALF_LAYOUT
    readonly backward: keyof typeof HALF_LAYOUT
    /** Number of matrices stacked in the weight: gate and up. */
    readonly parts: number
    /** Whether the kernels sum the gradient transposed. */
    readonly transposed: boolean
  }
}

/**
 * In the limb kernels a weight is the right-hand matrix of products over channels, and the left-hand one over tokens.
 */
const RIGHT = { forward: 'alongRight', backward: 'acrossRight' } as const
const LEFT = { forward: 'alongLeft', backward: 'acrossLeft' } as const

/** Layouts by the suffix of the weight's name. */
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
 * Number of bfloat16 limbs per multiplied number: one rounds it; three represent a float32 exactly, so that matrix units
 * which support only bfloat16 compute in float32.
 */
export type Limbs = 1 | 3

/** A block's weight packed for the fused kernels. */
export interface PackedWeight {
  /** The shape of the weight itself: `[out, in]`. */
  readonly shape: readonly [number, number]
  readonly forward: tf.Tensor
  /** Present only if gradients are wanted. */
  readonly backward: tf.Tensor | null
  /** The kernels accumulate the weight's gradient here. Present only if gradients are wanted. */
  readonly gradient: tf.Tensor | null
  readonly layouts: Layouts
}

/** The weights of all blocks, packed for the fused kernels; the enclosing tidy frees the tensors. */
export interface FusedWeights {
  readonly kernels: Kernels
  /** Limbs per multiplied number in the bfloat16 kernels; null for the float32 kernels. */
  readonly limbs: Limbs | null
  readonly byName: Readonly<Record<string, PackedWeight>>
  /** Rotary angles of the positions; empty if positions are not rotary. */
  readonly rotary: RotaryTable
}

/**
 * Packs the weights of a model's blocks for the fused kernels. The result is valid until the weights change: pack once a
 * step.
 *
 * @param withGradients whether to pack for the backward pass too
 * @param dtype the type that the kernels compute in; bfloat16 becomes float32 if the processor has no units for it
 * @returns null if the fused kernels are missing or turned off, or the mixer is a custom one
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
      // A tensor with memory of its own: the kernels write to it.
      gradient: withGradients ? tf.fill(limbs ? [sumsSize(size, layouts.half.parts)] : size, 0) : null,
      layouts,
    }
  }
  const rotary = modelRope(shape) ?? { cos: tf.tensor1d([]), sin: tf.tensor1d([]) }
  return { kernels: fast, limbs, byName, rotary }
}

/** Returns null for float32 vector instructions. */
function limbsFor(dtype: Dtype, { units }: Kernels): Limbs | null {
  if (dtype === 'bfloat16' && units.bfloat16) return 1
  return units.float32 === 'AMX' ? 3 : null
}

/** Returns the size of a gradient in the limb kernels: rows of each part and columns are padded to blocks of 32. */
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
 * Returns the gradients that the kernels have accumulated since the weights were packed, by name; the caller frees them.
 *
 * @param names the weights whose gradients are returned
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

/** Frees packed weights that no tidy frees. */
export function disposeFused({ byName, rotary }: FusedWeights): void {
  tf.dispose([rotary.cos, rotary.sin])
  for (const { forward, backward, gradient } of Object.values(byName))
    for (const tensor of [forward, backward, gradient]) tensor?.dispose()
}
