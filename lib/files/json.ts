import { UserError } from '../errors.js'
import { readBytes, writeFileAtomic } from './atomic.js'

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

/** Maximum size of a file; the plan of a million runs would be larger. */
const LARGEST_FILE = 2 ** 28

/** Maximum nesting: recursive code overflows the stack on a file of brackets. */
const LEVELS = 100

/**
 * Reads a JSON object from a file. @throws UserError when the file is missing, above 256 MiB, not JSON, not an object, or
 * nested deeper than 100 levels.
 */
export function readJson(file: string): JsonObject {
  return parseJson(readBytes(file, LARGEST_FILE).toString('utf8'), file)
}

/** Parses the JSON object in a file's text. @throws UserError when it is not JSON, not an object, or nested too deeply. */
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
