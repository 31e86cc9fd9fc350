import path from 'node:path'
import { isTemporary } from '../../files/beside.js'
import { fileOperations as fs } from '../../files/operations.js'
import { placeToRead } from '../../files/places.js'
import { weightsNamed, weightsNames } from '../../interop/named/record.js'
import { readFacts } from '../../recording/facts.js'
import { listRuns } from '../../results/run.js'
import { isDataset } from '../../storage/inspect.js'
import { MANIFEST, readManifest } from '../../storage/manifest.js'
import { loadDataset, OWN_FILES } from '../../storage/store.js'
import { listPlans, readPlan } from '../sweep/plan.js'
import { recordingIds, recordingsFolder } from '../think/recordings.js'
import { type Entry, entriesOf, isAbandoned, offer, readable, type Search } from './garbage.js'

/** Levels of folders of data that are searched. */
const LEVELS = 3

/** Name of the part of a download and of its notes; while a process writes them, they carry its name. */
const PART = /\.part(\.json|\..+\.tmp(\.json)?)?$/

/** Searches the folder of data sets: what interrupted builds and downloads left, and data sets that nothing names. */
export function searchData(search: Search): void {
  const sets: Entry[] = []
  searchFolder(search.data, LEVELS, sets, search)
  if (sets.length === 0) return
  const named = namedData(search)
  if (named === null) {
    search.notes.push('data sets are not judged: a run, recording, sweep or record of weights cannot be read')
    return
  }
  for (const entry of sets) {
    const isStill = (): boolean => {
      const now = namedData(search)
      return now !== null && isUnused(entry, now)
    }
    if (isUnused(entry, named)) offer(search, 'data sets that nothing names', entry, { isStill })
  }
}

function searchFolder(folder: string, levels: number, sets: Entry[], search: Search): void {
  for (const entry of entriesOf(folder)) {
    if (entry.kind === 'folder' && entry.name === 'weights' && levels === LEVELS) continue
    if (entry.kind === 'file' && PART.test(entry.name)) {
      if (!isTemporary(entry.name) || isAbandoned(entry)) offer(search, 'parts of downloads', entry)
    } else if (isTemporary(entry.name)) searchTemporary(entry, search)
    else if (entry.kind === 'folder' && !entry.name.startsWith('.')) {
      if (isDataset(entry.path)) sets.push(entry)
      else if (levels > 0) searchFolder(entry.path, levels - 1, sets, search)
    }
  }
}

/** Offers what a dead process left, unless it is the only copy of a data set that was being replaced: the next load puts that back. */
function searchTemporary(entry: Entry, search: Search): void {
  if (!isAbandoned(entry)) return
  const target = entry.path.replace(/\.\d+(-\w+-\d+)?\.(tmp|old)$/, '')
  const isStill = (): boolean =>
    entry.kind === 'file' ||
    !fs.existsSync(path.join(entry.path, MANIFEST)) ||
    (fs.existsSync(target) && readable(() => loadDataset(target)) !== null)
  // An earlier gc moves garbage aside under a hidden name.
  const isAside = entry.name.startsWith('.')
  if (isAside || isStill()) offer(search, 'temporary files of dead processes', entry, isAside ? {} : { isStill })
  else search.unknown.push(entry.path)
}

/** The data sets that runs, recordings, sweeps and weights name. */
interface NamedData {
  readonly hashes: ReadonlySet<string>
  readonly places: ReadonlySet<string>
}

/** Returns the data that anything names; null when something that may name some cannot be read. */
function namedData({ results }: Search): NamedData | null {
  return readable(() => {
    const { runs, damaged } = listRuns(results)
    if (damaged.length > 0) return null
    const recordings = recordingIds(results).map((id) => readFacts(path.join(recordingsFolder(results), id)))
    const planned = listPlans(results).flatMap((id) => readPlan(id, results).runs)
    const weights = weightsNames().map((name) => weightsNamed(name)?.record.training?.dataHash)
    const hashes = [
      ...runs.map(({ provenance }) => provenance.dataHash),
      ...recordings.map(({ data }) => data.hash),
      ...planned.map((run) => run.hashes.data),
      ...weights,
    ]
    const places = [...runs, ...planned].map(({ config }) => config.data)
    const isText = (value: unknown): value is string => typeof value === 'string'
    return {
      hashes: new Set(hashes.filter(isText)),
      places: new Set(places.filter(isText).map((place) => path.resolve(placeToRead(place)))),
    }
  })
}

/** Returns whether nothing names a data set. One without a readable manifest of ours, or with files of others, is never unused. */
function isUnused({ path: dir }: Entry, { hashes, places }: NamedData): boolean {
  if (!fs.existsSync(path.join(dir, MANIFEST))) return false
  const manifest = readable(() => readManifest(path.join(dir, MANIFEST)))
  if (manifest === null || hashes.has(manifest.hash) || places.has(path.resolve(dir))) return false
  return entriesOf(dir).every(({ name }) => OWN_FILES.includes(name))
}
