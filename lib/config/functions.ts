import type * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../errors.js'
import { unprintableIn } from '../escape/visible.js'
import { sha256 } from '../files/atomic.js'

/** Sizes that the weights of a {@link Mixer} may depend on. */
export interface MixerSizes {
  /** Hidden size D. */
  readonly hidden: number
  /** Tokens L that the network sees: those of the puzzle and of the puzzle embedding. */
  readonly tokens: number
  /** The configuration's `heads`. */
  readonly heads: number
  /** The configuration's `expansion`. */
  readonly expansion: number
}

/** Shape and initialisation of a mixer's weight. */
export interface MixerWeight {
  readonly shape: readonly number[]
  /**
   * Standard deviation of the truncated normal initialisation. Default: 1/√(product of all axes but the last), as for a
   * kernel `[width, in, out]` or a matrix `[in, out]`; vectors and scalars start at zero.
   */
  readonly std?: number
  /** Initial values instead of random ones: one number for all elements, or one per element in row-major order. */
  readonly values?: number | ArrayLike<number>
}

/** A tensor of the rank of its shape, which TypeScript cannot infer from a name and tfjs's operations require. */
type TensorOfAnyRank = ReturnType<JSON['parse']>

/**
 * Mixes the tokens inside a block, h ← rms(h + mix(h)), instead of the MLP over tokens or self-attention (paper,
 * section 4.5). A model with a custom mixer runs on plain operations in float32; tfjs computes its gradient.
 *
 * A run's record keeps the source of both functions, as compiled by TypeScript, and its SHA-256, which is part of the
 * run's identity. Values of variables from outside a function are not: a note at the start of the run names them.
 *
 * @example
 * const conv: Mixer = { weights: ({ hidden }) => ({ kernel: [3, hidden, hidden] }), apply: (h, { kernel }) => tf.conv1d(h, kernel, 1, 'same') }
 */
export interface Mixer {
  /**
   * Label in tables and curves, up to 40 characters. Default: in a notebook the name of its variable, else that of
   * `apply`, else `mixer-` and the beginning of its hash.
   */
  readonly name?: string
  /** Returns the shapes of each block's weights by name; a checkpoint names them `….layers.0.mixer.NAME`. */
  readonly weights: (sizes: MixerSizes) => Readonly<Record<string, readonly number[] | MixerWeight>>
  /** Returns mix(h) `[B, L, D]` for h `[B, L, D]`, by differentiable tfjs operations that use every weight. */
  readonly apply: (h: tf.Tensor3D, weights: Readonly<Record<string, TensorOfAnyRank>>, sizes: MixerSizes) => tf.Tensor
  /**
   * Axis of the RMSNorm that follows: the channels D, or the tokens L as after the built-in MLP. Default: `channels`.
   */
  readonly norm?: 'channels' | 'tokens'
}

/**
 * Returns the loss of every token, instead of the cross-entropy over stablemax or softmax. As with the built-in losses,
 * it is averaged over the counted tokens of each row, then summed over rows; tokens with the label `IGNORE_LABEL`
 * (-100) are excluded, whatever their value. The halting losses are unchanged.
 *
 * A run's record keeps its source, as compiled by TypeScript, and its SHA-256, which is part of the run's identity; its
 * label is the name of the function. Values of variables from outside it are not: a note at the start of the run names them.
 *
 * @param logits `[B, seqLen, V]`
 * @param labels `[B, seqLen]` int32
 * @returns `[B, seqLen]`, by differentiable operations
 * @example
 * const focal: Loss = (logits, labels) => {
 *   const p = tf.sum(tf.mul(tf.softmax(logits), tf.oneHot(labels, 5)), -1)
 *   return tf.mul(tf.square(tf.sub(1, p)), tf.neg(tf.log(tf.add(p, 1e-6))))
 * }
 */
export type Loss = (logits: tf.Tensor3D, labels: tf.Tensor2D) => tf.Tensor

/** A function in a run's record: identified by its hash, displayed by its name. */
export interface FunctionRecord {
  readonly name: string
  /** Source as compiled by TypeScript; for a mixer, that of both functions in order. */
  readonly source: string
  /** SHA-256 of the source. */
  readonly sha256: string
}

/** Purpose of a function. */
export type FunctionKind = 'mixer' | 'loss' | 'metric'

/** Configuration keys that take a function, with the names of the built-in ones. */
export const FUNCTION_KEYS = { mixer: ['mlp', 'attention'], loss: ['stablemax', 'softmax'] } as const

// Global to the process, because a notebook's kernel reloads modules when their files change.
const GIVEN = Symbol.for('recurlab.functions')
// The notebook's kernel registers here a function that names the variable of a value.
const VARIABLE = Symbol.for('recurlab.variableOf')

const shared = globalThis as {
  [GIVEN]?: Map<string, unknown>
  [VARIABLE]?: (value: unknown) => string | null
}

// Functions of this process, by kind and hash; the latest of several with the same source.
shared[GIVEN] ??= new Map()
const given = shared[GIVEN]

/**
 * Returns the record of a mixer, a loss or a metric, and registers the function in this process under its hash.
 *
 * @param name label for a function without a name of its own
 * @throws UserError (exit code 2) when the value is not such a function, its name is not printable, or it has no
 * source.
 */
export function recordFunction(kind: FunctionKind, value: unknown, name?: string): FunctionRecord {
  const source = kind === 'mixer' ? mixerSource(value) : sourceOf(value, kind)
  const hash = sha256(source)
  given.set(`${kind} ${hash}`, value)
  return {
    name: checkedName(kind, name ?? ownName(kind, value) ?? `${kind}-${hash.slice(0, 6)}`),
    source,
    sha256: hash,
  }
}

