import type { JsonObject } from '../files/json.js'
import type { Dtype } from '../files/safetensors-dtype.js'
import type { HostTensor } from '../model/weights.js'
import type { DataSizes } from './published-config.js'

/** Formats of Recurlab's own files, by the word `format` in their metadata. */
export const CHECKPOINT_FORMAT = 'recurlab-checkpoint-2'
export const WEIGHTS_FORMAT = 'recurlab-weights-2'
/** Every version of them begins so. */
export const OWN_FORMATS = 'recurlab-'

/** Prefix of averaged weights in a run's checkpoint. */
export const EMA_PREFIX = 'ema/'

/** The loss head, and the model around its inner one: what the published code wraps at the beginning of names. */
const OUTER = /^(?:model|inner)$/

/** Wrappers of any module, by `torch.compile`, DDP, FSDP, DeepSpeed and activation checkpointing. */
const ANYWHERE = /^(?:_orig_mod|module|_fsdp_wrapped_module|_forward_module|_checkpoint_wrapped_module)$/

/** A tensor's published name without what the training program wrapped around the model or its modules. */
export function publishedName(name: string): string {
  const words = name.split('.')
  // Programs that strip one wrapper of two leave a dot behind.
  while (words.length > 0 && (words[0] === '' || OUTER.test(words[0]!) || ANYWHERE.test(words[0]!))) words.shift()
  return words.filter((word) => !ANYWHERE.test(word)).join('.')
}

/** The part of a name that {@link publishedName} strips, e.g. `_orig_mod.model.inner.`; empty if it strips nothing. */
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
 * The remaining prefix of the published names: the text before a tensor that every model has, if all names start with
 * it; else empty. This strips a program's own name for its model, and nothing from a file of several models.
 */
export function commonPrefix(names: readonly string[]): string {
  const anchors = names.filter((name) => name.endsWith(`.${ANCHOR}`))
  const prefix = anchors.length === 1 ? anchors[0]!.slice(0, -ANCHOR.length) : ''
  return names.every((name) => name.startsWith(prefix)) ? prefix : ''
}

const ANCHOR = 'embed_tokens.embedding_weight'

/** Weights by their published names. */
export type NamedTensors = ReadonlyMap<string, HostTensor>

/** The program that wrote a file of weights. */
export type WeightsFormat = typeof CHECKPOINT_FORMAT | typeof WEIGHTS_FORMAT | 'safetensors' | 'pytorch'

/** A file's tensors under the names it gives them, and what it says of itself. */
export interface StoredWeights {
  readonly format: WeightsFormat
  readonly tensors: ReadonlyMap<string, HostTensor>
  readonly weights: 'ema' | 'live' | 'saved'
  /** The configuration that the file carries. */
  readonly config: JsonObject | null
  /** Sizes of the data that it tells beside. */
  readonly sizes: DataSizes
  readonly dataHash: string | null
  readonly step: number | null
  readonly notes: readonly string[]
}

/** Types other than float32 in the file. */
export function widened(tensors: Iterable<{ readonly dtype: Dtype }>): string[] {
  const counts = new Map<Dtype, number>()
  for (const { dtype } of tensors) counts.set(dtype, (counts.get(dtype) ?? 0) + 1)
  counts.delete('F32')
  return [...counts].map(([dtype, count]) => `${count} tensor${count === 1 ? '' : 's'} of ${dtype}, read as float32`)
}
