import { createHash } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import path from 'node:path'

/**
 * Returns the SHA-256 of named inputs: the key that tells whether a step has to be repeated.
 *
 * @param {Record<string, string | number | Uint8Array>} inputs
 */
export function keyOf(inputs) {
  const hash = createHash('sha256')
  for (const [name, value] of Object.entries(inputs)) {
    const bytes = typeof value === 'object' ? value : Buffer.from(String(value))
    hash.update(`${name}:${bytes.length}:`).update(bytes)
  }
  return hash.digest('hex')
}

/** Returns the content of a file; empty if it is missing. @param {string} file */
export function contentOf(file) {
  return existsSync(file) ? readFileSync(file) : Buffer.alloc(0)
}

/**
 * Returns the value of a JSON file; null if it is missing or broken (a step with a broken stamp is repeated).
 *
 * @param {string} file
 * @returns {Record<string, unknown> | null}
 */
export function readJson(file) {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8'))
    return typeof value === 'object' && value !== null ? value : null
  } catch {
    return null
  }
}

/**
 * Writes JSON under another name, flushes it and renames it, so that a stamp is complete or missing.
 *
 * @param {string} file
 * @param {unknown} value
 */
export function writeJson(file, value) {
  mkdirSync(path.dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}.tmp`
  const fd = openSync(temporary, 'w')
  try {
    writeSync(fd, `${JSON.stringify(value, null, 2)}\n`)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, file)
}
