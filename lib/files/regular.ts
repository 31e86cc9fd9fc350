import { constants } from 'node:fs'
import { UserError } from '../errors.js'
import { fileOperations as fs } from './operations.js'

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
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw unreadable(file, error)
  }
}

/** Reasons for error codes whose system message is less specific. */
const REASONS: Readonly<Record<string, string>> = {
  EISDIR: 'a folder',
  ENOTDIR: 'a file in place of a folder',
  EEXIST: 'something else in its place',
}

/** Returns the error for a file that the system does not let us read. */
export function unreadable(file: string, error: unknown): UserError {
  return new UserError({ where: file, expected: 'a readable file', found: systemReason(error) }, { cause: error })
}

/** Returns the reason of a system error in words: `no such file or directory (ENOENT)`. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = (error as NodeJS.ErrnoException).code
  // Only system messages carry the call and its path after the first comma.
  if (!code || code.startsWith('ERR_')) return error.message
  if (Object.hasOwn(REASONS, code)) return `${REASONS[code]} (${code})`
  const text = error.message.replace(/^[A-Z0-9]+: /, '').split(', ')[0] ?? error.message
  return `${text} (${code})`
}
