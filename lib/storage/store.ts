import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Table } from 'apache-arrow'
import { splitFromTable, splitTable } from '../data/arrow.js'
import type { Dataset, DatasetManifest, Split } from '../data/dataset.js'
import { datasetHash } from '../data/hash.js'
import { makeDataset } from '../data/make-dataset.js'
import { UserError } from '../errors.js'
import { readArrow, writeArrow } from '../files/arrow.js'
import { makeFolder, readBytes, sha256, writeFileAtomic } from '../files/atomic.js'
import { besideName, isThere, putInPlace, removeFolder, tidyBeside } from '../files/beside.js'
import { fileOperations as fs } from '../files/operations.js'
import { placeToRead } from '../files/places.js'
import { hasEntry } from '../files/regular.js'
import { isRefused } from '../files/system-errors.js'
import { openParts, taskNamed } from '../tasks/registry.js'
import { sources } from './fetch/sources.js'
import {
  FORMAT_VERSION,
  MANIFEST,
  manifestText,
  readManifest,
  type StoredFile,
  type StoredManifest,
} from './manifest.js'
import { isPublished, readPublished } from './published/read.js'

/** Files that a data set's folder may contain. */
export const OWN_FILES = [MANIFEST, 'train.arrow', 'test.arrow', 'identifiers.arrow', 'tests.arrow']

/**
 * Saves a data set as a folder of `train.arrow`, `test.arrow` and `manifest.json`, for ARC also `identifiers.arrow` and
 * `tests.arrow`. The folder is written under another name and renamed, so that it is never incomplete.
 *
 * @param options.force replaces another data set at this path; anything else is never replaced
 * @returns `kept` when the same data set was already there
 * @throws UserError when something else is there, or the path is not writable.
 */
export function saveDataset(dataset: Dataset, dir: string, options: { force?: boolean } = {}): 'written' | 'kept' {
  const folder = path.resolve(dir)
  if (dataset.manifest.options.published !== undefined)
    throw new UserError({
      where: dir,
      expected: 'a data set that was built here',
      found: 'one in the layout of the published builders',
      todo: 'It is kept in that layout: recurlab data export DIR out=DIR2.',
    })
  tidyBeside(folder)
  const beside = besideName(folder)
  let isWritten = false
  try {
    // Of several processes that save here, one is the first, and the others look again.
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const there = whatIsThere(folder, dataset)
      if (there === 'same') return 'kept'
      if (there === 'other data' && !options.force)
        throw occupied(dir, 'another data set', 'Choose another folder, or replace it with --force.')
      if (there === 'something')
        throw occupied(dir, fs.statSync(folder).isDirectory() ? 'other files' : 'a file', 'Choose another folder.')
      if (!isWritten) writeFiles(dataset, beside)
      isWritten = true
      if (putInPlace(beside, folder, there === 'other data')) return 'written'
    }
    throw occupied(dir, `data sets of other processes, ${ATTEMPTS} times in a row`, 'Choose another folder.')
  } finally {
    removeFolder(beside)
  }
}

/** Times that a folder is looked at while other processes save there. */
const ATTEMPTS = 20

function writeFiles(dataset: Dataset, folder: string): void {
  makeFolder(folder)
  const files = Object.fromEntries(
    tablesOf(dataset).map(([part, table]) => {
      const name = `${part}.arrow`
      return [part, { name, sha256: writeArrow(path.join(folder, name), table) }]
    }),
  ) as StoredManifest['files']
  const stored = { formatVersion: FORMAT_VERSION, ...dataset.manifest, hash: dataset.hash, files } as const
  writeFileAtomic(path.join(folder, MANIFEST), manifestText(stored))
}

/** Returns what builds the data set of a folder; the published ones that the paper presets name are downloaded first. */
function howToGet(dir: string): string {
  const name = path.basename(dir)
  const from = (built: string): string | undefined =>
    sources().find(({ build }) => build('').endsWith(` out=data/${built}`))?.name
  const source = from(name)
  if (source !== undefined)
    return `recurlab data fetch ${source} downloads its files and prints the command that builds it.`
  const dihedral = from(name.replace(/-dihedral$/, ''))
  return dihedral === undefined
    ? 'Build one: recurlab data build TASK out=DIR.'
    : `recurlab data fetch ${dihedral} downloads its files and prints a command, which builds it with augment=dihedral out=data/${name}.`
}

