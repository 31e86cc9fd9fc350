import type * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../errors.js'
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

/** The shape of a mixer's weight and how it begins. */
export interface MixerWeight {
  readonly shape: readonly number[]
  /**
   * Standard deviation of the truncated normal that it is drawn from; default 1/√(all axes but the last), as for a kernel
   * `[width, in, out]` or a matrix `[in, out]`; a vector or a scalar begins at zero.
   */
  readonly std?: number
  /** Initial values in the place of drawn ones: one number for all, or as many as the shape has, row by row. */
  readonly values?: number | ArrayLike<number>
}

/** A tensor of the rank that its shape has: TypeScript cannot tell it from a name, and tfjs's operations ask for it. */
type TensorOfAnyRank = ReturnType<JSON['parse']>

/**
 * Mixes the tokens inside a block, h ← rms(h + mix(h)), in the place of the MLP over tokens or of self-attention (paper,
 * section 4.5). A model with such a mixer is computed by plain operations in float32; tfjs takes its gradient.
 *
 * A run's record keeps the text of both functions, as TypeScript has compiled it, and its SHA-256, which is part of the
 * run's identity. Values that a function takes from around it are not in its text.
 *
 * @example
 * const conv: Mixer = { weights: ({ hidden }) => ({ kernel: [3, hidden, hidden] }), apply: (h, { kernel }) => tf.conv1d(h, kernel, 1, 'same') }
 */
export interface Mixer {
  /**
   * The name in tables and curves, in up to 40 characters; default: in a notebook the name of its variable, else that of
   * `apply`, else `mixer-` and the beginning of its hash.
   */
  readonly name?: string
  /** Shapes of each block's weights by name; in a checkpoint they are called `….layers.0.mixer.NAME`. */
  readonly weights: (sizes: MixerSizes) => Readonly<Record<string, readonly number[] | MixerWeight>>
  /**
   * mix(h): h is `[B, L, D]`, and so is what it returns. It consists of tfjs's operations that have a gradient, and uses
   * every weight.
   */
  readonly apply: (h: tf.Tensor3D, weights: Readonly<Record<string, TensorOfAnyRank>>, sizes: MixerSizes) => tf.Tensor
  /** The axis of the RMSNorm after it: the channels D, or the tokens L as after the built-in MLP. Default `channels`. */
  readonly norm?: 'channels' | 'tokens'
}

/**
 * The loss of every token, in the place of the cross-entropy over stablemax or softmax. What it returns is averaged inside
 * each row over the tokens that count, then summed over rows, as the built-in losses are; tokens with the label
 * `IGNORE_LABEL` (-100) are left out, whatever it returns for them. The halting losses stay as they are.
 *
 * A run's record keeps its text, as TypeScript has compiled it, and its SHA-256, which is part of the run's identity; its
 * name is that of the function. Values that it takes from around it are not in its text.
 *
 * @param logits `[B, seqLen, V]`
 * @param labels `[B, seqLen]` int32
 * @returns `[B, seqLen]`, by operations that have a gradient
 * @example
 * const focal: Loss = (logits, labels) => {
 *   const p = tf.sum(tf.mul(tf.softmax(logits), tf.oneHot(labels, 5)), -1)
 *   return tf.mul(tf.square(tf.sub(1, p)), tf.neg(tf.log(tf.add(p, 1e-6))))
 * }
 */
export type Loss = (logits: tf.Tensor3D, labels: tf.Tensor2D) => tf.Tensor

/** A function in a run's record: the hash decides the run's identity, and the name is for people. */
export interface FunctionRecord {
  readonly name: string
  /** The text, as TypeScript has compiled it; that of a mixer has its parts one after the other. */
  readonly source: string
  /** Of the source. */
  readonly sha256: string
}

/** Kinds of functions of the user's own. */
export type FunctionKind = 'mixer' | 'loss' | 'metric'

/** Keys of the configuration that take a function, with the names of those that are built in. */
export const FUNCTION_KEYS = { mixer: ['mlp', 'attention'], loss: ['stablemax', 'softmax'] } as const

/** Known to the whole process: a notebook's kernel loads modules again when their files change. */
const GIVEN = Symbol.for('recurlab.functions')
/** A notebook's kernel says under it which variable holds a value. */
const VARIABLE = Symbol.for('recurlab.variableOf')

const shared = globalThis as {
  [GIVEN]?: Map<string, unknown>
  [VARIABLE]?: (value: unknown) => string | null
}

