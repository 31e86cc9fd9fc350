import { UserError } from '../errors.js'
import { readBytes, writeFileAtomic } from './atomic.js'

/** A JSON object. */
export type JsonObject = { [key: string]: unknown }

/** Writes a value as indented JSON, atomically. */
export function writeJson(file: string, value: unknown): void {
  writeFileAtomic(file, jsonText(value))
}

/** A value as indented JSON, as files have it. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

/** Reads a JSON object. @throws UserError when the file is missing, no JSON, or no object. */
export function readJson(file: string): JsonObject {
  return parseJson(readBytes(file).toString('utf8'), file)
}

/** The JSON object of a file's text. @throws UserError when it is no JSON, or no object. */
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

/** Whether a value is an object, neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What a JSON value is, in words. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return value === undefined ? 'nothing' : `a${/^[aeiou]/.test(typeof value) ? 'n' : ''} ${typeof value}`
}
