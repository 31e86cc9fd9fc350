import path from 'node:path'
import { UserError } from '../errors.js'
import { fileOperations as fs } from './operations.js'

/** Returns the free bytes of the file system that holds, or will hold, a folder. */
export type FreeSpace = (folder: string) => number

/** Returns the bytes available to this user in the file system of a folder, or of its nearest existing ancestor. */
export const freeSpace: FreeSpace = (folder) => {
  let there = path.resolve(folder)
  while (!fs.existsSync(there) && path.dirname(there) !== there) there = path.dirname(there)
  const { bavail, bsize } = fs.statfsSync(there)
  return bavail * bsize
}

/** Checks the free space before work begins. @throws UserError naming the bytes needed and available. */
export function needSpace(folder: string, bytes: number, free: FreeSpace = freeSpace): void {
  const left = free(folder)
  if (left >= bytes) return
  throw new UserError({
    where: folder,
    expected: `${sizeText(bytes)} of free space`,
    found: sizeText(left),
    todo: 'Free some space, or choose another folder with out=DIR.',
  })
}

/** Formats a number of bytes: `719 MB`. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  let value = bytes
  while (value >= 999.5 && unit + 1 < units.length) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
