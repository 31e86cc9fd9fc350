import path from 'node:path'
import { UserError } from '../../errors.js'
import { isAbandoned as hasEnded } from '../../files/beside.js'
import { fileOperations as fs } from '../../files/operations.js'

/** Why something can go. */
export type Reason =
  | 'temporary files of dead processes'
  | 'parts of downloads'
  | 'leases of dead processes'
  | 'superseded checkpoints'
  | 'recordings without a row'
  | 'logs of finished sweeps'
  | 'caches of sources that are gone'
  | 'recordings of runs that are gone'
  | 'data sets that nothing names'

/** Garbage that is removed only when it is chosen by name, because it can still be used. */
export const CHOICES: { readonly [reason in Reason]?: string } = {
  'recordings of runs that are gone': 'also=recordings',
  'data sets that nothing names': 'also=data',
}

/** Something that nothing refers to. */
export interface Garbage {
  readonly reason: Reason
  readonly path: string
  /** Folder of a run or a recording whose lease is held while it is removed; null for what no process can hold. */
  readonly heldBy: string | null
  /** Returns whether nothing refers to it now; asked once more at the moment of removal, under the lease. */
  isStill(): boolean
}

/** The result of a search. */
export interface Found {
  readonly garbage: Garbage[]
  /** Files that Recurlab does not know, which are left. */
  readonly unknown: string[]
  /** Why something was not judged, one sentence each. */
  readonly notes: string[]
}

/** Where to search, and what counts as old. */
export interface Search extends Found {
  /** Results folder. */
  readonly results: string
  /** Folder of data sets. */
  readonly data: string
  /** Project's folder, whose caches are searched; null: they are not. */
  readonly project: string | null
  /** Moment in milliseconds since 1970 after which nothing has changed in what goes. */
  readonly before: number
}

/** An entry of a folder, which is never followed where it is a link. */
export interface Entry {
  readonly name: string
  readonly path: string
  readonly kind: 'file' | 'folder' | 'other'
}

/** Returns the entries of a folder in order; none for a missing one. @throws UserError when it cannot be read. */
export function entriesOf(folder: string): Entry[] {
  if (!fs.existsSync(folder)) return []
  return fs
    .readdirSync(folder, { withFileTypes: true })
    .map((entry): Entry => {
      const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other'
      return { name: entry.name, path: path.join(folder, entry.name), kind }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Returns all files below a path, or the file itself; links are left out. */
export function filesBelow({ path: place, kind }: Entry): string[] {
  if (kind === 'file') return [place]
  return kind === 'folder' ? entriesOf(place).flatMap(filesBelow) : []
}

/** Returns the last change of anything in an entry, in milliseconds since 1970; Infinity where it cannot be told. */
function lastChange(entry: Entry): number {
  try {
    const own = fs.statSync(entry.path).mtimeMs
    return Math.max(own, ...(entry.kind === 'folder' ? entriesOf(entry.path).map(lastChange) : []))
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** Returns whether nothing in an entry has changed since the moment of a search. */
export function isOld(entry: Entry, { before }: Search): boolean {
  return entry.kind !== 'other' && lastChange(entry) <= before
}

/** Milliseconds after which a process that cannot be seen counts as ended. */
const VERY_OLD = 86_400_000

/** Returns whether an entry is a temporary file or folder whose process has ended. */
export function isAbandoned(entry: Entry): boolean {
  return hasEnded(entry.name, Date.now() - lastChange(entry) > VERY_OLD)
}

/** Adds an entry to what a search found, if nothing in it has changed for long. */
export function offer(
  search: Search,
  reason: Reason,
  entry: Entry,
  { heldBy = null, isStill = () => true }: { readonly heldBy?: string | null; readonly isStill?: () => boolean } = {},
): void {
  if (isOld(entry, search)) search.garbage.push({ reason, path: entry.path, heldBy, isStill })
}

/** Returns what a reader returns; null when what it reads is damaged. */
export function readable<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}
