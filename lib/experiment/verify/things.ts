import path from 'node:path'
import { UserError } from '../../errors.js'
import { isTemporary } from '../../files/beside.js'
import { fileOperations as fs } from '../../files/operations.js'
import { defaultPlace, placeToRead } from '../../files/places.js'
import { WEIGHTS_FOLDER } from '../../interop/named/record.js'
import { didYouMean } from '../../options/nearest.js'
import { FACTS_FILE } from '../../recording/facts.js'
import { DEFAULT_RESULTS, FILES, resultsFolder, runsFolder, sweepsFolder } from '../../results/layout.js'
import { isDataset } from '../../storage/inspect.js'
import { isPlan } from '../sweep/plan.js'
import { recordingsFolder } from '../think/recordings.js'

/** Kinds of stored things. */
export type Kind = 'run' | 'data set' | 'recording' | 'sweep' | 'weights' | 'notebook' | 'table'

/** Something stored that can be verified. */
export interface Thing {
  readonly kind: Kind
  /** Name of its folder or file. */
  readonly id: string
  readonly path: string
  /** Bytes of its files. */
  readonly bytes: number
}

/** Where stored things are looked for. */
export interface Places {
  /** Default: `results`, in a notebook that of the project. */
  readonly results?: string | undefined
  /** Default: `data`, in a notebook that of the project. */
  readonly data?: string | undefined
}

/** Default folder of data sets. */
export const DEFAULT_DATA = 'data'

/** Levels of folders below one without a kind of its own that are searched. */
const LEVELS = 4

/** Returns everything that is stored in the results and data folders. */
export function storedThings({ results = DEFAULT_RESULTS, data }: Places): Thing[] {
  const dataDir = data ?? defaultPlace(DEFAULT_DATA)
  const things = [...thingsOfResults(results), ...thingsIn(dataDir, LEVELS)]
  if (data === undefined) things.push(...thingsIn(WEIGHTS_FOLDER, 1))
  return unique(things)
}

function thingsOfResults(results: string): Thing[] {
  const folders: [Kind, string][] = [
    ['run', runsFolder(results)],
    ['recording', recordingsFolder(results)],
    ['sweep', sweepsFolder(results)],
  ]
  const things = folders.flatMap(([kind, folder]) =>
    // A folder whose name starts with a dot is one that is being made or removed.
    foldersIn(folder).flatMap((dir) => (entriesIn(dir).length > 0 ? [thing(kind, dir)] : [])),
  )
  const stored = things
    .filter(({ kind }) => kind === 'sweep')
    .flatMap((sweep) => thingsIn(path.join(sweep.path, 'data'), 1))
  return [...things, ...stored, ...thingsIn(path.join(resultsFolder(results), 'notebooks'), LEVELS)]
}

/**
 * Returns the things that a word names: a file or a folder, all things below a folder, or the ID or name of one, or its beginning.
 *
 * @throws UserError (exit code 2) when there is nothing of that name, or several.
 */
export function thingsNamed(word: string, places: Places): Thing[] {
  const place = placeToRead(word)
  if (fs.existsSync(place)) {
    const found = unique([...(isResults(place) ? thingsOfResults(place) : []), ...thingsIn(place, LEVELS)])
    if (found.length > 0) return found
    throw new UserError({
      where: word,
      expected: 'a run, a data set, a recording, a sweep, weights, a notebook or a table of Arrow',
      found: fs.statSync(place).isDirectory() ? 'a folder without any' : 'another file',
      exitCode: 2,
    })
  }
  const all = storedThings(places)
  const exact = all.filter(({ id }) => id === word)
  const matching = exact.length > 0 ? exact : all.filter(({ id }) => id.startsWith(word))
  if (matching.length === 1) return matching
  const ids = matching.map(({ kind, id }) => `${kind} ${id}`)
  throw new UserError({
    where: word,
    expected: 'a file, a folder, or the beginning of one ID',
    found: matching.length === 0 ? 'nothing of that name' : `${ids.length}: ${ids.slice(0, 5).join(', ')}`,
    todo:
      didYouMean(
        word,
        all.map(({ id }) => id),
      ) ?? 'recurlab verify without a name checks everything.',
    exitCode: 2,
  })
}

/** Returns the things at a path or below it. */
function thingsIn(place: string, levels: number): Thing[] {
  if (!fs.existsSync(place)) return []
  const kind = kindAt(place)
  if (kind !== null) return [thing(kind, place)]
  if (levels === 0 || !fs.statSync(place).isDirectory()) return []
  return entriesIn(place).flatMap((name) => thingsIn(path.join(place, name), levels - 1))
}

function kindAt(place: string): Kind | null {
  const stat = fs.statSync(place)
  if (stat.isFile()) {
    if (place.endsWith('.ipynb')) return 'notebook'
    if (place.endsWith('.arrow')) return 'table'
    return place.endsWith('.safetensors') ? 'weights' : null
  }
  if (!stat.isDirectory()) return null
  const has = (name: string): boolean => fs.existsSync(path.join(place, name))
  if (has(FILES.status) || (has(FILES.config) && has(FILES.provenance))) return 'run'
  if (has(FACTS_FILE)) return 'recording'
  if (isPlan(place)) return 'sweep'
  if (isDataset(place)) return 'data set'
  return has('record.json') ? 'weights' : null
}

function isResults(place: string): boolean {
  return ['runs', 'recordings', 'sweeps'].some((name) => fs.existsSync(path.join(place, name)))
}

function thing(kind: Kind, place: string): Thing {
  return { kind, id: path.basename(path.resolve(place)), path: place, bytes: bytesIn(place) }
}

/** Returns the bytes of a file, or of all files in a folder. */
function bytesIn(place: string): number {
  try {
    const stat = fs.statSync(place)
    if (!stat.isDirectory()) return stat.isFile() ? stat.size : 0
    return entriesIn(place).reduce((sum, name) => sum + bytesIn(path.join(place, name)), 0)
  } catch {
    // It was removed meanwhile.
    return 0
  }
}

function foldersIn(folder: string): string[] {
  if (!fs.existsSync(folder)) return []
  return entriesIn(folder)
    .map((name) => path.join(folder, name))
    .filter((place) => fs.existsSync(place) && fs.statSync(place).isDirectory())
}

function entriesIn(folder: string): string[] {
  return fs
    .readdirSync(folder)
    .filter((name) => !name.startsWith('.') && !isTemporary(name))
    .sort()
}

function unique(things: readonly Thing[]): Thing[] {
  return [...new Map(things.map((each) => [path.resolve(each.path), each])).values()]
}
