import * as tf from '@tensorflow/tfjs-core'
import { callOwn } from '../config/call-own.js'
import { type FunctionRecord, functionOf, type MixerSizes, type MixerWeight } from '../config/functions.js'
import { UserError } from '../errors.js'
import { Random } from '../random.js'
import { type ModelShape, totalTokens } from './shape.js'
import { GRADIENTS, usedInputs } from './tried.js'
import type { Weights } from './weights.js'

/** The initialisation of a mixer's weight. */
export interface MixerWeightSpec {
  readonly shape: readonly number[]
  readonly std: number
  readonly values?: number | ArrayLike<number>
}

/**
 * Returns the weights of a custom mixer in one block, in the order in which the mixer names them.
 *
 * @throws UserError if the mixer is not registered in this process, `weights` throws, or a weight's name, shape or values are
 * invalid.
 */
export function mixerWeights(shape: ModelShape, record: FunctionRecord): [string, MixerWeightSpec][] {
  const mixer = functionOf('mixer', record)
  const named: unknown = callOwn(`mixer ${record.name}`, 'weights', () => mixer.weights(sizesOf(shape)))
  if (typeof named !== 'object' || named === null) throw wrong(record, 'weights', 'shapes by name', String(named))
  return Object.entries(named).map(([name, weight]) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) throw wrong(record, 'weights', 'names of letters and digits', name)
    return [name, specOf(record, name, weight)]
  })
}

/** Returns the axis of the norm after the mixer. */
export function mixerNorm(record: FunctionRecord): 'channels' | 'tokens' {
  return functionOf('mixer', record).norm ?? 'channels'
}

/**
 * Returns mix(h) of a custom mixer.
 *
 * @param h `[B, L, D]`
 * @param at prefix of its weights' names
 * @returns `[B, L, D]`
 * @throws UserError if `apply` throws or returns a wrong shape.
 */
export function mix(
  h: tf.Tensor3D,
  weights: Weights,
  at: string,
  sizes: MixerSizes,
  record: FunctionRecord,
): tf.Tensor {
  const mixer = functionOf('mixer', record)
  const own = Object.entries(weights).filter(([name]) => name.startsWith(`${at}.`))
  const named = Object.fromEntries(own.map(([name, weight]) => [name.slice(at.length + 1), weight]))
  const mixed: unknown = callOwn(`mixer ${record.name}`, 'apply', () => mixer.apply(h, named, sizes))
  const expected = `a tensor [${h.shape.join(', ')}], the shape of h`
  if (!(mixed instanceof tf.Tensor)) throw wrong(record, 'apply', expected, typeof mixed)
  if (mixed.shape.join() !== h.shape.join()) throw wrong(record, 'apply', expected, `[${mixed.shape.join(', ')}]`)
  return mixed
}

/**
 * Tests a custom mixer on two rows, forward and backward, before training starts.
 *
 * @throws UserError if its result has the wrong shape, is not finite, or has no gradient for a weight.
 */
export function tryMixer(shape: ModelShape): void {
  const record = shape.mixer
  if (typeof record === 'string') return
  const specs = mixerWeights(shape, record)
  tf.tidy(() => {
    const random = Random.of(0, 'try', 'mixer')
    const draw = (of: readonly number[]): tf.Tensor => {
      const size = of.reduce((a, b) => a * b, 1)
      return tf.tensor(
        Float32Array.from({ length: size }, () => random.float() - 0.5),
        [...of],
      )
    }
    const inputs = [draw([2, totalTokens(shape), shape.hidden]), ...specs.map(([, spec]) => draw(spec.shape))]
    const run = (h: tf.Tensor, weights: readonly tf.Tensor[]): tf.Tensor =>
      mix(
        h as tf.Tensor3D,
        Object.fromEntries(specs.map(([name], i) => [`try.${name}`, weights[i]!])),
        'try',
        sizesOf(shape),
        record,
      )
    const used = usedInputs(
      inputs,
      ([h, ...weights]) => run(h!, weights),
      (found) => wrong(record, 'apply', GRADIENTS, found),
    )
    const unused = specs.find((_, i) => !used[i + 1])
    if (unused) throw wrong(record, 'apply', 'a use of every weight', `a result that does not depend on ${unused[0]}`)
  })
}

function sizesOf(shape: ModelShape): MixerSizes {
  return { hidden: shape.hidden, tokens: totalTokens(shape), heads: shape.heads, expansion: shape.expansion }
}

function specOf(record: FunctionRecord, name: string, weight: readonly number[] | MixerWeight): MixerWeightSpec {
  const { shape, std, values } = isShape(weight) ? { shape: weight, std: undefined, values: undefined } : weight
  const at = `weights, ${name}`
  if (!isShape(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 1))
    throw wrong(record, at, 'a shape of whole numbers of 1 or more', JSON.stringify(shape ?? null))
  const size = shape.reduce((a, b) => a * b, 1)
  if (std !== undefined && !(std >= 0 && Number.isFinite(std)))
    throw wrong(record, at, 'a standard deviation of 0 or more', String(std))
  if (values !== undefined && typeof values !== 'number' && values.length !== size)
    throw wrong(record, at, `${size} values for the shape [${shape.join(', ')}]`, String(values.length))
  const inputs = shape.slice(0, -1).reduce((a, b) => a * b, 1)
  const drawn = std ?? (shape.length < 2 ? 0 : 1 / Math.sqrt(inputs))
  return { shape, std: drawn, ...(values === undefined ? {} : { values }) }
}

function isShape(weight: unknown): weight is readonly number[] {
  return Array.isArray(weight)
}

function wrong({ name }: FunctionRecord, part: string, expected: string, found: string): UserError {
  return new UserError({ where: `mixer ${name}, ${part}`, expected, found, exitCode: 2 })
}
