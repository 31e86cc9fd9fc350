import { UserError } from '../../errors.js'
import { readBytes, sha256 } from '../../files/atomic.js'
import { duplicateKey } from '../../files/json-keys.js'

/** A JSON file with the SHA-256 of its bytes. */
export interface JsonFile {
  readonly value: unknown
  readonly sha256: string
}

/** Makes the error of a file of the published layout. */
export type Fault = (expected: string, found: string, place?: string) => UserError

/** Errors about a file; the place inside it is a key or an index. */
export function faults(file: string): Fault {
  return (expected, found, place) =>
    new UserError({
      where: place === undefined ? file : `${file}, ${place}`,
      expected,
      found,
      todo: 'Copy the folder again, or build it again.',
    })
}

/** Names that change what an ordinary object is. */
const HOSTILE = new Set(['__proto__', 'constructor', 'prototype'])

/** Whether a key may not stand in a file. */
export function isHostile(key: string): boolean {
  return HOSTILE.has(key)
}

/**
 * Reads a JSON file of the published layout.
 *
 * @throws UserError when it cannot be read, is no UTF-8, no JSON, or has a key twice in one object.
 */
export function readPublishedJson(file: string): JsonFile {
  const fail = faults(file)
  const bytes = readBytes(file)
  if (bytes.length === 0) throw fail('JSON', 'an empty file')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    // Texts of half a gigabyte and more cannot be made at all; a file of broken letters can be, but must not.
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
  // A long list of names has no keys at all, and need not be searched for them.
  const twice = text.includes('{') ? duplicateKey(text) : null
  if (twice !== null) throw fail('every key once', `${JSON.stringify(twice)} twice`)
  // JSON.parse reads what is nested without end; whatever goes through it by recursion would overflow the stack.
  if (isDeeper(value, LEVELS)) throw fail('JSON of a few levels', 'lists or objects nested too deep')
  return { value, sha256: sha256(bytes) }
}

/** Levels of lists and objects that a file may have; those of the layout have at most six. */
const LEVELS = 32

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1))
}

/** A value for a message, cut short. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
