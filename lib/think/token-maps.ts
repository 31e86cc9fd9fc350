import * as tf from '@tensorflow/tfjs-core'
import { type AttentionWeights, attentionMap } from '../model/attention.js'
import { block } from '../model/block.js'
import { networks } from '../model/network.js'
import type { State } from '../model/recursion.js'
import { modelRope } from '../model/rope.js'
import { type ModelShape, stacks, totalTokens } from '../model/shape.js'
import { type SwigluWeights, tokenJacobian } from '../model/swiglu.js'
import { tidy } from '../model/tidy.js'
import { type Weights, weightsAt } from '../model/weights.js'
import type { Program } from '../recursion/program.js'

/**
 * How much the cells of a puzzle read of one another in one block of a network call. The weights of a reading cell are
 * shares: over all tokens they sum to 1.
 */
export interface TokenMap {
  /** Index of the block in its network, from 0. */
  readonly block: number
  /** `[cells]` mean share that all cells read of a cell. */
  readonly received: Float32Array
  /** Mean share that the cells read of the puzzle tokens before them. */
  readonly prefix: number
  /** k, the number of sources kept for each cell. */
  readonly kept: number
  /** `[cells · k]` the cells that a cell reads the most of, most first. */
  readonly sources: Uint16Array
  /** `[cells · k]` their shares. */
  readonly shares: Float32Array
}

/** Channels whose Jacobians are averaged; a model with fewer is averaged exactly. */
const CHANNELS = 64
/** Values of the Jacobians' intermediate tensor computed at a time: 32 MB. */
const MOST_VALUES = 2 ** 23

/** Returns how the maps of a model are made, in words; null for a custom mixer, which has none. */
export function mapsMeaning({ mixer, hidden }: ModelShape): string | null {
  if (mixer === 'attention') return 'attention: mean over the heads'
  if (mixer !== 'mlp') return null
  return `token MLP: |Jacobian|, mean over ${hidden > CHANNELS ? `${CHANNELS} of ` : ''}${hidden} channels`
}

/**
 * Returns the maps of the last network call of some assignments, one for every block. For attention a map is the mean of
 * the heads' softmax; for the MLP over tokens it is the mean over channels of the absolute Jacobian of the MLP at the
 * block's input, without the residual connection (ours: the mixing is not a weighted mean of tokens, so only its
 * derivative is a map), with each row divided by its sum.
 *
 * @param x `[1, L, D]`
 * @param state the latents before the assignments, `[1, L, D]`
 * @param kept k, the sources kept for each cell
 * @returns an empty list for a custom mixer, and for assignments without a network
 */
export function tokenMaps(
  shape: ModelShape,
  weights: Weights,
  { latents, assignments }: Program,
  x: tf.Tensor3D,
  state: State,
  kept: number,
): TokenMap[] {
  const last = assignments.findLastIndex(({ net }) => net !== 'plus')
  if (last < 0 || mapsMeaning(shape) === null) return []
  return tidy(() => {
    const nets = networks(weights, shape)
    const states: tf.Tensor3D[] = [x, ...latents.map((name) => state[name]!)]
    for (const { net, addends } of assignments.slice(0, last)) {
      const [a, b, c] = addends.map((addend) => states[addend]!)
      states.push(nets[net](a!, b, c))
    }
    const { net, addends } = assignments[last]!
    const [a, b, c] = addends.map((addend) => states[addend]!)
    const all = stacks(shape)
    const { name, layers } = net === 'netY' ? all[0]! : all.at(-1)!
    const rope = modelRope(shape)
    let h = nets.plus(a!, b, c)
    return Array.from({ length: layers }, (_, layer) => {
      const at = `${name}.layers.${layer}`
      const shares = tidy(() => Float32Array.from(sharesOf(shape, weights, at, h, rope).dataSync()))
      h = block(h, weights, at, shape, rope)
      return reduced(shares, shape, layer, kept)
    })
  })
}

/** Returns the map of one block, `[L, L]`: rows read, columns are read. */
function sharesOf(
  shape: ModelShape,
  weights: Weights,
  at: string,
  h: tf.Tensor3D,
  rope: ReturnType<typeof modelRope>,
): tf.Tensor2D {
  if (shape.mixer === 'attention') {
    const own = weightsAt<AttentionWeights>(weights, `${at}.self_attn`)
    return tf.squeeze(tf.mean(attentionMap(h, own, { heads: shape.heads, rope }), 1), [0])
  }
  const own = weightsAt<SwigluWeights>(weights, `${at}.mlp_t`)
  const L = totalTokens(shape)
  const count = Math.min(CHANNELS, shape.hidden)
  const channels = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * shape.hidden) / count))
  const values = tf.gather(tf.squeeze(h, [0]), channels, 1) as tf.Tensor2D
  const atOnce = Math.max(1, Math.floor(MOST_VALUES / (own.gate_up_proj.shape[0]! * L)))
  let sum: tf.Tensor2D = tf.zeros([L, L])
  for (let from = 0; from < count; from += atOnce)
    sum = tidy(() => {
      const some = tf.slice(values, [0, from], [L, Math.min(atOnce, count - from)])
      return tf.add(sum, tf.sum(tf.abs(tokenJacobian(some, own)), 0)) as tf.Tensor2D
    })
  return tf.div(sum, tf.add(tf.sum(sum, 1, true), 1e-30))
}

/** Keeps each cell's largest sources, and what all cells read of each. */
function reduced(shares: Float32Array, shape: ModelShape, layer: number, kept: number): TokenMap {
  const { seqLen: cells, puzzleTokens: before } = shape
  const L = totalTokens(shape)
  const k = Math.min(kept, cells)
  const received = new Float32Array(cells)
  const sources = new Uint16Array(cells * k)
  const most = new Float32Array(cells * k)
  let prefix = 0
  for (let cell = 0; cell < cells; cell++) {
    const row = shares.subarray((before + cell) * L, (before + cell + 1) * L)
    for (let token = 0; token < before; token++) prefix += row[token]! / cells
    const read = row.subarray(before)
    for (let other = 0; other < cells; other++) received[other]! += read[other]! / cells
    const order = Array.from({ length: cells }, (_, i) => i).sort((i, j) => read[j]! - read[i]! || i - j)
    for (let i = 0; i < k; i++) {
      sources[cell * k + i] = order[i]!
      most[cell * k + i] = read[order[i]!]!
    }
  }
  return { block: layer, received, prefix, kept: k, sources, shares: most }
}
