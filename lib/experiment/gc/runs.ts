import path from 'node:path'
import { isTemporary } from '../../files/beside.js'
import { fileOperations as fs } from '../../files/operations.js'
import { scanSafetensors } from '../../files/safetensors-scan.js'
import { checkpointFile, FILES, isCheckpointFile, runsFolder } from '../../results/layout.js'
import { isAtWork } from '../../results/lease.js'
import { leases } from '../../results/lease-file.js'
import { type RunStatus, readStatus } from '../../results/status.js'
import { type Entry, entriesOf, filesBelow, isAbandoned, offer, readable, type Search } from './garbage.js'

const KNOWN = new Set<string>(Object.values(FILES))
const isKnown = (name: string): boolean => KNOWN.has(name) || /^code-from-\d+\.diff$/.test(name)

/** Searches the folders of runs. Nothing of a run at work is offered, and nothing of one whose status is damaged. */
export function searchRuns(search: Search): void {
  for (const entry of entriesOf(runsFolder(search.results))) {
    const isFolder = entry.kind === 'folder'
    if (isFolder && isTemporary(entry.name)) searchUnborn(entry, search)
    else if (isFolder && !entry.name.startsWith('.')) searchRun(entry.path, search)
    else search.unknown.push(entry.path)
  }
}

function searchUnborn(entry: Entry, search: Search): void {
  // Only a run without a checkpoint is ever made or removed under such a name.
  const isSafe = (): boolean =>
    !isAtWork(entry.path) && !filesBelow(entry).some((file) => isCheckpointFile(path.basename(file)))
  if (!isAbandoned(entry)) return
  if (isSafe()) offer(search, 'temporary files of dead processes', entry, { isStill: isSafe })
  else search.unknown.push(entry.path)
}

function searchRun(dir: string, search: Search): void {
  if (isAtWork(dir)) return
  const status = readable(() => readStatus(dir))
  const entries = entriesOf(dir)
  searchLeft(dir, entries, search)
  const superseded = entries.filter(({ name }) => isCheckpointFile(name) && !isListed(status, name))
  for (const { name, path: place } of entries)
    if (!isKnown(name) && !isCheckpointFile(name) && !isLeft(dir, name)) search.unknown.push(place)
  if (superseded.length === 0) return
  // Never the last good one: what the status lists may itself be damaged.
  if (status === null || !hasGoodCheckpoint(dir, status)) {
    search.unknown.push(...superseded.map((entry) => entry.path))
    search.notes.push(`${dir}: its unlisted checkpoints are left, because none that its status lists is undamaged`)
    return
  }
  for (const entry of superseded) {
    const isStill = (): boolean => {
      const now = readable(() => readStatus(dir))
      return now !== null && !isListed(now, entry.name) && hasGoodCheckpoint(dir, now)
    }
    offer(search, 'superseded checkpoints', entry, { heldBy: dir, isStill })
  }
}

/** Offers temporary files and leases that dead processes left in the folder of a run or a recording. */
export function searchLeft(dir: string, entries: readonly Entry[], search: Search): void {
  for (const entry of entries.filter(({ kind }) => kind === 'file')) {
    if (isAbandoned(entry)) offer(search, 'temporary files of dead processes', entry, { heldBy: dir })
    // The process that takes the lease removes it, so that two processes cannot both.
    if (leases(dir).includes(entry.name)) offer(search, 'leases of dead processes', entry, { heldBy: dir })
  }
}

/** Returns whether a name is that of a temporary file or of a lease. */
export function isLeft(dir: string, name: string): boolean {
  return isTemporary(name) || leases(dir).includes(name)
}

function isListed(status: RunStatus | null, name: string): boolean {
  return status?.checkpoints.some(({ step }) => checkpointFile(step) === name) ?? false
}

function hasGoodCheckpoint(dir: string, { checkpoints }: RunStatus): boolean {
  return [...checkpoints].reverse().some(({ step, checksum }) => {
    const file = path.join(dir, checkpointFile(step))
    return fs.existsSync(file) && readable(() => scanSafetensors(file))?.seal === checksum
  })
}
