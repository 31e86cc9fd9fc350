import path from 'node:path'
import { Float64, Int32 } from 'apache-arrow'
import { startsOf, tokenType } from '../data/arrow.js'
import type { DatasetManifest } from '../data/dataset.js'
import { type HashedArray, type HashedSplit, hashOfPieces } from '../data/hash.js'
import { UserError } from '../errors.js'
import { readArrow } from '../files/arrow.js'
import { type ArrowScan, type BufferPlace, columnPlaces, scanArrow } from '../files/arrow-scan.js'
import type { Inspection } from '../files/inspection.js'
import { fileOperations as fs } from '../files/operations.js'
import { type OpenFile, withOpenFile } from '../files/pieces.js'
import { openParts, taskNamed } from '../tasks/registry.js'
import { MANIFEST, readManifest, type StoredFile, type StoredManifest } from './manifest.js'
import { isPublished, readPublished } from './published/read.js'
import { emptySplit } from './published/split.js'
import { OWN_FILES } from './store.js'

/** The facts of an inspected data set that others refer to. */
export interface InspectedDataset {
  /** Hash of its arrays; null when it is damaged. */
  readonly hash: string | null
  /** Rows of both splits; null when they are not known. */
  readonly rows: number | null
}

/** Returns whether a folder holds a data set, in Recurlab's layout or that of the published builders. */
export function isDataset(dir: string): boolean {
  // Without its manifest it is a damaged one.
  return OWN_FILES.some((name) => fs.existsSync(path.join(dir, name))) || isPublished(dir)
}

/**
 * Inspects the data set in a folder: the seal of its manifest, the SHA-256 of its files, the range of every value, and the
 * hash of its arrays, computed anew. Arrays pass by a megabyte at a time; only the numbers of puzzles and groups, 8 bytes an
 * example, and the names of puzzles are in memory. A folder in the layout of the published builders, which has no checksums, is
 * read as whole.
 */
export function inspectDataset(dir: string, inspection: Inspection): InspectedDataset {
  if (isPublished(dir) && !fs.existsSync(path.join(dir, MANIFEST))) return inspectPublished(dir, inspection)
  const manifest = inspection.attempt(() => readManifest(path.join(dir, MANIFEST)))
  if (!manifest) return { hash: null, rows: null }
  const rows = manifest.counts.train + manifest.counts.test
  const files = Object.values(manifest.files).filter((file) => file !== undefined)
  const isWhole = files.map((file) => inspection.attempt(() => checkSum(dir, file, inspection)))
  if (isWhole.some((whole) => !whole)) return { hash: null, rows }
  const hash = inspection.attempt(() => {
    const found = hashOf(dir, manifest)
    if (found !== manifest.hash)
      throw new UserError({
        where: path.join(dir, MANIFEST),
        expected: `arrays with the hash ${manifest.hash}`,
        found,
        todo: 'This version of Recurlab reads or hashes the files differently from the one that wrote them: build the data set again.',
      })
    return found
  })
  return { hash: hash ?? null, rows }
}

function checkSum(dir: string, { name, sha256 }: StoredFile, inspection: Inspection): true {
  const file = path.join(dir, name)
  const found = withOpenFile(file, inspection.read, (open) => open.sha256())
  if (found === sha256) return true
  throw new UserError({
    where: file,
    expected: `SHA-256 ${sha256}`,
    found,
    todo: 'The file is damaged or was changed: build or copy it again.',
  })
}

/** Returns the hash of the arrays in the files of a data set. @throws UserError for values that the manifest excludes. */
function hashOf(dir: string, stored: StoredManifest): string {
  const { formatVersion: _, hash: __, files, ...manifest } = stored
  taskNamed(manifest.task, `${path.join(dir, MANIFEST)}, key task`)
  const table = (file: StoredFile | undefined) => (file ? readArrow(path.join(dir, file.name), file.sha256) : null)
  const empty = (name: 'train' | 'test') => ({ ...emptySplit(name, manifest.seqLen), ratings: new Float64Array() })
  const { identifiers, testTasks } = openParts(manifest, {
    train: empty('train'),
    test: empty('test'),
    identifiers: table(files.identifiers),
    tests: table(files.tests),
  })
  return withOpenFile(path.join(dir, files.train.name), undefined, (train) =>
    withOpenFile(path.join(dir, files.test.name), undefined, (test) =>
      hashOfPieces(
        manifest,
        { train: hashedSplit(train, manifest, 'train'), test: hashedSplit(test, manifest, 'test') },
        { identifiers, testTasks },
      ),
    ),
  )
}

