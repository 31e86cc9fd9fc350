import path from 'node:path'
import { isAlive, isLeft, removeQuietly } from './leftovers.js'
import { fileOperations as fs } from './operations.js'
import { refused } from './system-errors.js'

/** Returns the path beside a folder at which this process writes it, until it is complete. */
export function besideFolder(folder: string): string {
  return `${folder}.${process.pid}.tmp`
}

/**
 * Renames a finished folder into place; one that is there already is moved aside first and then removed. Where a process ends in
 * between, {@link recoverFolder} puts that one back.
 *
 * @throws UserError when it cannot be renamed; what was there before is there again.
 */
export function putInPlace(beside: string, folder: string, replace: boolean): void {
  const aside = `${folder}.${process.pid}.old`
  try {
    if (replace) {
      removeQuietly(aside)
      fs.renameSync(folder, aside)
    }
    try {
      fs.renameSync(beside, folder)
    } catch (error) {
      if (replace) fs.renameSync(aside, folder)
      throw error
    }
  } catch (error) {
    throw refused(folder, 'a folder that can be renamed into place', 'write', error)
  }
  if (replace) removeQuietly(aside)
}

/**
 * Puts a folder back that a killed process had moved aside to replace it, and removes what killed processes left beside it.
 *
 * @param folder absolute path
 */
export function recoverFolder(folder: string): void {
  const base = path.basename(folder)
  try {
    for (const name of fs.readdirSync(path.dirname(folder))) {
      const [, number, kind] =
        (name.startsWith(`${base}.`) && /^\.(\d+)\.(tmp|old)$/.exec(name.slice(base.length))) || []
      if (number === undefined) continue
      const place = path.join(path.dirname(folder), name)
      const isOwn = Number(number) === process.pid
      if (kind === 'old' && (isOwn || !isAlive(Number(number))) && !fs.existsSync(folder)) fs.renameSync(place, folder)
      else if (isOwn || isLeft(place, Number(number))) removeQuietly(place)
    }
  } catch {
    // Whoever needs the folder reports what is wrong with it.
  }
}
