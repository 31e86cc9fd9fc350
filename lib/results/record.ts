import path from 'node:path'
import type { Table } from 'apache-arrow'
import { recordedConfig } from '../config/recorded.js'
import { flattenGroups } from '../config/resolved.js'
import { UserError } from '../errors.js'
import { readArrow, readArrowStart } from '../files/arrow.js'
import { readBytes, sha256 } from '../files/atomic.js'
import { differingHashes } from '../files/hash-text.js'
import { type JsonObject, parseJson } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { placeToRead } from '../files/places.js'
import { hasEntry } from '../files/regular.js'
import { refused } from '../files/system-errors.js'
import { didYouMean } from '../options/nearest.js'
import { DEFAULT_RESULTS, FILES, runsFolder } from './layout.js'
import { isAtWork } from './lease.js'
import { type RunState, type RunStatus, readStatus } from './status.js'

/** Length of date and time in an ID, which identify a run unless another started in the same second. */
export const SHORTEST_ID = 'YYYYMMDD-HHMMSS'.length

/** A stored run: the content of its small files. Rows and weights are read separately. */
export interface RunRecord {
  /** Name of the folder, e.g. `20261104-093012-sudoku-mlp-3fa9`; sorts by time. */
  readonly id: string
  /** Path of the folder. */
  readonly dir: string
  readonly state: RunState
  /** Flat configuration with every effective value; keys that do not apply are absent. */
  readonly config: Readonly<Record<string, unknown>>
  /** Keys that were given. */
  readonly asked: Readonly<Record<string, unknown>>
  readonly provenance: Readonly<Record<string, unknown>>
  readonly status: RunStatus
}

/** A run that cannot be read, with the reason. */
export interface DamagedRun {
  readonly id: string
  readonly problem: string
}

/** All runs of a results folder. */
export interface RunListing {
  /** Readable runs, oldest first. */
  readonly runs: RunRecord[]
  /** Folders without a readable run. */
  readonly damaged: DamagedRun[]
}

/**
 * Opens a run by its folder, its ID, or a unique prefix of its ID.
 *
 * @param resultsDir folder to search for IDs. Default: `results`
 * @param weights names that the caller accepts beside runs, for the error
 * @throws UserError when there is no such run, several, or a damaged one.
 */
export function openRun(
  dirOrId: string,
  resultsDir: string = DEFAULT_RESULTS,
  weights: readonly string[] = [],
): RunRecord {
  if (/[/\\]/.test(dirOrId) || hasEntry(path.join(dirOrId, FILES.config)))
    return readRun(path.resolve(placeToRead(dirOrId)))
  const ids = runIds(resultsDir)
  const matching = ids.includes(dirOrId) ? [dirOrId] : ids.filter((id) => dirOrId !== '' && id.startsWith(dirOrId))
  const [id] = matching
  if (id !== undefined && matching.length === 1) return readRun(path.join(runsFolder(resultsDir), id))
  // IDs are compared by as many characters as were given, but at least by date and time.
  const starts = ids.map((id) => id.slice(0, Math.max(dirOrId.length, SHORTEST_ID)))
  const near = id === undefined ? didYouMean(dirOrId, [...weights, ...new Set(starts), ...ids]) : undefined
  throw new UserError({
    where: runsFolder(resultsDir),
    expected:
      id === undefined ? `a run ${JSON.stringify(dirOrId)}` : `one run that begins with ${JSON.stringify(dirOrId)}`,
    found: id !== undefined ? few(matching) : ids.length === 0 ? 'no runs' : few(ids),
    todo: [
      near ?? 'recurlab runs lists them; out=DIR looks in another folder.',
      ...(weights.length > 0 && id === undefined ? [`Weights with a name: ${weights.join(', ')}.`] : []),
    ].join(' '),
    exitCode: 2,
  })
}

/** Returns whether a name is the ID of a stored run, or the beginning of one. */
export function hasRun(name: string, resultsDir: string = DEFAULT_RESULTS): boolean {
  return name !== '' && runIds(resultsDir).some((id) => id.startsWith(name))
}

/**
 * Lists the runs of a results folder, oldest first; a missing folder has none.
 *
 * @param resultsDir results folder. Default: `results`
 */
export function listRuns(resultsDir: string = DEFAULT_RESULTS): RunListing {
  const listing: RunListing = { runs: [], damaged: [] }
  for (const id of runIds(resultsDir)) {
    try {
      listing.runs.push(twice(() => readRun(path.join(runsFolder(resultsDir), id))))
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      listing.damaged.push({ id, problem: error.message })
    }
  }
  // An ID has seconds only; the status has milliseconds.
  listing.runs.sort((a, b) => byText(a.status.started, b.status.started) || byText(a.id, b.id))
  return listing
}

