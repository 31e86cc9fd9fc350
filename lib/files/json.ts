import { UserError } from '../errors.js'
import { readBytes, unreadable, writeFileAtomic } from './atomic.js'
import { fileOperations as fs } from './operations.js'

/** Maximum size of a JSON file in bytes. All of ARC is 11 MB, and a published list of identifiers 40 MB. */
const LARGEST_FILE = 2 ** 28

/** Maximum nesting of a JSON file. Records have at most ten levels, outputs of notebooks some more. */
const LEVELS = 100

/** A JSON object. */
export type JsonObject = { [key: string]: unknown }

/** Writes a value as indented JSON, atomically. */
export function writeJson(file: string, value: unknown): void {
  writeFileAtomic(file, jsonText(value))
}

/** Returns a value as indented JSON, in the form written to files. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** Reads a JSON object from a file. @throws UserError when the file is missing, larger than 256 MB, or not as {@link parseJson} wants. */
export function readJson(file: string): JsonObject {
  return parseJson(readJsonText(file), file)
}

/** Returns the text of a JSON file. @throws UserError when it is missing or larger than 256 MB. */
export function readJsonText(file: string): string {
  return readJsonBytes(file).toString('utf8')
}

/** Returns the bytes of a JSON file. @throws UserError when it is missing or larger than 256 MB. */
export function readJsonBytes(file: string): Buffer {
  let size: number
  try {
    size = fs.statSync(file).size
  } catch (error) {
    throw unreadable(file, error)
  }
  if (size <= LARGEST_FILE) return readBytes(file)
  throw new UserError({ where: file, expected: 'a file of at most 256 MB', found: `${Math.ceil(size / 2 ** 20)} MB` })
}

/**
 * Parses the JSON object in a file's text.
 *
 * @throws UserError when it is not JSON, not an object, or nested deeper than 100 levels.
 */
export function parseJson(text: string, file: string): JsonObject {
  if (nesting(text) > LEVELS)
    throw new UserError({ where: file, expected: `JSON of at most ${LEVELS} levels`, found: 'more' })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UserError({ where: file, expected: 'JSON', found: whyNotJson(error) }, { cause: error })
  }
  if (!isJsonObject(value)) throw new UserError({ where: file, expected: 'a JSON object', found: kindOf(value) })
  return value
}

/** Returns the reason for which `JSON.parse` refuses a text, on one line: the engine's own quotes the text with its line breaks. */
export function whyNotJson(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replaceAll(/[\s\p{Cc}]+/gu, ' ').slice(0, LONGEST_REASON)
}

/** Maximum length of the reason for which a text is not JSON. */
const LONGEST_REASON = 160

/** Returns the greatest number of brackets that are open at a time, outside strings. */
export function nesting(json: string): number {
  let [open, most] = [0, 0]
  let inString = false
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (inString && code === BACKSLASH) i++
    else if (code === QUOTE) inString = !inString
    else if (inString) continue
    else if (code === OPEN_OBJECT || code === OPEN_LIST) most = Math.max(most, ++open)
    else if (code === CLOSE_OBJECT || code === CLOSE_LIST) open--
  }
  return most
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d]

/**
 * Checks that a parsed value can be walked by recursion: `JSON.parse` accepts any nesting.
 *
 * @param levels maximum nesting. Default: 100
 * @throws UserError when it is deeper.
 */
export function checkDepth(value: unknown, where: string, levels = LEVELS): void {
  if (isDeeper(value, levels))
    throw new UserError({ where, expected: `at most ${levels} levels of nesting`, found: 'more' })
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1))
}

/** Returns whether a value is an object, neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Returns a value as JSON for a message, cut off after `longest` characters; `nothing` for undefined.
 *
 * @param longest default 60
 */
export function shown(value: unknown, longest = 60): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** Names the kind of a JSON value in words. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return value === undefined ? 'nothing' : `a${/^[aeiou]/.test(typeof value) ? 'n' : ''} ${typeof value}`
}
