import assert from 'node:assert/strict'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after } from 'node:test'

/** A folder in which a working directory lies between files that must not change. */
export interface Jail {
  /** Working directory, `JAIL/work`. */
  readonly work: string
  /** Folder of other things, `JAIL/other`; `work/link` leads to it. */
  readonly other: string
  /** Returns the paths that were made, changed or removed since the jail was made, relative to it. */
  changes(): string[]
}

/** Makes a {@link Jail}; it is removed when the test file ends. */
export function makeJail(): Jail {
  const jail = mkdtempSync(path.join(tmpdir(), 'recurlab-jail-'))
  after(() => rmSync(jail, { recursive: true, force: true }))
  const [work, other] = [path.join(jail, 'work'), path.join(jail, 'other')]
  for (const folder of [work, other, path.join(work, 'results', 'runs')]) mkdirSync(folder, { recursive: true })
  for (const folder of [jail, work, other]) writeFileSync(path.join(folder, 'secret.txt'), 'keep me')
  symlinkSync(other, path.join(work, 'link'))
  symlinkSync(path.join(other, 'secret.txt'), path.join(work, 'link.json'))
  const before = contentOf(jail)
  return {
    work,
    other,
    changes() {
      const now = contentOf(jail)
      return [...new Set([...before.keys(), ...now.keys()])].filter((name) => before.get(name) !== now.get(name)).sort()
    },
  }
}

/** Returns a text for all that is below a folder, by path; links are not followed. */
function contentOf(folder: string): Map<string, string> {
  const found = new Map<string, string>()
  const walk = (at: string): void => {
    for (const name of readdirSync(at)) {
      const file = path.join(at, name)
      const stat = lstatSync(file)
      const kind = stat.isSymbolicLink()
        ? `-> ${readlinkSync(file)}`
        : stat.isFile()
          ? contentOfFile(file, stat.size)
          : `mode ${stat.mode}`
      found.set(path.relative(folder, file), kind)
      if (stat.isDirectory()) walk(file)
    }
  }
  walk(folder)
  return found
}

function contentOfFile(file: string, size: number): string {
  return size > 1e6 ? `${size} bytes` : readFileSync(file, 'base64')
}

/** Checks that all changes are at one of the places of a jail, or below or above one. */
export function assertOnly(changes: readonly string[], places: readonly string[], what: string): void {
  const near = (change: string, place: string): boolean =>
    change === place || change.startsWith(`${place}/`) || place.startsWith(`${change}/`)
  const elsewhere = changes.filter((change) => !places.some((place) => near(change, place)))
  assert.deepEqual(elsewhere, [], what)
}