/** Reads more files of each run; a run in which they are damaged does not hide the others. */
export function readEach<R extends { readonly id: string }, T>(
  runs: readonly R[],
  readMore: (run: R) => T,
): { readonly read: T[]; readonly damaged: DamagedRun[] } {
  const damaged: DamagedRun[] = []
  const read = runs.flatMap((run) => {
    try {
      return [twice(() => readMore(run))]
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      damaged.push({ id: run.id, problem: error.message })
      return []
    }
  })
  return { read, damaged }
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/**
 * Returns the training metrics of a run, one row per logged step: `step`, `train.loss`, … @throws UserError when the
 * file is damaged.
 */
export function readMetrics(run: Pick<RunRecord, 'dir'>): Table {
  return twice(() => readArrowStart(path.join(run.dir, FILES.metrics), readStatus(run.dir).files[FILES.metrics]))
}

/**
 * Returns the evaluations of a run, one row each: `step`, `test.exact`, … @throws UserError when the file is damaged.
 */
export function readEvaluations(run: Pick<RunRecord, 'dir'>): Table {
  return twice(() =>
    readArrowStart(path.join(run.dir, FILES.evaluations), readStatus(run.dir).files[FILES.evaluations]),
  )
}

/**
 * Returns the outcome of every test puzzle in the run's last evaluation; see `outcomesTable`.
 *
 * @example
 * readOutcomes(loadRun('20261130')).toArray()
 * @throws UserError when the file is missing or damaged.
 */
export function readOutcomes(run: Pick<RunRecord, 'dir'>): Table {
  if (!readStatus(run.dir).files[FILES.outcomes])
    throw new UserError({
      where: run.dir,
      expected: `an ${FILES.outcomes}`,
      found: 'none: the run is unfinished, or has no test puzzles',
      todo: 'recurlab eval RUN outcomes=FILE.arrow makes one.',
    })
  return twice(() => readArrow(path.join(run.dir, FILES.outcomes), readStatus(run.dir).files[FILES.outcomes]))
}

/**
 * Returns the state and status of a run by its ID, without parsing its other files; null when there is no such run.
 *
 * @throws UserError when its `status.json` is damaged, or another run's.
 */
export function runStatus(id: string, resultsDir: string): { state: RunState; status: RunStatus } | null {
  const dir = path.join(runsFolder(resultsDir), id)
  const attempt = (): { state: RunState; status: RunStatus } => {
    const status = readStatus(dir)
    // The provenance has the moment of the start, and so tells a run from every other one.
    readOwn(path.join(dir, FILES.provenance), status.files[FILES.provenance])
    return { state: status.state === 'running' && !isAtWork(dir) ? 'interrupted' : status.state, status }
  }
  // The whole folder is renamed into place, so only a run that is missing has no status.
  if (!hasEntry(path.join(dir, FILES.status))) return null
  const found = twice(attempt)
  // The run may have finished, and its lease been released, in between.
  return found.state === 'interrupted' && found.status.state === 'running' ? attempt() : found
}

function readRun(dir: string): RunRecord {
  if (!hasEntry(path.join(dir, FILES.config)))
    throw new UserError({
      where: dir,
      expected: `the folder of a run, with its ${FILES.config}`,
      found: fs.existsSync(dir) ? 'a folder without one' : 'no such folder',
      todo: 'recurlab runs lists the runs.',
    })
  let facts = readFacts(dir)
  let state = facts.status.state
  if (state === 'running' && !isAtWork(dir)) {
    // The run may have finished, and its lease been released, in between.
    facts = readFacts(dir)
    state = facts.status.state === 'running' ? 'interrupted' : facts.status.state
  }
  return { id: path.basename(dir), dir, state, ...facts }
}

type Facts = Pick<RunRecord, 'status' | 'config' | 'asked' | 'provenance'>

/** Reads checksums and files together, again when the run advanced in between. */
function readFacts(dir: string): Facts {
  const attempt = (): Facts => {
    const status = readStatus(dir)
    const read = (name: typeof FILES.config | typeof FILES.provenance): JsonObject =>
      readSealed(path.join(dir, name), status.files[name])
    const { asked, resolved } = recordedConfig(read(FILES.config), path.join(dir, FILES.config))
    return { status, asked, config: flattenGroups(resolved), provenance: read(FILES.provenance) }
  }
  return twice(attempt)
}

/** Returns the result of the second attempt when the first fails, because the run may have advanced in between. */
function twice<T>(attempt: () => T): T {
  try {
    return attempt()
  } catch {
    return attempt()
  }
}

/** Reads a JSON file whose checksum `status.json` stores. @throws UserError when the checksum differs. */
export function readSealed(file: string, checksums: readonly string[]): JsonObject {
  return parseJson(readOwn(file, checksums).toString('utf8'), file)
}

/** Reads the bytes of a file whose checksum `status.json` stores. @throws UserError when the checksum differs. */
export function readOwn(file: string, checksums: readonly string[]): Buffer {
  const bytes = readBytes(file)
  const found = sha256(bytes)
  if (!checksums.includes(found)) {
    const [expected, other] = differingHashes(checksums.at(-1)!, found)
    throw new UserError({
      where: file,
      expected: `the file that the run was made with (SHA-256 ${expected})`,
      found: `another one (${other})`,
      todo: 'It was changed, copied from another run, or is damaged. Other settings make a new run: recurlab train.',
    })
  }
  return bytes
}

function runIds(resultsDir: string): string[] {
  const folder = runsFolder(resultsDir)
  if (!fs.existsSync(folder)) return []
  try {
    const entries = fs.readdirSync(folder, { withFileTypes: true })
    // The folder of a run that is being created starts with a dot.
    return entries.flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : [])).sort()
  } catch (error) {
    throw refused(folder, 'a readable folder', 'read', error)
  }
}

function few(ids: readonly string[]): string {
  const shown = ids.slice(-5).join(', ')
  return ids.length > 5 ? `${ids.length} others, most recently ${shown}` : shown
}