/**
 * Returns the function of a record.
 *
 * @throws UserError when the function is not registered in this process: the source in a record is never executed.
 */
export function functionOf(kind: 'mixer', record: FunctionRecord): Mixer
export function functionOf(kind: 'loss', record: FunctionRecord): Loss
export function functionOf(kind: 'metric', record: FunctionRecord): (...inputs: never[]) => unknown
export function functionOf(kind: FunctionKind, record: FunctionRecord): unknown {
  if (!isKnownFunction(kind, record)) throw missingFunction({ kind, record, where: `key ${kind}` })
  return given.get(`${kind} ${record.sha256}`)
}

/** Returns whether the function of a record is registered in this process. */
export function isKnownFunction(kind: FunctionKind, { sha256 }: FunctionRecord): boolean {
  return given.has(`${kind} ${sha256}`)
}

/** A required function that is missing. */
export interface MissingFunction {
  readonly kind: FunctionKind
  readonly record: FunctionRecord
  /** The run, or the key, that requires it. */
  readonly where: string
  /** The function supplied instead. */
  readonly other?: FunctionRecord
  /** The call that supplies it, e.g. `resume('2026…', { mixer: conv })`. */
  readonly call?: string
}

/**
 * Returns the error for a missing function, which gives its name, hash and first line, and the call that supplies it.
 */
export function missingFunction({ kind, record, where, other, call }: MissingFunction): UserError {
  return new UserError({
    where,
    expected: `the ${kind} ${functionText(record)}`,
    found: other ? `another, ${functionText(other)}` : 'none: the source in the record is not executed',
    todo: `Pass it in a notebook or a program${call ? `: ${call}` : ''}; the command line takes no functions.`,
    exitCode: 2,
  })
}

/** Describes a function: `conv (SHA-256 3fa9c1d2e4b5: ({ hidden }) => …)`. */
function functionText({ name, source, sha256 }: FunctionRecord): string {
  const [first = '', ...more] = source.replace(/^weights: /, '').split('\n')
  const shown = first.length > 60 || more.length > 0 ? `${first.slice(0, 60)} …` : first
  return `${name} (SHA-256 ${sha256.slice(0, 12)}: ${shown})`
}

/** Returns whether a value of a configuration is the record of a function. */
export function isFunctionRecord(value: unknown): value is FunctionRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['name', 'source', 'sha256'].every((key) => typeof (value as Record<string, unknown>)[key] === 'string')
  )
}

/** Returns a configuration with each function reduced to its hash, for comparison between runs. */
export function withoutNames<T extends object>(config: T): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, isFunctionRecord(value) ? `SHA-256 ${value.sha256}` : value]),
  )
}

/**
 * Returns a value of a configuration as tables and labels show it: a function by name, with the beginning of its hash
 * when another function of that name has a different source.
 *
 * @param among the values of all configurations shown together
 */
export function shownValue<V>(value: V, among: readonly unknown[] = []): Exclude<V, FunctionRecord> | string {
  if (!isFunctionRecord(value)) return value as Exclude<V, FunctionRecord>
  const { name, sha256 } = value
  const twice = among.some((other) => isFunctionRecord(other) && other.name === name && other.sha256 !== sha256)
  return twice ? `${name} ${sha256.slice(0, 6)}` : name
}

/** Returns the source of a function. @throws UserError when it has none. */
function sourceOf(value: unknown, kind: string): string {
  if (typeof value !== 'function') throw wrong(kind, 'a function', typeof value)
  const text = value.toString()
  if (/\{\s*\[native code\]\s*\}$/.test(text))
    throw wrong(kind, 'a function with readable source', `${value.name}, which is bound or built in`)
  return text
}

function mixerSource(value: unknown): string {
  if (typeof value !== 'object' || value === null)
    throw wrong('mixer', '{ weights, apply }', value === null ? 'null' : typeof value)
  const { weights, apply, norm = 'channels', name: _, ...others } = value as Partial<Record<string, unknown>>
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw wrong('mixer', 'weights, apply, norm and name', unknown)
  if (norm !== 'channels' && norm !== 'tokens') throw wrong('mixer, norm', 'channels or tokens', String(norm))
  const texts = [`weights: ${sourceOf(weights, 'mixer, weights')}`, `apply: ${sourceOf(apply, 'mixer, apply')}`]
  return [...texts, `norm: ${norm}`].join('\n')
}

function ownName(kind: FunctionKind, value: unknown): string | undefined {
  if (kind !== 'mixer') return (value as { name?: string }).name || undefined
  const { name, apply } = value as Mixer
  const itsFunction = apply.name === 'apply' || apply.name === '' ? undefined : apply.name
  return name ?? shared[VARIABLE]?.(value) ?? itsFunction
}

function checkedName(kind: FunctionKind, name: string): string {
  const rule = 'a name of 1 to 40 characters on one line'
  if (typeof name !== 'string' || name.trim() === '' || name.length > 40 || unprintableIn(name) !== null)
    throw wrong(`${kind}, name`, rule, JSON.stringify(name))
  if (kind !== 'metric' && (FUNCTION_KEYS[kind] as readonly string[]).includes(name))
    throw wrong(`${kind}, name`, `another name than that of a built-in ${kind}`, name)
  return name
}

function wrong(where: string, expected: string, found: string): UserError {
  return new UserError({ where: `key ${where}`, expected, found, exitCode: 2 })
}
