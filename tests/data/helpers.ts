import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after } from 'node:test'

/** A folder that is gone after the file's tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-data-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes lines to a file and returns its name. */
export function writeLines(folder: string, name: string, lines: readonly string[], end = '\n'): string {
  const file = path.join(folder, name)
  writeFileSync(file, lines.map((line) => line + end).join(''))
  return file
}

/** A grid of digits as the files write it. */
export function toText(digits: ArrayLike<number>): string {
  return Array.from(digits, (digit) => (digit === 0 ? '.' : String(digit))).join('')
}

/** Digits of a grid as the files write it. */
export function toDigits(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => (char === '.' ? 0 : Number(char)))
}
