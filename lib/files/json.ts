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

/** Reads a JSON object from a file. @throws UserError when the file is missing, not JSON, or not an object. */
export function readJson(file: string): JsonObject {
  return parseJson(readBytes(file).toString('utf8'), file)
}

/** Parses the JSON object in a file's text. @throws UserError when it is not JSON, or not an object. */
export function parseJson(text: string, file: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    throw new UserError({ where: file, expected: 'JSON', found }, { cause: error })
  }
  if (!isJsonObject(value)) throw new UserError({ where: file, expected: 'a JSON object', found: kindOf(value) })
  return value
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
