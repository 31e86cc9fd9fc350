import type { Batch } from '../data/dataset.js'
import { type SamplerState, trainingBatches } from '../data/sampler.js'
import { taskNamed } from '../tasks/registry.js'
import { COUNTERS, type Preparation } from './ahead.js'

/** Maximum number of batches waiting. */
const AHEAD = 2

/** Prepares batches indefinitely from the position it receives, at most `AHEAD` before they are taken. */
export function prepareBatches({ data, spec, options, counters, port }: Preparation): void {
  const augment = spec && (taskNamed(spec.task).augmentation?.(spec.parts) ?? null)
  const batches = trainingBatches({ ...data, augment }, options)
  port.once('message', (position: SamplerState) => {
    batches.restore(position)
    for (let made = 1; ; made++) {
      const batch = batches.next()
      port.postMessage({ batch, state: batches.state() }, buffersOf(batch))
      Atomics.add(counters, COUNTERS.made, 1)
      Atomics.notify(counters, COUNTERS.made)
      for (;;) {
        const taken = Atomics.load(counters, COUNTERS.taken)
        if (made - taken < AHEAD) break
        Atomics.wait(counters, COUNTERS.taken, taken)
      }
    }
  })
  Atomics.store(counters, COUNTERS.ready, 1)
}

function buffersOf({ inputs, labels, puzzleIds, rows, versions }: Batch): ArrayBuffer[] {
  return [inputs, labels, puzzleIds, rows, versions].map(({ buffer }) => buffer as ArrayBuffer)
}
