import type { DataSizes } from '../config/published.js'
import type { JsonObject } from '../files/json.js'
import type { Dtype } from '../files/safetensors-dtype.js'
import type { HostTensor } from './weights.js'

/** Formats of Recurlab's own files, by the word `format` in their metadata. */
export const CHECKPOINT_FORMAT = 'recurlab-checkpoint-1'
export const WEIGHTS_FORMAT = 'recurlab-weights-1'

/** Prefix of averaged weights in a run's checkpoint. */
export const EMA_PREFIX = 'ema/'

/** What saved models wrap their names in: `torch.compile`, the loss head, the model around its inner one. */
const WRAPPERS = /^(?:_orig_mod\.|model\.|inner\.)+/

/** A tensor's published name without what the training program wrapped around the model. */
export function publishedName(name: string): string {
  return name.replace(WRAPPERS, '')
}

/** The wrapper of a name, e.g. `_orig_mod.model.inner.`; empty without one. */
export function wrapperOf(name: string): string {
  return WRAPPERS.exec(name)?.[0] ?? ''
}

/** Weights by their published names. */
export type NamedTensors = ReadonlyMap<string, HostTensor>

/** Who wrote a file of weights. */
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

/** What was not float32 in the file. */
export function widened(tensors: Iterable<{ readonly dtype: Dtype }>): string[] {
  const counts = new Map<Dtype, number>()
  for (const { dtype } of tensors) counts.set(dtype, (counts.get(dtype) ?? 0) + 1)
  counts.delete('F32')
  return [...counts].map(([dtype, count]) => `${count} tensor${count === 1 ? '' : 's'} of ${dtype}, read as float32`)
}
