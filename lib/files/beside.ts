import path from 'node:path'
import { UserError } from '../errors.js'
import { fileOperations as fs } from './operations.js'
import { isRunning, processSpace } from './owner.js'
import { refused, systemCode } from './system-errors.js'

/** `tmp`: a folder that is being written; `old`: one that is being replaced. */
type Kind = 'tmp' | 'old'

let names = 0

/** Names at which this process is at work: others of its number are leftovers, of itself or of a process before it. */
const own = new Set<string>()

/** Returns a new name for a file or folder of this process beside another, under which its content is written before it is renamed into place. */
export function besideName(folder: string, kind: Kind = 'tmp'): string {
  const name = `${folder}.${process.pid}-${processSpace()}-${names++}.${kind}`
  own.add(path.resolve(name))
  return name
}

/**
 * Renames a finished folder into place. One that is replaced is moved aside first and then removed; where the process dies in
 * between, {@link tidyBeside} puts it back.
 *
 * @param replace whether a folder that is there is replaced; an empty one always is
 * @returns false when another process put a folder there first, or replaces it: look again
 * @throws UserError when the system refuses.
 */
export function putInPlace(beside: string, folder: string, replace: boolean): boolean {
  const aside = besideName(folder, 'old')
  let placed = false
  try {
    if (replace && !renamed(folder, aside, folder)) return false
    try {
      placed = renamed(beside, folder, folder)
      if (!placed && !fs.existsSync(beside)) throw removedMeanwhile(folder)
    } finally {
      if (replace && !placed) putBack(aside, folder)
      // The only copy is never removed.
      if (replace && fs.existsSync(folder)) removeFolder(aside)
    }
  } finally {
    own.delete(path.resolve(aside))
    if (placed) own.delete(path.resolve(beside))
  }
  return placed
}

/** Removes what processes that died left beside a folder, and puts a folder back that one of them was about to replace. */
export function tidyBeside(folder: string): void {
  for (const { name, kind, isAtWork } of besides(folder)) {
    if (isAtWork) continue
    const file = path.join(path.dirname(folder), name)
    if (kind === 'old' && !fs.existsSync(folder)) putBack(file, folder)
    else removeFolder(file)
  }
}

/** Milliseconds between the two renames of a replacement, at most, and between looks. */
const [PATIENCE, LOOK] = [2000, 5]

/** Returns whether a folder is there: one that is just being replaced is waited for, and one that could not be is put back. */
export function isThere(folder: string): boolean {
  for (const end = performance.now() + PATIENCE; !fs.existsSync(folder); ) {
    const moved = besides(folder).filter(({ kind }) => kind === 'old')
    if (moved.length === 0) return fs.existsSync(folder)
    if (moved.every(({ isAtWork }) => !isAtWork)) tidyBeside(folder)
    if (performance.now() > end) return fs.existsSync(folder)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK)
  }
  return true
}

/** Name of a temporary file or folder: with the process alone where it is hidden, else also with the scope of its number. */
const TEMPORARY = /\.(\d+)(?:-(\w+)-\d+)?\.(?:tmp|old)(?:\.json)?$/

/** Returns whether a name is that of a temporary file or folder, of any process. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name)
}

/**
 * Returns whether a name is that of a temporary file or folder whose process has ended.
 *
 * @param isVeryOld whether a process that cannot be seen from here, as one before the last boot, counts as ended
 */
export function isAbandoned(name: string, isVeryOld: boolean): boolean {
  const [, pid, space = processSpace()] = TEMPORARY.exec(name) ?? []
  if (pid === undefined) return false
  return space === processSpace() ? !isRunning({ pid: Number(pid), began: '' }) : isVeryOld
}

/** Removes an obsolete folder. Failures are ignored: the caller's error, or the new folder in place, matters more. */
export function removeFolder(folder: string): void {
  own.delete(path.resolve(folder))
  try {
    fs.rmSync(folder, { recursive: true, force: true })
  } catch {
    // The leftover stays beside the folder, under a name that identifies it.
  }
}

/** A file or folder that a process has put beside another, or of which only its notes (`NAME.json`) are there. */
interface Beside {
  readonly name: string
  readonly kind: Kind
  readonly isAtWork: boolean
}

/** Returns what processes have put beside a file or folder; a process that cannot be seen from here counts as being at work. */
export function besides(folder: string): Beside[] {
  const begin = `${path.basename(folder)}.`
  let names: string[]
  try {
    names = fs.readdirSync(path.dirname(folder))
  } catch {
    return []
  }
  const found = new Set(names.map((name) => NOTES_BEGUN.exec(name)?.[1] ?? name.replace(/\.json$/, '')))
  return [...found].flatMap((name) => {
    const [, pid, space, kind] = /^(\d+)-(\w+)-\d+\.(tmp|old)$/.exec(name.slice(begin.length)) ?? []
    if (!name.startsWith(begin) || kind === undefined) return []
    const isOwn = space === processSpace() && Number(pid) === process.pid
    const isGone = space === processSpace() && !isRunning({ pid: Number(pid), began: '' })
    const isAtWork = isOwn ? own.has(path.resolve(path.dirname(folder), name)) : !isGone
    return [{ name, kind: kind as Kind, isAtWork }]
  })
}

/** Name of the temporary file in which notes are written. */
const NOTES_BEGUN = /^\.(.+)\.json\.\d+\.tmp$/

function putBack(aside: string, folder: string): void {
  try {
    fs.renameSync(aside, folder)
  } catch {
    // Another process has put a folder there, or the old one stays aside until the next attempt.
  }
}

function removedMeanwhile(folder: string): UserError {
  return new UserError({
    where: folder,
    expected: 'a folder that can be renamed into place',
    found: 'none: what was written beside it was removed in the meantime',
    todo: 'Run the same command again.',
  })
}

/** Error codes of a name that another process has taken, or moved away. */
const OVERTAKEN = new Set(['EEXIST', 'ENOTEMPTY', 'ENOENT'])

/** @returns false when another process was first @throws UserError about `folder` when the system refuses */
function renamed(from: string, to: string, folder: string): boolean {
  try {
    fs.renameSync(from, to)
    return true
  } catch (error) {
    if (OVERTAKEN.has(systemCode(error))) return false
    throw refused(folder, 'a folder that can be renamed into place', 'write', error)
  }
}
