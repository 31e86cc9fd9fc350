import { createHash } from 'node:crypto'
import os from 'node:os'
import type { Dataset, DatasetManifest, Identifiers, Split } from './dataset.js'

/** Version of {@link datasetHash}. It is part of the hashed bytes: a new version changes the hash of every data set. */
const HASH_VERSION = 1

/** Input of {@link datasetHash}. */
export interface HashedContent extends Pick<Dataset, 'train' | 'test' | 'identifiers' | 'testTasks'> {
  readonly manifest: Pick<DatasetManifest, (typeof HEADER)[number]>
}

/**
 * Manifest keys that affect training. Options, seed and source are excluded: they only record the origin of the arrays.
 */
const HEADER = [
  'task',
  'vocabSize',
  'seqLen',
  'padId',
  'ignoreLabelId',
  'blankId',
  'puzzleIdentifiers',
  'augmentation',
] as const satisfies (keyof DatasetManifest)[]

const ARRAYS = [
  'inputs',
  'labels',
  'ratings',
  'puzzleIds',
  'puzzleStarts',
  'groupStarts',
] as const satisfies (keyof Split)[]

/**
 * Returns the identity of a data set: a SHA-256, in hexadecimal, of everything that a model is trained and tested on.
 * Data sets with equal arrays, names and test tasks have equal hashes, whether they were generated, imported or loaded.
 *
 * The hashed bytes are, in this order: a line of JSON with the version of the hash and the vocabulary; for each array
 * of each split, a line of JSON with its name, type and length, then its little-endian bytes; then the names of the
 * identifiers and the test tasks, as JSON, each preceded by such a line.
 */
export function datasetHash({ manifest, train, test, identifiers, testTasks }: HashedContent): string {
  const hashed = (values: Values): HashedArray => ({
    type: typeOf(values),
    length: values.length,
    pieces: littleEndianPieces(values),
  })
  const hashedSplit = (split: Split): HashedSplit => ({
    inputs: hashed(split.inputs),
    labels: hashed(split.labels),
    ratings: hashed(split.ratings),
    puzzleIds: hashed(split.puzzleIds),
    puzzleStarts: hashed(split.puzzleStarts),
    groupStarts: hashed(split.groupStarts),
  })
  return hashOfPieces(manifest, { train: hashedSplit(train), test: hashedSplit(test) }, { identifiers, testTasks })
}

/** An array as it is hashed: its little-endian bytes in pieces, which are taken once. */
export interface HashedArray {
  readonly type: 'uint8' | 'int32' | 'float64'
  readonly length: number
  readonly pieces: Iterable<Uint8Array>
}

/** The arrays of a split as they are hashed. */
export type HashedSplit = Readonly<Record<(typeof ARRAYS)[number], HashedArray>>

/** Returns the hash of {@link datasetHash} for arrays that are not in memory; each is taken in order, once. */
export function hashOfPieces(
  manifest: HashedContent['manifest'],
  splits: Readonly<Record<'train' | 'test', HashedSplit>>,
  { identifiers, testTasks }: Pick<HashedContent, 'identifiers' | 'testTasks'>,
): string {
  const hash = createHash('sha256')
  const line = (value: unknown): void => void hash.update(`${JSON.stringify(value)}\n`)
  line({ hash: HASH_VERSION, ...Object.fromEntries(HEADER.map((key) => [key, manifest[key] ?? null])) })
  for (const split of ['train', 'test'] as const)
    for (const array of ARRAYS) {
      const { type, length, pieces } = splits[split][array]
      line({ name: `${split}.${array}`, type, length })
      for (const piece of pieces) hash.update(piece)
    }
  line({ name: 'identifiers', type: 'names', length: identifiers.count })
  for (const piece of namePieces(identifiers)) hash.update(piece)
  const tasks = testTasks?.map(({ name, pairs }) => ({
    name,
    pairs: pairs.map(({ input, output }) => ({ input, output })),
  }))
  line({ name: 'testTasks', type: 'json', length: tasks?.length ?? 0 })
  line(tasks ?? null)
  return hash.digest('hex')
}

/** An array of a split. */
type Values = Split[(typeof ARRAYS)[number]]

function typeOf(values: Values): HashedArray['type'] {
  if (values instanceof Uint8Array) return 'uint8'
  return values instanceof Int32Array ? 'int32' : 'float64'
}

/** Bytes per piece. */
const PIECE = 2 ** 20

/**
 * Yields the bytes of an array, little-endian, in pieces of one megabyte: views of the array on a little-endian
 * machine, byte-swapped copies on a big-endian one.
 *
 * @param endianness byte order of the machine that holds `values`. Default: that of this machine
 */
export function* littleEndianPieces(
  values: Values,
  endianness: 'LE' | 'BE' = os.endianness(),
): Generator<Uint8Array, void> {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const width = values.BYTES_PER_ELEMENT
  for (let at = 0; at < bytes.length; at += PIECE) {
    const piece = bytes.subarray(at, at + PIECE)
    yield endianness === 'LE' || width === 1 ? piece : byteSwapped(piece, width)
  }
}

function byteSwapped(bytes: Uint8Array, width: number): Uint8Array {
  const swapped = new Uint8Array(bytes.length)
  for (let first = 0; first < bytes.length; first += width)
    for (let i = 0; i < width; i++) swapped[first + i] = bytes[first + width - 1 - i]!
  return swapped
}

/** Names per piece. */
const NAMES = 4096

/**
 * Yields the names as one line of JSON. As JSON strings, a name that contains a comma or a line break cannot pass for
 * two.
 */
function* namePieces(identifiers: Identifiers): Generator<string, void> {
  yield '['
  const { count } = identifiers
  for (let first = 0; first < count; first += NAMES) {
    const names: string[] = []
    for (let id = first; id < Math.min(first + NAMES, count); id++) names.push(identifiers.name(id))
    yield `${first === 0 ? '' : ','}${JSON.stringify(names).slice(1, -1)}`
  }
  yield ']\n'
}
