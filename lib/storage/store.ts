import path from 'node:path'
import type { Table } from 'apache-arrow'
import { splitFromTable, splitTable } from '../data/arrow.js'
import type { Dataset, Split, StoredFile } from '../data/dataset.js'
import { datasetHash } from '../data/hash.js'
import { makeDataset } from '../data/make-dataset.js'
import { UserError } from '../errors.js'
import { readArrow, writeArrow } from '../files/arrow.js'
import { makeFolder, readBytes, sha256, systemReason, writeFileAtomic } from '../files/atomic.js'
import { fileOperations as fs } from '../files/operations.js'
import { placeToRead } from '../files/places.js'
import { taskOf } from '../tasks/registry.js'
import { SOURCES, type Source } from './fetch/sources.js'
import { manifestText, readManifest } from './manifest.js'
import { isPublished, readPublished } from './published/read.js'

const MANIFEST = 'manifest.json'

/**
 * Writes a data set as a folder of `train.arrow`, `test.arrow` and `manifest.json`, for ARC also `identifiers.arrow` and
 * `tests.arrow`. It is written beside the folder and renamed, so there is never half of one.
 *
 * @param options.force replaces another data set that is there; anything that is no data set is never replaced
 * @returns `kept` when the very same data set was there already
 * @throws UserError when something else is there, or the place cannot be written to.
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
  const there = whatIsThere(folder, dataset)
  if (there === 'same') return 'kept'
  if (there === 'other data' && !options.force)
    throw occupied(dir, 'another data set', 'Choose another folder, or replace it with --force.')
  if (there === 'something')
    throw occupied(dir, fs.statSync(folder).isDirectory() ? 'other files' : 'a file', 'Choose another folder.')
  const beside = `${folder}.${process.pid}.tmp`
  makeFolder(beside)
  try {
    for (const [{ name, sha256: expected }, table] of tablesOf(dataset)) {
      const written = writeArrow(path.join(beside, name), table)
      if (written !== expected)
        throw new Error(`${name} changed between building and saving: ${written}, not ${expected}`)
    }
    writeFileAtomic(path.join(beside, MANIFEST), manifestText(dataset.manifest))
    putInPlace(beside, folder, there === 'other data')
  } catch (error) {
    removeFolder(beside)
    throw error
  }
  return 'written'
}

/** The command that makes the data set of a folder: the presets of the papers name published ones. */
function howToGet(dir: string): string {
  const isBuilt = ({ build }: Source): boolean => build('').includes(`out=data/${path.basename(dir)}`)
  const [name] = Object.entries(SOURCES).find(([, source]) => isBuilt(source)) ?? []
  if (name === undefined) return 'Build one: recurlab data build sudoku out=DIR.'
  return `recurlab data fetch ${name} gets its files and says how it is built.`
}

/**
 * Reads a data set's folder, ours or one in the layout of the published builders (see `readPublished`).
 *
 * @param named its path, from the working directory; in a notebook, where nothing is there, from the project's folder
 * @throws UserError when it is missing, damaged (checksums are compared), of another format or out of range.
 */
export function loadDataset(named: string): Dataset {
  const dir = placeToRead(named)
  const own = fs.existsSync(path.join(dir, MANIFEST))
  if (!own && isPublished(dir)) return readPublished(dir)
  if (!own)
    throw new UserError({
      where: dir,
      expected: `a data set (a folder with ${MANIFEST}, or train/dataset.json)`,
      found: !fs.existsSync(dir) ? 'nothing' : fs.statSync(dir).isDirectory() ? 'none in it' : 'a file',
      todo: howToGet(dir),
    })
  const manifest = readManifest(path.join(dir, MANIFEST))
  const task = taskOf(manifest)
  const read = ({ name, sha256: checksum }: StoredFile): Table => readArrow(path.join(dir, name), checksum)
  const readSplit = (split: 'train' | 'test'): Split => {
    const file = manifest.files[split]
    return splitFromTable(read(file), manifest, split, path.join(dir, file.name))
  }
  const { identifiers, tests } = manifest.files
  const train = readSplit('train')
  const test = readSplit('test')
  const parts = task.open({
    train,
    test,
    identifiers: identifiers ? read(identifiers) : null,
    tests: tests ? read(tests) : null,
  })
  return makeDataset({ manifest, hash: datasetHash(manifest), train, test, ...parts })
}

/** Every table that a data set's folder holds, beside what the manifest says of its file. */
function tablesOf({ manifest: { files }, train, test, tables }: Dataset): [StoredFile, Table][] {
  const stored: [StoredFile | undefined, Table | undefined][] = [
    [files.train, splitTable(train)],
    [files.test, splitTable(test)],
    [files.identifiers, tables?.identifiers],
    [files.tests, tables?.tests],
  ]
  return stored.flatMap(([file, table]) => (file && table ? [[file, table]] : []))
}

function whatIsThere(folder: string, { manifest }: Dataset): 'nothing' | 'same' | 'other data' | 'something' {
  if (!fs.existsSync(folder)) return 'nothing'
  if (!fs.statSync(folder).isDirectory()) return 'something'
  const names = fs.readdirSync(folder)
  if (names.length === 0) return 'nothing'
  if (!names.includes(MANIFEST)) return 'something'
  const files = Object.values(manifest.files).filter((file) => file !== undefined)
  const own = [MANIFEST, ...files.map(({ name }) => name)]
  if (names.some((name) => !own.includes(name))) return 'something'
  const same =
    own.every((name) => names.includes(name)) &&
    readBytes(path.join(folder, MANIFEST)).toString('utf8') === manifestText(manifest) &&
    files.every(({ name, sha256: sum }) => sha256(readBytes(path.join(folder, name))) === sum)
  return same ? 'same' : 'other data'
}

/** Renames a finished folder into its place; a data set that was there is moved aside first and then removed. */
export function putInPlace(beside: string, folder: string, replace: boolean): void {
  const aside = `${folder}.${process.pid}.old`
  try {
    if (replace) fs.renameSync(folder, aside)
    try {
      fs.renameSync(beside, folder)
    } catch (error) {
      if (replace) fs.renameSync(aside, folder)
      throw error
    }
  } catch (error) {
    throw new UserError(
      { where: folder, expected: 'a folder that can be put in place', found: systemReason(error) },
      { cause: error },
    )
  }
  if (replace) removeFolder(aside)
}

/** Removes what is no longer needed; what led here, or what is in place by now, matters more than a leftover. */
export function removeFolder(folder: string): void {
  try {
    fs.rmSync(folder, { recursive: true, force: true })
  } catch {
    // It stays beside the data set under a name that says what it is.
  }
}

function occupied(dir: string, found: string, todo: string): UserError {
  return new UserError({ where: dir, expected: 'an empty or new folder', found, todo })
}
