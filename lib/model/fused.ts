import type * as tf from '@tensorflow/tfjs-core'
import type { Dtype } from '../backend/kernels.js'
import type { FusedWeights, PackedWeight } from './fused-weights.js'
import { withGradient } from './ops.js'
import type { RotaryTable } from './rope.js'
import type { ModelShape } from './shape.js'

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
          saved: { float32: 4, bfloat16: 4 },
          again: false,
        })
      : halfBlock(fused, record, h, {
          op: 'RecurlabTokens',
          attributes: {},
          weights: [`${at}.mlp_t.gate_up_proj.weight`, `${at}.mlp_t.down_proj.weight`],
          constants: [],
          saved: SWIGLU_SAVED,
          again: true,
        })
  return halfBlock(fused, record, mixed, {
    op: 'RecurlabChannels',
    attributes: {},
    weights: [`${at}.mlp.gate_up_proj.weight`, `${at}.mlp.down_proj.weight`],
    constants: [],
    saved: SWIGLU_SAVED,
    again: true,
  })
}

/** What the norm multiplied with; in float32 gate and up, too, which in bfloat16 are always computed again. */
const SWIGLU_SAVED = { float32: 2, bfloat16: 1 } as const

/** A kernel for rms(x + f(x)), and its gradient's, whose name ends in `Grad`; those in bfloat16 have `Half` before that. */
interface HalfBlock {
  readonly op: string
  readonly attributes: Readonly<Record<string, number>>
  readonly weights: readonly [string, string]
  readonly constants: readonly tf.Tensor[]
  /** How many tensors it returns for its gradient, in float32 and in bfloat16. */
  readonly saved: Readonly<Record<Dtype, number>>
  /** Whether its gradient may compute some of that again, and so reads the first weight as the forward pass does. */
  readonly again: boolean
}

function halfBlock(
  { kernels, byName, dtype }: FusedWeights,
  record: boolean,
  x: tf.Tensor3D,
  { op, attributes, weights, constants, saved, again }: HalfBlock,
): tf.Tensor3D {
  const [first, second] = weights.map((name) => byName[name]!) as [PackedWeight, PackedWeight]
  const name = dtype === 'bfloat16' ? `${op}Half` : op
  // In bfloat16 the pieces are filled up, so they do not say how wide the matrix is.
  const given = dtype === 'bfloat16' ? { ...attributes, inner: second.shape[1] } : attributes
  const outputs = 1 + saved[dtype]
  const run = (save: boolean, x: tf.Tensor): tf.Tensor[] =>
    kernels.run(name, { ...given, save }, [x, first.forward, second.forward, ...constants], outputs)
  const inputs = again ? [...constants, first.forward] : constants
  if (!record) {
    const [y, ...empty] = run(false, x) as [tf.Tensor3D, ...tf.Tensor[]]
    for (const tensor of empty) tensor.dispose()
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
            `${name}Grad`,
            given,
            [...tape, dy, first.backward!, second.backward!, ...inputs, first.gradient!, second.gradient!],
            1,
          ),
      }
    },
    [x],
  ) as tf.Tensor3D
}
