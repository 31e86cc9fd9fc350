import path from 'node:path'
import { isTemporary } from '../../files/beside.js'
import { fileOperations as fs } from '../../files/operations.js'
import { ANSWERS_FILE, FACTS_FILE, readFacts, STEPS_FILE } from '../../recording/facts.js'
import { runsFolder } from '../../results/layout.js'
import { isAtWork } from '../../results/lease.js'
import { FLOOR_FILE } from '../think/floor.js'
import { recordingsFolder } from '../think/recordings.js'
import { PLAIN } from '../think/rollout-recording.js'
import { type Entry, entriesOf, filesBelow, isAbandoned, offer, readable, type Search } from './garbage.js'
import { isLeft, searchLeft } from './runs.js'

const KNOWN = [FACTS_FILE, STEPS_FILE, ANSWERS_FILE, FLOOR_FILE, PLAIN]

/** Searches the folders of recordings. Nothing of one at work is offered, and nothing of one whose facts are damaged. */
export function searchRecordings(search: Search): void {
  for (const entry of entriesOf(recordingsFolder(search.results))) {
    if (entry.kind === 'folder' && isTemporary(entry.name)) {
      if (isAbandoned(entry)) offer(search, 'temporary files of dead processes', entry)
    } else if (entry.kind === 'folder' && !entry.name.startsWith('.')) searchRecording(entry, search)
    else search.unknown.push(entry.path)
  }
}

function searchRecording(entry: Entry, search: Search): void {
  const dir = entry.path
  if (isAnyAtWork(dir)) return
  if (isEmpty(entry)) {
    offer(search, 'recordings without a row', entry, { heldBy: dir, isStill: () => isEmpty(entry) })
    return
  }
  const isOrphaned = (): boolean => {
    const run = readable(() => readFacts(dir))?.notes.run
    return typeof run === 'string' && !fs.existsSync(path.join(runsFolder(search.results), run))
  }
  if (isOrphaned()) offer(search, 'recordings of runs that are gone', entry, { heldBy: dir, isStill: isOrphaned })
  for (const folder of [dir, path.join(dir, PLAIN)]) {
    const entries = entriesOf(folder)
    searchLeft(folder, entries, search)
    for (const { name, path: place } of entries)
      if (!KNOWN.includes(name) && !isLeft(folder, name)) search.unknown.push(place)
  }
}

function isAnyAtWork(dir: string): boolean {
  return isAtWork(dir) || isAtWork(path.join(dir, PLAIN))
}

/** Returns whether a recording that is not at work holds nothing: no row, or no file that is ours and has content. */
function isEmpty(entry: Entry): boolean {
  const dir = entry.path
  if (entriesOf(dir).some(({ name, kind }) => !(KNOWN.includes(name) || isLeft(dir, name)) || kind !== 'file'))
    return false
  if (!fs.existsSync(path.join(dir, FACTS_FILE)))
    return filesBelow(entry).every((file) => isLeft(dir, path.basename(file)) || fs.statSync(file).size === 0)
  const facts = readable(() => readFacts(dir))
  return facts !== null && facts.state !== 'finished' && facts.rows === 0
}
