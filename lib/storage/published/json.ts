import { UserError } from '../../errors.js'
import { readBytes, sha256 } from '../../files/atomic.js'
import { duplicateKey } from '../../files/json-keys.js'

/** A JSON file with the SHA-256 of its bytes. */
export interface JsonFile {
  readonly value: unknown
  readonly sha256: string
}

/** Creates the error for a file of the published layout. */
export type Fault = (expected: string, found: string, place?: string) => UserError

/** Returns a constructor of errors about a file; the position inside it is a key or an index. */
export function faults(file: string): Fault {
  return (expected, found, place) =>
    new UserError({
      where: place === undefined ? file : `${file}, ${place}`,
      expected,
      found,
      todo: 'Copy the folder again, or build it again.',
    })
}

/** Keys that would alter the prototype of a plain object. */
const HOSTILE = new Set(['__proto__', 'constructor', 'prototype'])

/** Returns whether a key is forbidden in a file. */
export function isHostile(key: string): boolean {
  return HOSTILE.has(key)
}

/**
 * Reads a JSON file of the published layout.
 *
 * @throws UserError when it cannot be read, is not UTF-8 or not JSON, or contains a duplicate key.
 */
export function readPublishedJson(file: string): JsonFile {
  const fail = faults(file)
  const bytes = readBytes(file)
  if (bytes.length === 0) throw fail('JSON', 'an empty file')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    // A string cannot hold half a gigabyte, and a file with invalid UTF-8 must not be decoded.
    throw fail(
      'JSON in UTF-8',
      bytes.length > 2 ** 29 - 24 ? `${bytes.length} bytes` : `other bytes (${String(error)})`,
    )
  }
  if (text.startsWith('\ufeff')) throw fail('JSON', 'a byte-order mark', 'byte 0')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw fail('JSON', error instanceof Error ? error.message : String(error))
  }
  // A long list of names has no keys, so that the search for duplicates can be skipped.
  const twice = text.includes('{') ? duplicateKey(text) : null
  if (twice !== null) throw fail('every key once', `${JSON.stringify(twice)} twice`)
  // JSON.parse accepts any nesting, but recursive code would overflow the stack.
  if (isDeeper(value, LEVELS)) throw fail(`at most ${LEVELS} levels of nesting`, 'more')
  return { value, sha256: sha256(bytes) }
}

/** Maximum nesting of a file; the layout uses at most six levels. */
const LEVELS = 32

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1))
}

/** Returns a value for a message, truncated. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
