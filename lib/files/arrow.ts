import { type Table, tableFromIPC, tableToIPC } from 'apache-arrow'
import { UserError } from '../errors.js'
import { checkColumns, checkLengths, damageOf } from './arrow-guard.js'
import { readBytes, sha256, writeFileAtomic } from './atomic.js'
import { differingHashes } from './hash-text.js'

/**
 * Writes an Arrow table in the IPC file format.
 *
 * @returns SHA-256 of the file
 */
export function writeArrow(file: string, table: Table): string {
  const bytes = tableToIPC(table, 'file')
  writeFileAtomic(file, bytes)
  return sha256(bytes)
}

/**
 * Reads an Arrow IPC file. With `checksum` (or several, one of which must match) the bytes are verified before they are
 * parsed, because a damaged file can hold wrong values. Lengths and places are checked in any case.
 *
 * @throws UserError when the file is missing, damaged or not Arrow.
 */
export function readArrow(file: string, checksum?: string | readonly string[]): Table {
  const bytes = readBytes(file)
  if (checksum !== undefined) {
    const right = typeof checksum === 'string' ? [checksum] : checksum
    const found = sha256(bytes)
    if (!right.includes(found)) throw otherHash(file, right, found)
  }
  if (!isFileFormat(bytes)) throw new UserError({ where: file, expected: 'an Arrow IPC file', found: 'something else' })
  if (bytes.length < 12 || bytes.subarray(-6).toString('latin1') !== 'ARROW1')
    throw new UserError({
      where: file,
      expected: 'an Arrow IPC file',
      found: `a truncated one (${bytes.length} bytes)`,
      todo: 'Build or copy it again.',
    })
  return parsed(bytes, file)
}

/** The complete part of a file that grows: its first `bytes` bytes, and their SHA-256. */
export interface Extent {
  readonly bytes: number
  readonly checksum: string
}

/**
 * Reads the complete part of an Arrow IPC file, or of an Arrow IPC stream that is being appended to; what follows it is
 * ignored.
 *
 * @param extents possible complete parts, one of which must match
 * @throws UserError when the file is missing, shorter than that, or damaged.
 */
export function readArrowStart(file: string, extents: readonly Extent[]): Table {
  const bytes = readBytes(file)
  const start = extents
    .filter((extent) => extent.bytes <= bytes.length)
    .map((extent) => ({ extent, content: bytes.subarray(0, extent.bytes) }))
    .find(({ extent, content }) => sha256(content) === extent.checksum)
  if (start) return parsed(start.content, file)
  const content = bytes.subarray(0, extents.at(-1)!.bytes)
  throw otherStart(file, extents, { bytes: content.length, checksum: sha256(content) })
}

function otherHash(file: string, right: readonly string[], other: string): UserError {
  const [expected, found] = differingHashes(right.at(-1)!, other)
  return new UserError({
    where: file,
    expected: `SHA-256 ${expected}`,
    found,
    todo: 'The file is damaged or was changed: build or copy it again.',
  })
}

function otherStart(file: string, extents: readonly Extent[], { bytes, checksum }: Extent): UserError {
  const last = extents.at(-1)!
  const [expected, found] = differingHashes(last.checksum, checksum)
  return new UserError({
    where: file,
    expected: `SHA-256 ${expected} of the first ${last.bytes} bytes`,
    found: bytes < last.bytes ? `${bytes} bytes` : found,
    todo: 'The file is damaged or was changed: copy it again.',
  })
}

function isFileFormat(bytes: Buffer): boolean {
  return bytes.subarray(0, 6).toString('latin1') === 'ARROW1'
}

function parsed(bytes: Buffer, file: string): Table {
  try {
    checkLengths(bytes)
    const table = tableFromIPC(bytes)
    table.batches.forEach(checkColumns)
    return table
  } catch (error) {
    throw new UserError(
      { where: file, expected: 'a complete Arrow IPC file', found: damageOf(error), todo: 'Build or copy it again.' },
      { cause: error },
    )
  }
}
