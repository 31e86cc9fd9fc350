import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { UserError } from '../../errors.js'
import { fileOperations as fs } from '../../files/operations.js'
import { placeToRead } from '../../files/places.js'
import { hasEntry } from '../../files/regular.js'
import { didYouMean } from '../../options/nearest.js'
import { DEFAULT_RESULTS, resultsFolder } from '../../results/layout.js'

/** Name of the file of facts in a recording's folder. */
const FACTS = 'recording.json'

/** Most recordings that an error names: the newest. */
const LISTED = 5

/** Returns the folder with one folder per recording, `RESULTS/recordings`. */
export function recordingsFolder(resultsDir: string = DEFAULT_RESULTS): string {
  return path.join(resultsFolder(resultsDir), 'recordings')
}

/** Returns the folder of a new recording: its ID is the time in UTC, the name, and four random hexadecimal digits. */
export function newRecordingFolder(name: string, resultsDir?: string): string {
  const [date, time] = new Date()
    .toISOString()
    .replace(/[-:]|\.\d+Z/g, '')
    .split('T')
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-|-$/g, '')
  return path.join(
    recordingsFolder(resultsDir),
    [date, time, slug || 'think', randomBytes(2).toString('hex')].join('-'),
  )
}

/** Returns the IDs of the stored recordings, oldest first. */
export function recordingIds(resultsDir?: string): string[] {
  const folder = recordingsFolder(resultsDir)
  if (!fs.existsSync(folder)) return []
  return fs
    .readdirSync(folder)
    .filter((id) => hasEntry(path.join(folder, id, FACTS)))
    .sort()
}

/**
 * Returns the folder of a recording by its folder, its ID, or a unique prefix of its ID.
 *
 * @throws UserError (exit code 2) when there is no such recording, or several.
 */
export function recordingFolder(dirOrId: string, resultsDir?: string): string {
  const place = placeToRead(dirOrId)
  if (/[/\\]/.test(dirOrId) || hasEntry(path.join(place, FACTS))) return path.resolve(place)
  const ids = recordingIds(resultsDir)
  const matching = ids.includes(dirOrId) ? [dirOrId] : ids.filter((id) => dirOrId !== '' && id.startsWith(dirOrId))
  const [id] = matching
  if (id !== undefined && matching.length === 1) return path.resolve(recordingsFolder(resultsDir), id)
  const near = id === undefined ? didYouMean(dirOrId, ids) : undefined
  throw new UserError({
    where: recordingsFolder(resultsDir),
    expected: `a recording whose ID begins with ${JSON.stringify(dirOrId)}`,
    found:
      matching.length > 1
        ? `${matching.length}: ${matching.slice(-LISTED).join(', ')}`
        : `none of ${ids.length} recordings`,
    todo: near ?? 'recurlab think list names them.',
    exitCode: 2,
  })
}