/** The functions that this process was given, by kind and hash; of several with one text the latest. */
shared[GIVEN] ??= new Map()
const given = shared[GIVEN]

/** Control characters, and what turns the direction of the text after it. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

/**
 * The record of a mixer, a loss or a metric, which from now on this process knows by its hash.
 *
 * @param name what it is called where its own name does not tell
 * @throws UserError (exit code 2) for what is none, a name that cannot be shown, and a function without a text.
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
 * The function of a record.
 *
 * @throws UserError when this process was not given it: a record holds the text of a function, which is not run.
 */
export function functionOf(kind: 'mixer', record: FunctionRecord): Mixer
export function functionOf(kind: 'loss', record: FunctionRecord): Loss
export function functionOf(kind: 'metric', record: FunctionRecord): (...inputs: never[]) => unknown
export function functionOf(kind: FunctionKind, record: FunctionRecord): unknown {
  if (!isKnownFunction(kind, record)) throw missingFunction({ kind, record, where: `key ${kind}` })
  return given.get(`${kind} ${record.sha256}`)
}

/** Whether this process was given the function of a record. */
export function isKnownFunction(kind: FunctionKind, { sha256 }: FunctionRecord): boolean {
  return given.has(`${kind} ${sha256}`)
}

/** A function that is wanted and not there. */
export interface MissingFunction {
  readonly kind: FunctionKind
  readonly record: FunctionRecord
  /** The run, or the key. */
  readonly where: string
  /** The one that was given in its place. */
  readonly other?: FunctionRecord
  /** How it is given, e.g. `resume('2026…', { mixer: conv })`. */
  readonly call?: string
}

/** The error that names a function by its name, hash and first line, and says how it is given. */
export function missingFunction({ kind, record, where, other, call }: MissingFunction): UserError {
  return new UserError({
    where,
    expected: `the ${kind} ${functionText(record)}`,
    found: other ? `another, ${functionText(other)}` : 'none: the record holds its text, which is not run',
    todo: `Give it in a notebook or a program${call ? `: ${call}` : ''}; the command line takes no functions.`,
    exitCode: 2,
  })
}

/** A function in words: `conv (SHA-256 3fa9c1d2e4b5: ({ hidden }) => …)`. */
function functionText({ name, source, sha256 }: FunctionRecord): string {
  const [first = '', ...more] = source.replace(/^weights: /, '').split('\n')
  const shown = first.length > 60 || more.length > 0 ? `${first.slice(0, 60)} …` : first
  return `${name} (SHA-256 ${sha256.slice(0, 12)}: ${shown})`
}

/** Whether a value of a configuration is the record of a function. */
export function isFunctionRecord(value: unknown): value is FunctionRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['name', 'source', 'sha256'].every((key) => typeof (value as Record<string, unknown>)[key] === 'string')
  )
}

/** A configuration with the hash alone of each function in it: what tells runs apart. */
export function withoutNames<T extends object>(config: T): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, isFunctionRecord(value) ? `SHA-256 ${value.sha256}` : value]),
  )
}

/**
 * A value of a configuration as tables and labels have it: a function by its name, and with the beginning of its hash where
 * others of that name have another text.
 *
 * @param among the values of all configurations that are shown beside each other
 */
export function shownValue<V>(value: V, among: readonly unknown[] = []): Exclude<V, FunctionRecord> | string {
  if (!isFunctionRecord(value)) return value as Exclude<V, FunctionRecord>
  const { name, sha256 } = value
  const twice = among.some((other) => isFunctionRecord(other) && other.name === name && other.sha256 !== sha256)
  return twice ? `${name} ${sha256.slice(0, 6)}` : name
}

/** The text of a function. @throws UserError for what has none. */
function sourceOf(value: unknown, kind: string): string {
  if (typeof value !== 'function') throw wrong(kind, 'a function', typeof value)
  const text = value.toString()
  if (/\{\s*\[native code\]\s*\}$/.test(text))
    throw wrong(kind, 'a function whose text can be read', `${value.name}, which is bound or built in`)
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
  if (typeof name !== 'string' || name.trim() === '' || name.length > 40 || UNPRINTABLE.test(name))
    throw wrong(`${kind}, name`, rule, JSON.stringify(name))
  if (kind !== 'metric' && (FUNCTION_KEYS[kind] as readonly string[]).includes(name))
    throw wrong(`${kind}, name`, `another name than that of a built-in ${kind}`, name)
  return name
}

function wrong(where: string, expected: string, found: string): UserError {
  return new UserError({ where: `key ${where}`, expected, found, exitCode: 2 })
}
