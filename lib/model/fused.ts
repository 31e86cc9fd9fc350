import * as tf from '@tensorflow/tfjs-core'
import type { Program } from '../recursion/program.js'
import type { FusedWeights, PackedWeight } from './fused-weights.js'
import { withGradient } from './ops.js'
import type { Networks, State } from './recursion.js'
import { latentNames, type ModelShape, stacks } from './shape.js'

/**
 * Returns the latents after a program's assignments, computed by one fused operation; equals `recurse` with plain
 * operations.
 *
 * @param x `[B, L, D]`
 */
export function fusedRecursion(
  fused: FusedWeights,
  shape: ModelShape,
  program: Program,
  x: tf.Tensor3D,
  start: State,
): State {
  const call = callOf(fused, shape, program, start)
  const { made, tape } = run(fused, call, x, false)
  tape.dispose()
  return { ...start, ...named(call, made) }
}

/**
 * {@link fusedRecursion} with a gradient: from the answer's gradient it returns that of x, and adds those of the networks'
 * weights to the gradients in `fused`. All other latents are constants.
 */
export function fusedRecursionWithGradient(
  fused: FusedWeights,
  shape: ModelShape,
  program: Program,
  x: tf.Tensor3D,
  start: State,
): State {
  const call = callOf(fused, shape, program, start)
  const answer = latentNames(shape)[0]!
  if (call.changed[0] !== answer) throw new Error(`the program does not change ${answer}`)
  const others: tf.Tensor3D[] = []
  const value = withGradient(
    (save, x) => {
      const { made, tape } = run(fused, call, x as tf.Tensor3D, true)
      save([x!, tape, ...made])
      others.push(...made.slice(1).map((latent) => tf.keep(tf.clone(latent))))
      return {
        value: tf.clone(made[0]!),
        gradFunc: (dy, saved) => {
          const [x, tape, ...made] = saved as [tf.Tensor3D, tf.Tensor, ...tf.Tensor3D[]]
          const dx = gradient(fused, call, x, tape, dy, made)
          // tfjs would keep the tape, the largest tensor of a step, until all gradients are known.
          tape.dispose()
          return [dx]
        },
      }
    },
    [x],
  ) as tf.Tensor3D
  return { ...start, ...named(call, [value, ...others]) }
}

/** The operation's arguments: a program and a model's weights. */
interface Call {
  readonly program: Program
  readonly start: readonly tf.Tensor3D[]
  /** The latents that the program changes. */
  readonly changed: readonly string[]
  /** Index of the network's first sublayer, and its number of sublayers; 0 for a sum. */
  readonly nets: Readonly<Record<keyof Networks, readonly [first: number, count: number]>>
  /** The two weights of each sublayer. */
  readonly sublayers: readonly (readonly [PackedWeight, PackedWeight])[]
  readonly attributes: Readonly<Record<string, number>>
}

function callOf({ byName, limbs }: FusedWeights, shape: ModelShape, program: Program, start: State): Call {
  const { latents } = program
  const changed = latents.filter((name) => program.ends[name]! > latents.length)
  const [gateUp, down] = ['gate_up_proj', 'down_proj']
  const mixing =
    shape.mixer === 'mlp' ? [`mlp_t.${gateUp}`, `mlp_t.${down}`] : ['self_attn.qkv_proj', 'self_attn.o_proj']
  const networks = stacks(shape)
  const sublayers = networks.flatMap(({ name, layers }) =>
    Array.from({ length: layers }, (_, i) =>
      [mixing, [`mlp.${gateUp}`, `mlp.${down}`]].map(
        (weights) =>
          weights.map((weight) => byName[`${name}.layers.${i}.${weight}.weight`]!) as [PackedWeight, PackedWeight],
      ),
    ).flat(),
  )
  const forY = 2 * networks.at(0)!.layers
  const forZ = 2 * networks.at(-1)!.layers
  return {
    program,
    start: latents.map((name) => start[name]!),
    changed,
    nets: { net: [sublayers.length - forZ, forZ], netY: [0, forY], plus: [0, 0] },
    sublayers,
    attributes: {
      latents: latents.length,
      ends: changed.length,
      sublayers: sublayers.length,
      limbs: limbs ?? 0,
      // Packed weights are padded, so their size does not give the width.
      mixing: sublayers[0]![1].shape[1],
      inner: sublayers[1]![1].shape[1],
      heads: shape.mixer === 'attention' ? shape.heads : 0,
    },
  }
}

function run(
  { kernels, rotary }: FusedWeights,
  call: Call,
  x: tf.Tensor3D,
  save: boolean,
): { made: tf.Tensor3D[]; tape: tf.Tensor } {
  const program = rowsOf(call)
  const weights = call.sublayers.flat().map(({ forward }) => forward)
  const outputs = kernels.run(
    'RecurlabRecurse',
    { ...call.attributes, weights: weights.length, save },
    [program, x, rotary.cos, rotary.sin, ...call.start, ...weights],
    call.changed.length + 1,
  )
  program.dispose()
  const tape = outputs.pop()!
  return { made: outputs as tf.Tensor3D[], tape }
}

function gradient(
  { kernels, rotary }: FusedWeights,
  call: Call,
  x: tf.Tensor3D,
  tape: tf.Tensor,
  dy: tf.Tensor,
  made: readonly tf.Tensor3D[],
): tf.Tensor {
  const program = rowsOf(call)
  const weights = call.sublayers.flatMap(([first, second]) => [
    first.forward,
    second.forward,
    first.backward!,
    second.backward!,
  ])
  const sums = call.sublayers.flat().map(({ gradient }) => gradient!)
  const [dx] = kernels.run(
    'RecurlabRecurseGrad',
    { ...call.attributes, weights: weights.length + sums.length },
    [program, x, rotary.cos, rotary.sin, tape, dy, ...call.start, ...made, ...weights, ...sums],
    1,
  )
  program.dispose()
  return dx!
}

/** Encodes the program as numbers, six per assignment, in the format of lib/backend/kernels/ops_recursion.cc. */
function rowsOf({ program, changed, nets, start }: Call): tf.Tensor2D {
  const ends = changed.map((name) => program.ends[name]!)
  return tf.tensor2d(
    program.assignments.map(({ net, addends: [a, b = -1, c = -1] }, i) => [
      ...nets[net],
      a!,
      b,
      c,
      ends.indexOf(1 + start.length + i),
    ]),
  )
}

/** Returns the changed latents by name. */
function named({ changed }: Call, latents: readonly tf.Tensor3D[]): State {
  return Object.fromEntries(changed.map((name, i) => [name, latents[i]!]))
}