/** Returns the arrays of a stored split, which are read when they are hashed. */
function hashedSplit(open: OpenFile, manifest: DatasetManifest, name: 'train' | 'test'): HashedSplit {
  const scan = scanArrow(open)
  const count = manifest.counts[name]
  const { seqLen, vocabSize, puzzleIdentifiers } = manifest
  const wrong = (expected: string, found: string): UserError =>
    new UserError({ where: open.file, expected, found, todo: 'Build the data set again.' })
  if (scan.rows !== count) throw wrong(`${count} rows, as the manifest says`, String(scan.rows))
  const tokens = (column: string): HashedArray => ({
    type: 'uint8',
    length: count * seqLen,
    pieces: checkedPieces(open, columnPlaces(scan, open, column, tokenType(seqLen)), (bytes) => {
      for (let i = 0; i < bytes.length; i++)
        if (bytes[i]! >= vocabSize) throw wrong(`values 0…${vocabSize - 1} in column ${column}`, String(bytes[i]))
    }),
  })
  const ratings = checkedPieces(open, columnPlaces(scan, open, 'rating', new Float64()), (bytes) => {
    for (const rating of new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8))
      if (!(rating >= 0)) throw wrong('ratings of 0 or more', 'other values')
  })
  const puzzleIds = checkedPieces(open, columnPlaces(scan, open, 'puzzle', new Int32()), (bytes) => {
    for (const id of new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4))
      if (id < 0 || id >= puzzleIdentifiers)
        throw wrong(`values 0…${puzzleIdentifiers - 1} in column puzzle`, String(id))
  })
  return {
    inputs: tokens('input'),
    labels: tokens('label'),
    ratings: { type: 'float64', length: count, pieces: ratings },
    puzzleIds: { type: 'int32', length: count, pieces: puzzleIds },
    ...startsIn(open, scan, count, wrong),
  }
}

/** Returns the first examples of puzzles and the first puzzles of groups. */
function startsIn(
  open: OpenFile,
  scan: ArrowScan,
  count: number,
  wrong: (expected: string, found: string) => UserError,
): Pick<HashedSplit, 'puzzleStarts' | 'groupStarts'> {
  if (!scan.schema.fields.some(({ name }) => name === 'group'))
    return { puzzleStarts: countedTo(count), groupStarts: countedTo(count) }
  const column = (name: string): Int32Array => {
    const bytes = Buffer.concat(
      columnPlaces(scan, open, name, new Int32()).map(({ from, bytes }) => open.read(from, bytes)),
    )
    return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  }
  const { puzzleStarts, groupStarts } = startsOf(column('puzzleIndex'), column('group'), wrong)
  const hashed = (values: Int32Array): HashedArray => ({
    type: 'int32',
    length: values.length,
    pieces: [new Uint8Array(values.buffer, values.byteOffset, values.byteLength)],
  })
  return { puzzleStarts: hashed(puzzleStarts), groupStarts: hashed(groupStarts) }
}

/** Returns the starts 0, 1, … `count` of runs of one element each. */
function countedTo(count: number): HashedArray {
  function* pieces(): Generator<Uint8Array> {
    const LENGTH = 2 ** 18
    for (let first = 0; first <= count; first += LENGTH) {
      const values = Int32Array.from({ length: Math.min(LENGTH, count + 1 - first) }, (_, i) => first + i)
      yield new Uint8Array(values.buffer)
    }
  }
  return { type: 'int32', length: count + 1, pieces: pieces() }
}

/** Yields the bytes at places of a file in pieces. @param check throws for values that must not be there */
function* checkedPieces(
  open: OpenFile,
  places: readonly BufferPlace[],
  check: (bytes: Buffer) => void,
): Generator<Uint8Array> {
  for (const { from, bytes } of places)
    for (const piece of open.pieces(from, from + bytes)) {
      check(piece)
      yield piece
    }
}

function inspectPublished(dir: string, inspection: Inspection): InspectedDataset {
  const data = inspection.attempt(() => readPublished(dir))
  if (!data) return { hash: null, rows: null }
  for (const name of fs.readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    const stat = fs.statSync(path.join(dir, name))
    if (stat.isFile()) inspection.read(stat.size)
  }
  inspection.note('the layout of the published builders has no checksums: only structure and ranges are checked')
  return { hash: data.hash, rows: data.train.count + data.test.count }
}