/**
 * Loads a data set's folder, in Recurlab's layout or that of the published builders (see `readPublished`).
 *
 * @param named path relative to the working directory; in a notebook, relative to the project's folder when nothing
 * exists there
 * @throws UserError when it is missing, damaged (checksums of the files and the hash of the arrays are verified), of
 * another format version or out of range.
 */
export function loadDataset(named: string): Dataset {
  const dir = placeToRead(named)
  isThere(path.resolve(dir))
  const own = hasEntry(path.join(dir, MANIFEST))
  if (!own && isPublished(dir)) return readPublished(dir)
  if (!own)
    throw new UserError({
      where: dir,
      expected: `a data set (a folder with ${MANIFEST}, or train/dataset.json)`,
      found: !fs.existsSync(dir) ? 'nothing' : fs.statSync(dir).isDirectory() ? 'a folder without one' : 'a file',
      todo: howToGet(dir),
    })
  const { formatVersion: _, hash: expected, files, ...manifest } = readManifest(path.join(dir, MANIFEST))
  taskNamed(manifest.task, `${path.join(dir, MANIFEST)}, key task`)
  const read = ({ name, sha256: checksum }: StoredFile): Table => readArrow(path.join(dir, name), checksum)
  const readSplit = (split: 'train' | 'test'): Split => {
    const file = files[split]
    return splitFromTable(read(file), manifest, split, path.join(dir, file.name))
  }
  const { identifiers, tests } = files
  const train = readSplit('train')
  const test = readSplit('test')
  const parts = openParts(manifest, {
    train,
    test,
    identifiers: identifiers ? read(identifiers) : null,
    tests: tests ? read(tests) : null,
  })
  const content = { manifest, train, test, ...parts }
  const hash = datasetHash(content)
  if (hash !== expected)
    throw new UserError({
      where: dir,
      expected: `a data set with the hash ${expected}, as its manifest says`,
      found: `intact files whose arrays have the hash ${hash}`,
      todo: 'This version of Recurlab reads or hashes the files differently from the one that wrote them: build the data set again.',
    })
  return makeDataset({ ...content, hash })
}

/** Returns the tables to store, by the part of the data set that each holds. */
function tablesOf({ train, test, tables }: Dataset): [part: keyof StoredManifest['files'], Table][] {
  const parts = { train: splitTable(train), test: splitTable(test), ...tables }
  return Object.entries(parts) as [keyof typeof parts, Table][]
}

function whatIsThere(folder: string, dataset: Dataset): 'nothing' | 'same' | 'other data' | 'something' {
  if (!fs.existsSync(folder)) return 'nothing'
  if (!fs.statSync(folder).isDirectory()) return 'something'
  const names = fs.readdirSync(folder)
  if (names.length === 0) return 'nothing'
  if (!names.includes(MANIFEST)) return 'something'
  if (names.some((name) => !OWN_FILES.includes(name))) return 'something'
  return isStored(folder, names, dataset) ? 'same' : 'other data'
}

/** Returns whether a folder holds this data set, undamaged, whichever release wrote its Arrow files. */
function isStored(folder: string, names: readonly string[], { manifest, hash }: Dataset): boolean {
  let stored: StoredManifest
  try {
    stored = readManifest(path.join(folder, MANIFEST))
  } catch (error) {
    if (error instanceof UserError && !isRefused(error)) return false
    throw error
  }
  const { formatVersion: _, hash: storedHash, files, ...about } = stored
  const all = Object.values(files).filter((file) => file !== undefined)
  return (
    storedHash === hash &&
    isDeepStrictEqual(plain(about), plain(manifest)) &&
    names.length === all.length + 1 &&
    all.every(({ name, sha256: sum }) => names.includes(name) && sha256(readBytes(path.join(folder, name))) === sum)
  )
}

/** Returns a manifest without undefined keys, as JSON stores it. */
function plain(manifest: DatasetManifest): unknown {
  return JSON.parse(JSON.stringify(manifest))
}

function occupied(dir: string, found: string, todo: string): UserError {
  return new UserError({ where: dir, expected: 'an empty or new folder', found, todo })
}
