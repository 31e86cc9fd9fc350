import { type Table, tableFromIPC, tableToIPC } from 'apache-arrow'
import { UserError } from '../errors.js'
import { readBytes, sha256, writeFileAtomic } from './atomic.js'

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
 * parsed, because a damaged file can make the parser loop for ever or return wrong values.
 *
 * @throws UserError when the file is missing, damaged or not Arrow.
 */
export function readArrow(file: string, checksum?: string | readonly string[]): Table {
  const bytes = readBytes(file)
  if (checksum !== undefined) {
    const right = typeof checksum === 'string' ? [checksum] : checksum
    const found = sha256(bytes)
    if (!right.includes(found))
      throw new UserError({
        where: file,
        expected: `SHA-256 ${right.join(' or ')}`,
        found,
        todo: 'The file is damaged or was changed: build or copy it again.',
      })
  }
  if (bytes.subarray(0, 6).toString('latin1') !== 'ARROW1')
    throw new UserError({ where: file, expected: 'an Arrow IPC file', found: 'something else' })
  if (bytes.length < 12 || bytes.subarray(-6).toString('latin1') !== 'ARROW1')
    throw new UserError({
      where: file,
      expected: 'an Arrow IPC file',
      found: `a truncated one (${bytes.length} bytes)`,
      todo: 'Build or copy it again.',
    })
  try {
    return tableFromIPC(bytes)
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    throw new UserError({ where: file, expected: 'a complete Arrow IPC file', found }, { cause: error })
  }
}
