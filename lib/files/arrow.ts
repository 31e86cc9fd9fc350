import { type Table, tableFromIPC, tableToIPC } from 'apache-arrow'
import { UserError } from '../errors.js'
import { readBytes, sha256, writeFileAtomic } from './atomic.js'

/** Writes an Arrow table in the IPC file format. Returns the SHA-256 of what was written. */
export function writeArrow(file: string, table: Table): string {
  const bytes = tableToIPC(table, 'file')
  writeFileAtomic(file, bytes)
  return sha256(bytes)
}

/**
 * Reads an Arrow IPC file. With `checksum` the bytes are compared before they are parsed,
 * because a damaged file can make the parser loop for ever or return wrong values.
 *
 * @throws UserError when the file is missing, damaged or not Arrow.
 */
export function readArrow(file: string, checksum?: string): Table {
  const bytes = readBytes(file)
  if (checksum !== undefined) {
    const found = sha256(bytes)
    if (found !== checksum)
      throw new UserError({
        where: file,
        expected: `SHA-256 ${checksum}`,
        found,
        todo: 'The file is damaged or was changed: build or copy it again.',
      })
  }
  if (bytes.subarray(0, 6).toString('latin1') !== 'ARROW1')
    throw new UserError({ where: file, expected: 'an Arrow IPC file', found: 'something else' })
  return tableFromIPC(bytes)
}
