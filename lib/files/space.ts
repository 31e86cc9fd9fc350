import { statfsSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../errors.js'
import { fileOperations as fs } from './operations.js'

/** Tells how many bytes can still be written where a folder is, or will be. */
export type FreeSpace = (folder: string) => number

/** What the file system of a folder (or of the nearest one above it that exists) has left for this user. */
export const freeSpace: FreeSpace = (folder) => {
  let there = path.resolve(folder)
  while (!fs.existsSync(there) && path.dirname(there) !== there) there = path.dirname(there)
  const { bavail, bsize } = statfsSync(there)
  return bavail * bsize
}

/** Refuses work that the disk has no room for, before it begins. @throws UserError saying how much is needed and left. */
export function needSpace(folder: string, bytes: number, free: FreeSpace = freeSpace): void {
  const left = free(folder)
  if (left >= bytes) return
  throw new UserError({
    where: folder,
    expected: `${sizeText(bytes)} of free space`,
    found: sizeText(left),
    todo: 'Make room, or choose another place with out=DIR.',
  })
}

/** Bytes in words: `719 MB`. */
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
