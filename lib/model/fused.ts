import * as tf from '@tensorflow/tfjs-core'
import { type Kernels, kernels } from '../backend/kernels.js'
import { withGradient } from './ops.js'
import type { RotaryTable } from './rope.js'
import { type ModelShape, stacks } from './shape.js'
import type { Weights } from './weights.js'

/** How a weight lies in memory for the kernels; the numbers are those of `RecurlabPack`. */
const LAYOUT = { channelGateUp: 0, panels: 1, panelsTransposed: 2, tokenGateUp: 3, left: 4, leftTransposed: 5 } as const
type Layout = keyof typeof LAYOUT

/** The layouts that the kernels read a weight in. */
interface Layouts {
  readonly forward: Layout
  readonly backward: Layout
}

/** By the end of the weight's name. */
const LAYOUTS: Readonly<Record<string, Layouts>> = {
  'mlp.gate_up_proj': { forward: 'channelGateUp', backward: 'panels' },
  'mlp.down_proj': { forward: 'panelsTransposed', backward: 'panels' },
  'mlp_t.gate_up_proj': { forward: 'tokenGateUp', backward: 'leftTransposed' },
  'mlp_t.down_proj': { forward: 'left', backward: 'leftTransposed' },
  'self_attn.qkv_proj': { forward: 'panelsTransposed', backward: 'panels' },
  'self_attn.o_proj': { forward: 'panelsTransposed', backward: 'panels' },
}

/** A weight of a block as the kernels read it. */
interface PackedWeight {
  readonly forward: tf.Tensor
  /** Only where gradients are wanted. */
  readonly backward: tf.Tensor | null
  /** The weight's shape; the kernels add the weight's gradient to it in place. Only where gradients are wanted. */
  readonly gradient: tf.Tensor | null
}

/** The weights of all blocks, prepared for the fused kernels; its tensors belong to the tidy that it was made in. */
export interface FusedWeights {
  readonly kernels: Kernels
  readonly byName: Readonly<Record<string, PackedWeight>>
  /** Stands for what a model does not have. */
  readonly none: tf.Tensor
}

/**
 * Prepares the weights of a model's blocks for the fused kernels, for as long as they do not change: once a step.
 *
 * @param withGradients also for the backward pass
 * @returns null where there are no fused kernels, or they are turned off
 */
export function fuseWeights(weights: Weights, shape: ModelShape, withGradients: boolean): FusedWeights | null {
  const fast = kernels()
  if (!fast) return null
  const byName: Record<string, PackedWeight> = {}
  for (const [name, weight] of Object.entries(weights)) {
    const layouts = layoutsOf(name, shape)
    if (!layouts) continue
    const pack = (layout: Layout): tf.Tensor => fast.run('RecurlabPack', { layout: LAYOUT[layout] }, [weight], 1)[0]!
    byName[name] = {
      forward: pack(layouts.forward),
      backward: withGradients ? pack(layouts.backward) : null,
      // A tensor of its own memory: the kernels write to it.
      gradient: withGradients ? tf.fill(weight.shape, 0) : null,
    }
  }
  return { kernels: fast, byName, none: tf.tensor1d([]) }
}

function layoutsOf(name: string, shape: ModelShape): Layouts | null {
  const match = /^(.+)\.layers\.\d+\.(.+)\.weight$/.exec(name)
  if (!match || !stacks(shape).some((stack) => stack.name === match[1])) return null
  return LAYOUTS[match[2]!] ?? null
}

/** The gradients that the kernels have added up since the weights were prepared, by name. */
export function fusedGradients(fused: FusedWeights): Weights {
  return Object.fromEntries(
    Object.entries(fused.byName).flatMap(([name, { gradient }]) => (gradient ? [[name, gradient]] : [])),
  )
}

/** Frees prepared weights that no tidy frees. */
export function disposeFused({ byName, none }: FusedWeights): void {
  none.dispose()
  for (const { forward, backward, gradient } of Object.values(byName))
    for (const tensor of [forward, backward, gradient]) tensor?.dispose()
}

/**
 * One block as two kernels; see `block`, which it equals.
 *
 * @param h `[B, L, D]`
 * @param record whether a gradient is being taken: then the kernels keep what it needs, and add the weights' gradients
 *   to those of `fused`; only that of h passes through tfjs
 */
export function fusedBlock(
  h: tf.Tensor3D,
  fused: FusedWeights,
  at: string,
  shape: ModelShape,
  rope: RotaryTable | null,
  record: boolean,
): tf.Tensor3D {
  const mixed =
    shape.mixer === 'attention'
      ? halfBlock(fused, record, h, {
          op: 'RecurlabAttention',
          attributes: { heads: shape.heads },
          weights: [`${at}.self_attn.qkv_proj.weight`, `${at}.self_attn.o_proj.weight`],
          constants: rope ? [rope.cos, rope.sin] : [fused.none, fused.none],
          saved: 4,
          again: false,
        })
      : halfBlock(fused, record, h, {
          op: 'RecurlabTokens',
          attributes: {},
          weights: [`${at}.mlp_t.gate_up_proj.weight`, `${at}.mlp_t.down_proj.weight`],
          constants: [],
          saved: 2,
          again: true,
        })
  return halfBlock(fused, record, mixed, {
    op: 'RecurlabChannels',
    attributes: {},
    weights: [`${at}.mlp.gate_up_proj.weight`, `${at}.mlp.down_proj.weight`],
    constants: [],
    saved: 2,
    again: true,
  })
}

/** A kernel for rms(x + f(x)), and its gradient's, whose name ends in `Grad`. */
interface HalfBlock {
  readonly op: string
  readonly attributes: Readonly<Record<string, number>>
  readonly weights: readonly [string, string]
  readonly constants: readonly tf.Tensor[]
  /** How many tensors it returns for its gradient. */
  readonly saved: number
  /** Whether its gradient may compute some of that again, and so reads the first weight as the forward pass does. */
  readonly again: boolean
}

function halfBlock(
  { kernels, byName }: FusedWeights,
  record: boolean,
  x: tf.Tensor3D,
  { op, attributes, weights, constants, saved, again }: HalfBlock,
): tf.Tensor3D {
  const [first, second] = weights.map((name) => byName[name]!) as [PackedWeight, PackedWeight]
  const run = (save: boolean, x: tf.Tensor): tf.Tensor[] =>
    kernels.run(op, { ...attributes, save }, [x, first.forward, second.forward, ...constants], 1 + saved)
  const inputs = again ? [...constants, first.forward] : constants
  if (!record) {
    const [y, ...empty] = run(false, x) as [tf.Tensor3D, ...tf.Tensor[]]
    tf.dispose(empty)
    return y
  }
  return withGradient(
    (save, x) => {
      const [y, ...kept] = run(true, x!) as [tf.Tensor, ...tf.Tensor[]]
      save([x!, y, ...kept])
      return {
        value: y,
        gradFunc: (dy, tape) =>
          kernels.run(
            `${op}Grad`,
            attributes,
            [...tape, dy, first.backward!, second.backward!, ...inputs, first.gradient!, second.gradient!],
            1,
          ),
      }
    },
    [x],
  ) as tf.Tensor3D
}
