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
