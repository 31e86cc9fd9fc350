import { UserError } from '../errors.js'
import { sha256 } from './atomic.js'
import { checkDepth, readJsonBytes, whyNotJson } from './json.js'
import { duplicateKeyPath } from './json-keys.js'

/** Maximum nesting of a file; the files of data sets have at most six levels. */
const LEVELS = 32

/** A JSON file with the SHA-256 of its bytes. */
export interface JsonFile {
  readonly value: unknown
  readonly sha256: string
}

/**
 * Reads a JSON file of a data set: any value, with its checksum.
 *
 * @param todo what the user can do about a damaged file, for the error. Default: nothing is said
 * @throws UserError when it is missing, larger than 256 MB, not UTF-8, starts with a byte-order mark, is not JSON, is
 * nested deeper than 32 levels, or contains a duplicate key.
 */
export function readStrictJson(file: string, todo?: string): JsonFile {
  const bytes = readJsonBytes(file)
  return { value: parseStrictJson(bytes, file, todo), sha256: sha256(bytes) }
}

/**
 * Parses the JSON of a file of a data set.
 *
 * @param where the file, for the error
 * @param todo as for {@link readStrictJson}
 * @throws UserError as {@link readStrictJson} does for a file of these bytes.
 */
export function parseStrictJson(bytes: Uint8Array, where: string, todo?: string): unknown {
  const wrong = wrongFile(where, todo)
  const value = parse(textOf(bytes, wrong), wrong)
  checkDepth(value, where, LEVELS)
  return value
}

/** Creates the error about a file, at a place in it. */
type WrongFile = (place: string, expected: string, found: string, cause?: unknown) => UserError

function wrongFile(file: string, todo: string | undefined): WrongFile {
  return (place, expected, found, cause) =>
    new UserError({ where: `${file}${place}`, expected, found, ...(todo === undefined ? {} : { todo }) }, { cause })
}

function textOf(bytes: Uint8Array, wrong: WrongFile): string {
  if (bytes.length === 0) throw wrong('', 'JSON', 'an empty file')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    throw wrong('', 'JSON in UTF-8', 'another encoding', error)
  }
  if (text.startsWith('\ufeff')) throw wrong(', byte 0', 'JSON without a byte-order mark', 'a byte-order mark')
  return text
}

function parse(text: string, wrong: WrongFile): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const position = /position (\d+)/.exec(message)?.[1]
    throw wrong(position ? placeOf(text, Number(position)) : '', 'JSON', whyNotJson(error), error)
  }
  const twice = duplicateKeyPath(text)
  if (twice) {
    const [key, ...outer] = twice.map((step) => JSON.stringify(step)).reverse()
    throw wrong(`, key ${[...outer.reverse(), key].join(' → ')}`, 'every key once', `${key} twice`)
  }
  return value
}

function placeOf(text: string, position: number): string {
  const before = text.slice(0, position)
  return `, line ${before.split('\n').length}, column ${position - before.lastIndexOf('\n')}`
}
