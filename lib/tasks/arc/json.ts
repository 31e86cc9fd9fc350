import { UserError } from '../../errors.js'
import { readBytes, sha256, systemReason } from '../../files/atomic.js'
import { duplicateKeyPath } from '../../files/json-keys.js'
import { fileOperations as fs } from '../../files/operations.js'

/** Maximum file size. All of ARC is 11 MB, and a published list of identifiers 40 MB. */
const LARGEST_FILE = 2 ** 28

/** Keys that collide with inherited properties, and occur only in hostile files. */
const HOSTILE = ['__proto__', 'constructor', 'prototype']

/** A JSON file with its checksum. */
export interface ReadJson {
  readonly value: unknown
  readonly sha256: string
}

/**
 * Reads a JSON file of any kind.
 *
 * @throws UserError when it is missing, larger than 256 MB, not UTF-8, starts with a byte-order mark, is not JSON, or
 * contains a duplicate key.
 */
export function readJsonFile(file: string): ReadJson {
  const size = sizeOf(file)
  if (size > LARGEST_FILE)
    throw new UserError({ where: file, expected: 'a file of at most 256 MB', found: `${Math.ceil(size / 2 ** 20)} MB` })
  const bytes = readBytes(file)
  const value = parseJson(file, textOf(file, bytes))
  return { value, sha256: sha256(bytes) }
}

/** Rejects an object with a hostile key. @throws UserError */
export function refuseHostileKeys(object: object, where: string): void {
  const hostile = HOSTILE.find((key) => Object.hasOwn(object, key))
  if (hostile !== undefined)
    throw new UserError({ where, expected: 'keys of a task', found: JSON.stringify(hostile), todo: 'Remove that key.' })
}

function sizeOf(file: string): number {
  try {
    return fs.statSync(file).size
  } catch (error) {
    throw new UserError({ where: file, expected: 'a readable file', found: systemReason(error) }, { cause: error })
  }
}

function textOf(file: string, bytes: Buffer): string {
  if (bytes.length === 0) throw new UserError({ where: file, expected: 'JSON', found: 'an empty file' })
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw new UserError({ where: file, expected: 'JSON in UTF-8', found: 'another encoding' }, { cause: error })
  }
  if (text.startsWith('\ufeff'))
    throw new UserError({
      where: file,
      expected: 'JSON without a byte-order mark',
      found: 'a byte-order mark',
      todo: 'Save the file as UTF-8 without it.',
    })
  return text
}

function parseJson(file: string, text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const position = /position (\d+)/.exec(message)?.[1]
    const found = message.replaceAll(/\s+/g, ' ').slice(0, 160)
    throw new UserError(
      { where: `${file}${position ? placeOf(text, Number(position)) : ''}`, expected: 'JSON', found },
      { cause: error },
    )
  }
  const twice = duplicateKeyPath(text)
  if (twice)
    throw new UserError({
      where: `${file}, key ${twice.map((step) => JSON.stringify(step)).join(' → ')}`,
      expected: 'each key once',
      found: 'it twice',
    })
  return value
}

function placeOf(text: string, position: number): string {
  const before = text.slice(0, position)
  return `, line ${before.split('\n').length}, column ${position - before.lastIndexOf('\n')}`
}
