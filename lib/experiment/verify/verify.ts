import { type DataType, Float64, type Table, Utf8 } from 'apache-arrow'
import { Interrupted } from '../../errors.js'
import { type Row, tableOfRows } from '../../files/arrow-rows.js'
import type { Fault } from '../../files/inspection.js'
import { currentHost } from '../../notebook/host.js'
import { openMeter } from '../../notebook/progress-meter.js'
import { stoppable } from '../run/stop.js'
import { type Inspected, inspectThing } from './inspect.js'
import { checkReferences } from './references.js'
import { type Kind, type Places, storedThings, type Thing, thingsNamed } from './things.js'

/** Options of {@link verify}. */
export interface VerifyOptions extends Places {
  /** Called with the bytes read so far and those there are. Default: a notebook shows a progress line. */
  readonly onProgress?: (done: number, total: number) => void
  /** When aborted, the work ends after the current thing. Default: when the user stops the notebook cell. */
  readonly signal?: AbortSignal
}

/** One verified thing. */
export interface Verified {
  readonly kind: Kind
  readonly id: string
  readonly path: string
  /** `at work`: a process writes it, and what was complete is undamaged. */
  readonly state: 'undamaged' | 'damaged' | 'at work'
  /** Bytes read. */
  readonly bytes: number
  readonly faults: readonly Fault[]
  /** Things that were not checked or are not here, one sentence each. */
  readonly notes: readonly string[]
}

/**
 * Verifies stored things one after the other: every byte is read once or twice and compared with its checksum, in memory
 * that does not depend on their size.
 *
 * @param words files, folders, IDs or names; none for everything in the results and data folders
 * @throws UserError (exit code 2) for a word that names nothing; Interrupted if it is stopped.
 */
export async function verifyThings(words: readonly string[], options: VerifyOptions = {}): Promise<Verified[]> {
  const things = words.length === 0 ? storedThings(options) : words.flatMap((word) => thingsNamed(word, options))
  const total = things.reduce((sum, { bytes }) => sum + bytes, 0)
  const { onProgress } = options
  const meter =
    onProgress === undefined && currentHost() ? openMeter({ label: 'verifying', total, unit: 'bytes' }) : null
  let done = 0
  const progress = (bytes: number): void => {
    done += bytes
    // Some files are read twice.
    meter?.at(Math.min(done, total))
    onProgress?.(Math.min(done, total), total)
  }
  try {
    return await stoppable(options.signal, async ({ signal }) => {
      const inspected: Inspected[] = []
      let before = 0
      for (const thing of unique(things)) {
        if (signal?.aborted) throw new Interrupted(`stopped after ${inspected.length} of ${things.length}`)
        inspected.push(inspectThing(thing, progress))
        before += thing.bytes
        progress(before - done)
        await new Promise((resolve) => setImmediate(resolve))
      }
      checkReferences(inspected, options.results)
      meter?.end('done')
      return inspected.map(verified)
    })
  } finally {
    meter?.end('stopped')
  }
}

/**
 * Returns a table of what is stored and what is wrong with it: `kind`, `id`, `path`, `state` (`undamaged`, `damaged`, `at work`),
 * `bytes`, and for every fault a row with `where`, `expected`, `found` and `todo`, which are null where nothing is wrong.
 * Hashes of all files, the batches of tables, row counts, the numbers and shapes of checkpoints, hashes of data sets and
 * references between things are checked.
 *
 * @param named files, folders, IDs or names. Default: everything in the results and data folders
 * @example
 * show(await verify())
 * @throws UserError (exit code 2) for a name of nothing; Interrupted if it is stopped.
 */
export async function verify(named: string | readonly string[] = [], options: VerifyOptions = {}): Promise<Table> {
  const words = typeof named === 'string' ? [named] : named
  return tableOfRows((await verifyThings(words, options)).flatMap(rowsOf), [], COLUMNS)
}

const TEXTS = ['kind', 'id', 'path', 'state', 'where', 'expected', 'found', 'todo']
const COLUMNS = new Map<string, DataType>([
  ...TEXTS.map((name): [string, DataType] => [name, new Utf8()]),
  ['bytes', new Float64()],
])

function rowsOf({ kind, id, path, state, bytes, faults }: Verified): Row[] {
  const thing = { kind, id, path, state, bytes }
  if (faults.length === 0) return [{ ...thing, where: null, expected: null, found: null, todo: null }]
  return faults.map(({ where, expected, found, todo = null }) => ({ ...thing, where, expected, found, todo }))
}

function verified({ thing, inspection, isAtWork }: Inspected): Verified {
  const { faults, notes, bytes } = inspection
  const state = faults.length > 0 ? 'damaged' : isAtWork ? 'at work' : 'undamaged'
  return { kind: thing.kind, id: thing.id, path: thing.path, state, bytes, faults, notes }
}

function unique(things: readonly Thing[]): Thing[] {
  return [...new Map(things.map((thing) => [thing.path, thing])).values()]
}
