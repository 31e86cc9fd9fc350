import path from 'node:path'
import { fileOperations as fs } from './operations.js'

/** Milliseconds after which what another process left counts as old: until then, a process of another machine may still be at work. */
const OLD = 600_000

/** Name of a temporary file that is renamed when it is complete, with the number of its process. */
const TEMPORARY = /^\..+\.(\d+)\.tmp$/

/** Returns the path of the temporary file of a process for a file. @param pid default: this process */
export function temporaryFor(file: string, pid: number | string = process.pid): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${pid}.tmp`)
}

/** Removes temporary files of killed processes from a folder that no other process writes to. */
export function removeLeftovers(folder: string): void {
  for (const name of fs.readdirSync(folder)) if (TEMPORARY.test(name)) removeQuietly(path.join(folder, name))
}

/** Folders from which this process has removed what others left. */
const tidied = new Set<string>()

/** Temporary files that this process could not remove. */
const unremoved = new Set<string>()

/**
 * Removes a temporary file whose content has its place, at the second try where the first fails, as on a network; {@link tidy} tries again
 * where neither can.
 */
export function removeTemporary(file: string): void {
  const place = path.resolve(file)
  unremoved.add(place)
  for (let tries = 0; tries < 2 && unremoved.has(place); tries++)
    try {
      fs.rmSync(file, { force: true })
      unremoved.delete(place)
    } catch {
      // Its content has its place: that it lies there once more is no failure of the work.
    }
}

/**
 * Removes what this process could not remove before, and, once a folder, old temporary files of processes that have ended, from a
 * folder that this process writes to.
 */
export function tidy(folder: string): void {
  const absolute = path.resolve(folder)
  for (const file of unremoved) if (path.dirname(file) === absolute) removeTemporary(file)
  if (tidied.has(absolute)) return
  tidied.add(absolute)
  try {
    for (const name of fs.readdirSync(folder)) {
      const pid = Number(TEMPORARY.exec(name)?.[1])
      if (pid > 0 && isLeft(path.join(folder, name), pid)) removeQuietly(path.join(folder, name))
    }
  } catch {
    // Leftovers do no harm.
  }
}

/** Forgets which folders are tidy, as a new process does. */
export function tidyAgain(): void {
  tidied.clear()
}

/** Returns whether a process has ended and left a file or folder, unchanged for a while. */
export function isLeft(file: string, pid: number): boolean {
  if (isAlive(pid)) return false
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  return stat !== undefined && Date.now() - stat.mtimeMs > OLD
}

/** Returns whether there is a process of a number on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Removes a file or a folder if it can be removed. */
export function removeQuietly(place: string): void {
  try {
    fs.rmSync(place, { recursive: true, force: true })
  } catch {
    // Where a failure led here, that is the one to report; a leftover is removed when its folder is next opened for writing.
  }
}
