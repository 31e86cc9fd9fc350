import type { ZipFile } from 'yauzl'
import { openPromise } from 'yauzl'
import { UserError } from '../../errors.js'
import { isJsonObject, kindOf } from '../../files/json.js'
import { parseStrictJson } from '../../files/strict-json.js'

/** Maximum size of a member: the tasks of a set are about 4 MB. */
const LARGEST = 2 ** 26

/**
 * Reads a JSON file from a wheel, which is a zip archive.
 *
 * @throws UserError when the archive or the member is damaged, too large, missing, or not a JSON object.
 */
export async function readWheelJson(wheel: string, member: string): Promise<Record<string, unknown>> {
  const where = `${wheel}, ${member}`
  const fail = (expected: string, found: string): UserError => new UserError({ where, expected, found })
  let bytes: Buffer | null
  try {
    const archive = await openPromise(wheel, { autoClose: false })
    try {
      bytes = await memberBytes(archive, member)
    } finally {
      archive.close()
    }
  } catch (error) {
    throw fail('a complete wheel', error instanceof Error ? error.message : String(error))
  }
  if (bytes === null) throw fail('this file in the wheel', 'no such file')
  const value = parseStrictJson(bytes, where)
  if (!isJsonObject(value)) throw fail('a JSON object', kindOf(value))
  return value
}

async function memberBytes(archive: ZipFile, member: string): Promise<Buffer | null> {
  for await (const entry of archive.eachEntry()) {
    if (entry.fileName !== member) continue
    if (entry.uncompressedSize > LARGEST) throw new Error(`a file of ${entry.uncompressedSize} bytes`)
    const pieces: Buffer[] = []
    // The library raises a stream error when the data is longer or shorter than declared.
    for await (const piece of await archive.openReadStreamPromise(entry)) pieces.push(piece as Buffer)
    return Buffer.concat(pieces)
  }
  return null
}
