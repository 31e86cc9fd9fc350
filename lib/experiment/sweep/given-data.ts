import { GENERATED_KEYS } from '../../config/data-keys.js'
import { parseConfig } from '../../config/parse.js'
import type { ConfigInput } from '../../config/schema.js'
import type { Dataset, Split } from '../../data/dataset.js'
import { currentHost } from '../../notebook/host.js'
import { type Meter, openMeter } from '../../notebook/progress-meter.js'
import { datasetOf } from '../data/dataset.js'

/** The arguments that follow the configuration: a data set, options, both or neither. */
export type DataAndOptions<O> = [data: Dataset, options?: O | undefined] | [options?: O | undefined]

/** Tells a data set from options. */
export function dataAndOptions<O extends object>(
  rest: DataAndOptions<O>,
): { readonly given: Dataset | null; readonly options: O | undefined } {
  const [first, second] = rest as readonly [(Dataset | O)?, O?]
  if (first && 'manifest' in first && 'train' in first) return { given: first, options: second }
  return { given: null, options: second ?? (first as O | undefined) }
}

/** Milliseconds of making data sets before a notebook shows progress. */
const SILENT_MS = 1000

/**
 * Calls a function with the data set of each configuration in turn. In a notebook, a progress line is shown if that takes
 * long.
 *
 * @param silent whether progress is hidden
 */
export async function withDataSets<T>(
  inputs: readonly ConfigInput[],
  sets: DataSets,
  silent: boolean,
  work: (input: ConfigInput, data: Dataset) => T,
): Promise<T[]> {
  const started = performance.now()
  const results: T[] = []
  let meter: Meter | null = null
  try {
    for (const input of inputs) {
      results.push(work(input, await sets.of(input)))
      if (performance.now() - started < SILENT_MS || silent || !currentHost()) continue
      meter ??= openMeter({ label: 'data sets', total: inputs.length, unit: 'runs' })
      meter.at(results.length)
      // Lets the event loop send the output and receive a stop.
      await new Promise((resolve) => setImmediate(resolve))
    }
    meter?.end('done')
    return results
  } finally {
    meter?.end('stopped')
  }
}

/** Maximum bytes of puzzles kept in memory. */
const KEPT_BYTES = 512e6

/** Data sets of configurations: each is made once, and again only if memory was needed for others in between. */
export class DataSets {
  readonly #given: Dataset | null
  readonly #kept = new Map<string, Dataset>()

  /** @param given the data set that replaces all others */
  constructor(given: Dataset | null) {
    this.#given = given
  }

  /** Returns the given data set, else the one of the configuration. @throws UserError as `datasetOf` does. */
  async of(input: ConfigInput): Promise<Dataset> {
    if (this.#given) return this.#given
    const config = parseConfig(input)
    const key = JSON.stringify([config.task, config.data, ...GENERATED_KEYS.map((name) => config[name])])
    const found = this.#kept.get(key) ?? (await datasetOf(config))
    // The most recently requested data set is evicted last.
    this.#kept.delete(key)
    this.#kept.set(key, found)
    let bytes = [...this.#kept.values()].reduce((sum, one) => sum + datasetBytes(one), 0)
    for (const [old, one] of this.#kept) {
      if (bytes <= KEPT_BYTES || old === key) break
      this.#kept.delete(old)
      bytes -= datasetBytes(one)
    }
    return found
  }
}

/** Returns the bytes of a data set's puzzles. */
export function datasetBytes({ train, test }: Dataset): number {
  const of = ({ inputs, labels, ratings }: Split): number => inputs.byteLength + labels.byteLength + ratings.byteLength
  return of(train) + of(test)
}
