import { UserError } from '../errors.js'
import { createFileAtomic, sha256, writeFileAtomic } from './atomic.js'
import { checkFormatVersion } from './format-version.js'
import { differingHashes } from './hash-text.js'
import { isJsonObject, type JsonObject, jsonText, readJson } from './json.js'

/** A kind of sealed JSON file. */
export interface SealedFormat {
  /** The content, e.g. `the plan of a sweep`. */
  readonly what: string
  readonly version: number
  /** Advice when a file is damaged. */
  readonly todo: string
}

/** Returns a value as the text of a sealed file, with its format version and its checksum. */
export function sealedText({ version }: Pick<SealedFormat, 'version'>, value: object): string {
  return jsonText(sealJson({ formatVersion: version, ...value }))
}

/** Writes a value as a sealed file, atomically; see {@link sealedText}. @param options as `writeFileAtomic` takes them */
export function writeSealedJson(
  file: string,
  format: Pick<SealedFormat, 'version'>,
  value: object,
  options?: { readonly makeFolder?: boolean },
): void {
  writeFileAtomic(file, sealedText(format, value), options)
}

/** Writes a value as a new sealed file, atomically. @returns false when there is one, which is left as it is */
export function createSealedJson(file: string, format: Pick<SealedFormat, 'version'>, value: object): boolean {
  return createFileAtomic(file, sealedText(format, value))
}

/**
 * Reads a sealed file, and returns its content without format version and checksum.
 *
 * @throws UserError when it is missing, not JSON, of another format version, or was changed after it was sealed.
 */
export function readSealedJson(file: string, { what, version, todo }: SealedFormat): JsonObject {
  const json = readJson(file)
  checkFormatVersion(json, file, what, version)
  const { formatVersion: _, ...value } = openSealedJson(json, file, todo)
  return value
}

/**
 * Returns a JSON object with its own SHA-256 as last key, `checksum`, over all other keys in alphabetical order:
 * neither key order nor white space matters.
 *
 * @param open keys that the checksum excludes
 */
export function sealJson<T extends object>(value: T, open: readonly string[] = []): T & { checksum: string } {
  return { ...value, checksum: checksumOf(value, open) }
}

/**
 * Verifies the checksum of a sealed object and returns the object without it.
 *
 * @param file name used in the error
 * @param todo advice when the checksum is wrong
 * @throws UserError when the checksum is missing, or the object was changed after it was sealed.
 */
export function openSealedJson(json: JsonObject, file: string, todo: string, open: readonly string[] = []): JsonObject {
  const { checksum, ...value } = json
  const expected = checksumOf(value, open)
  if (checksum === expected) return value
  const [carried, own] = typeof checksum === 'string' ? differingHashes(checksum, expected) : ['none', expected]
  throw new UserError({
    where: file,
    expected: 'an unmodified object',
    found: carried === 'none' ? 'one without its checksum' : `one with checksum ${own} that records ${carried}`,
    todo,
  })
}

function checksumOf(value: object, open: readonly string[]): string {
  const sealed = Object.entries(value).filter(([key, item]) => item !== undefined && !open.includes(key))
  return sha256(canonicalJson(Object.fromEntries(sealed)))
}

/** Returns JSON with the keys of every object in alphabetical order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    isJsonObject(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  )
}
