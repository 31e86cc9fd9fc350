import type { JsonObject } from '../files/json.js'
import type { Dtype } from '../files/safetensors-dtype.js'
import type { HostTensor } from '../model/weights.js'
import type { DataSizes } from './published-config.js'

/** Values of `format` in the metadata of Recurlab's own files. */
export const CHECKPOINT_FORMAT = 'recurlab-checkpoint-4'
export const WEIGHTS_FORMAT = 'recurlab-weights-2'
/** Common prefix of every version. */
export const OWN_FORMATS = 'recurlab-'

/** Prefix of averaged weights in a run's checkpoint. */
export const EMA_PREFIX = 'ema/'

/** Wrappers that the published code puts at the start of names: the loss head, and the model around its inner one. */
const OUTER = /^(?:model|inner)$/

/** Wrappers around any module: `torch.compile`, DDP, FSDP, DeepSpeed and activation checkpointing. */
const ANYWHERE = /^(?:_orig_mod|module|_fsdp_wrapped_module|_forward_module|_checkpoint_wrapped_module)$/

/** Returns a tensor's published name, without the wrappers of the training program. */
export function publishedName(name: string): string {
  const words = name.split('.')
  // A program that strips one of two wrappers leaves a leading dot.
  while (words.length > 0 && (words[0] === '' || OUTER.test(words[0]!) || ANYWHERE.test(words[0]!))) words.shift()
  return words.filter((word) => !ANYWHERE.test(word)).join('.')
}

/** Returns the prefix that {@link publishedName} strips, e.g. `_orig_mod.model.inner.`; empty when there is none. */
export function wrapperOf(name: string): string {
  const published = publishedName(name)
  if (name.endsWith(published)) return name.slice(0, name.length - published.length)
  return name
    .split('.')
    .filter((word) => ANYWHERE.test(word))
    .map((word) => `${word}.`)
    .join('')
}

/**
 * Returns the common prefix of published names: the text before a tensor that every model has, when all names start
 * with it; else empty. It covers a program's own name for its model, and never a file of several models.
 */
export function commonPrefix(names: readonly string[]): string {
  const anchors = names.filter((name) => name.endsWith(`.${ANCHOR}`))
  const prefix = anchors.length === 1 ? anchors[0]!.slice(0, -ANCHOR.length) : ''
  return names.every((name) => name.startsWith(prefix)) ? prefix : ''
}

const ANCHOR = 'embed_tokens.embedding_weight'

/** Weights by published name. */
export type NamedTensors = ReadonlyMap<string, HostTensor>

/** Format of a file of weights. */
export type WeightsFormat = typeof CHECKPOINT_FORMAT | typeof WEIGHTS_FORMAT | 'safetensors' | 'pytorch'

/** The tensors of a file under their stored names, with its metadata. */
export interface StoredWeights {
  readonly format: WeightsFormat
  readonly tensors: ReadonlyMap<string, HostTensor>
  readonly weights: 'ema' | 'live' | 'saved'
  /** Configuration embedded in the file. */
  readonly config: JsonObject | null
  /** Data sizes recorded in the file. */
  readonly sizes: DataSizes
  readonly dataHash: string | null
  readonly step: number | null
  readonly notes: readonly string[]
}

/** Returns the element types in the file other than float32. */
export function widened(tensors: Iterable<{ readonly dtype: Dtype }>): string[] {
  const counts = new Map<Dtype, number>()
  for (const { dtype } of tensors) counts.set(dtype, (counts.get(dtype) ?? 0) + 1)
  counts.delete('F32')
  return [...counts].map(([dtype, count]) => `${count} tensor${count === 1 ? '' : 's'} of ${dtype}, read as float32`)
}
