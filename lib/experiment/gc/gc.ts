import { UserError } from '../../errors.js'
import { fileOperations as fs } from '../../files/operations.js'
import { defaultPlace, projectFolder } from '../../files/places.js'
import { DEFAULT_RESULTS, resultsFolder } from '../../results/layout.js'
import { DEFAULT_DATA } from '../verify/things.js'
import { searchCaches } from './caches.js'
import { searchData } from './data.js'
import { CHOICES, type Found, filesBelow, type Garbage, type Search } from './garbage.js'
import { searchRecordings } from './recordings.js'
import { searchRuns } from './runs.js'
import { searchSweeps } from './sweeps.js'

/** Milliseconds without a change after which something counts as left. */
export const DEFAULT_AGE = 3_600_000

/** Options of {@link findGarbage}. */
export interface FindOptions {
  /** Default: `results`, in a notebook that of the project. */
  readonly results?: string | undefined
  /** Default: `data`, in a notebook that of the project. */
  readonly data?: string | undefined
  /** Folder whose `.recurlab` is searched; null: none. Default: the project's. */
  readonly project?: string | null
  /** Moment in milliseconds since 1970 after which nothing may have changed. Default: an hour ago. */
  readonly before?: number
}

/**
 * Searches for what nothing refers to. Nothing is changed.
 *
 * @throws UserError when a folder cannot be read.
 */
export function findGarbage(options: FindOptions = {}): Found {
  const { results = DEFAULT_RESULTS, data = defaultPlace(DEFAULT_DATA), project = projectFolder } = options
  const search: Search = {
    results: resultsFolder(results),
    data,
    project,
    before: options.before ?? Date.now() - DEFAULT_AGE,
    garbage: [],
    unknown: [],
    notes: [],
  }
  for (const find of [searchRuns, searchRecordings, searchSweeps, searchData, searchCaches]) find(search)
  const { garbage, unknown, notes } = search
  return { garbage, unknown, notes }
}

/** Returns whether garbage goes only when its choice is made. */
export function needsChoice({ reason }: Garbage): boolean {
  return CHOICES[reason] !== undefined
}

/**
 * Returns the bytes on disk that removing each of these frees: blocks of sparse files that are there, and a file with several
 * names once, if all of them go.
 */
export function freedBytes(garbage: readonly Garbage[]): number[] {
  const files = garbage.map(({ path: place }) => filesOf(place))
  const names = new Map<string, Set<string>>()
  for (const { inode, file } of files.flat()) names.set(inode, (names.get(inode) ?? new Set()).add(file))
  const counted = new Set<string>()
  return files.map((own) =>
    own.reduce((sum, { inode, bytes, links }) => {
      if (counted.has(inode) || names.get(inode)!.size < links) return sum
      counted.add(inode)
      return sum + bytes
    }, 0),
  )
}

interface FileOnDisk {
  readonly file: string
  /** Device and number of the file behind the name. */
  readonly inode: string
  readonly bytes: number
  readonly links: number
}

function filesOf(place: string): FileOnDisk[] {
  try {
    const kind = fs.statSync(place).isDirectory() ? 'folder' : 'file'
    return filesBelow({ name: '', path: place, kind }).map((file) => {
      const { dev, ino, blocks, nlink } = fs.statSync(file)
      return { file, inode: `${dev}:${ino}`, bytes: blocks * 512, links: nlink }
    })
  } catch (error) {
    if (error instanceof UserError || (error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
