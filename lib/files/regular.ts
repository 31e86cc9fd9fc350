import { constants } from 'node:fs'
import { UserError } from '../errors.js'
import { fileOperations as fs } from './operations.js'
import { systemCode, unreadable } from './system-errors.js'

/** Opening a pipe would wait for a process that writes into it. Absent on Windows. */
const WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Opens a regular file for reading; the caller closes it.
 *
 * @param what names the file in the error for something else. Default: `a readable file`
 * @throws UserError when something else is in its place: a folder, a pipe, a device, a link that leads nowhere.
 */
export function openRegular(file: string, what = 'a readable file'): number {
  try {
    const fd = fs.openSync(file, WITHOUT_WAITING)
    let other: string | null
    try {
      other = otherThanFile(fd)
    } catch (error) {
      fs.closeSync(fd)
      throw error
    }
    if (other === null) return fd
    fs.closeSync(fd)
    throw new UserError({ where: file, expected: what, found: other })
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(file, error)
  }
}

function otherThanFile(fd: number): string | null {
  const stat = fs.fstatSync(fd)
  if (stat.isFile()) return null
  if (stat.isDirectory()) return 'a folder (EISDIR)'
  return stat.isFIFO() ? 'a pipe' : 'a device'
}

/**
 * Returns whether a folder has an entry of a name, also a link that leads nowhere: a file that may be absent is read where it
 * is, so that a broken one is told and not taken for absent.
 */
export function hasEntry(file: string): boolean {
  try {
    fs.lstatSync(file)
    return true
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error))) return false
    throw error instanceof UserError ? error : unreadable(file, error)
  }
}
