import { Field, FixedSizeList, Float64, Int32, makeData, makeVector, Table, Uint8, Vector } from 'apache-arrow'
import { UserError } from '../errors.js'
import type { DatasetManifest, Split } from './dataset.js'

/**
 * A split as a table: `input` and `label` (fixed-size lists of uint8, one token per cell), `rating` (float64),
 * `puzzle` (int32, row of the puzzle embedding).
 */
export function splitTable(split: Split): Table {
  return new Table({
    input: tokenColumn(split.inputs, split.count, split.seqLen),
    label: tokenColumn(split.labels, split.count, split.seqLen),
    rating: makeVector(split.ratings),
    puzzle: makeVector(split.puzzleIds),
  })
}

function tokenColumn(tokens: Uint8Array, length: number, seqLen: number): Vector<FixedSizeList<Uint8>> {
  const item = makeData({ type: new Uint8(), length: tokens.length, nullCount: 0, data: tokens })
  return new Vector([makeData({ type: tokenType(seqLen), length, nullCount: 0, child: item })])
}

function tokenType(seqLen: number): FixedSizeList<Uint8> {
  return new FixedSizeList(seqLen, new Field('item', new Uint8(), false))
}

/**
 * A split out of its table.
 *
 * @throws UserError when columns, types or values are not what the manifest says.
 */
export function splitFromTable(table: Table, manifest: DatasetManifest, count: number, file: string): Split {
  const { seqLen, vocabSize, puzzleIdentifiers } = manifest
  const wrong = (expected: string, found: string): UserError =>
    new UserError({ where: file, expected, found, todo: 'Build the data set again.' })
  if (table.numRows !== count) throw wrong(`${count} rows, as the manifest says`, String(table.numRows))
  const inputs = readTokens(table, 'input', seqLen, wrong)
  const labels = readTokens(table, 'label', seqLen, wrong)
  const ratings = readNumbers(table, 'rating', new Float64(), new Float64Array(count), wrong)
  const puzzleIds = readNumbers(table, 'puzzle', new Int32(), new Int32Array(count), wrong)
  for (const [name, values, limit] of [
    ['input', inputs, vocabSize],
    ['label', labels, vocabSize],
    ['puzzle', puzzleIds, puzzleIdentifiers],
  ] as const) {
    const row = values.findIndex((value) => value < 0 || value >= limit)
    if (row >= 0) throw wrong(`values 0…${limit - 1} in column ${name}`, String(values[row]))
  }
  if (!ratings.every((rating) => rating >= 0)) throw wrong('ratings of 0 or more', 'others')
  return { count, seqLen, inputs, labels, ratings, puzzleIds }
}

type Wrong = (expected: string, found: string) => UserError

function readTokens(table: Table, name: string, seqLen: number, wrong: Wrong): Uint8Array {
  const column = table.getChild(name)
  const expected = String(tokenType(seqLen))
  if (!column || String(column.type) !== expected)
    throw wrong(`a column ${name} of ${expected}`, String(column?.type ?? 'none'))
  const tokens = new Uint8Array(table.numRows * seqLen)
  let at = 0
  for (const chunk of column.data) {
    const item = chunk.children[0]
    const values: unknown = item?.values
    if (!(values instanceof Uint8Array)) throw wrong(`uint8 values in column ${name}`, 'others')
    tokens.set(values.subarray(0, chunk.length * seqLen), at)
    at += chunk.length * seqLen
  }
  return tokens
}

function readNumbers<T extends Float64Array | Int32Array>(
  table: Table,
  name: string,
  type: Float64 | Int32,
  into: T,
  wrong: Wrong,
): T {
  const column = table.getChild(name)
  if (!column || String(column.type) !== String(type) || column.nullCount > 0)
    throw wrong(`a column ${name} of ${type}`, String(column?.type ?? 'none'))
  let at = 0
  for (const chunk of column.data) {
    const values: unknown = chunk.values
    if (!(values instanceof into.constructor)) throw wrong(`${type} values in column ${name}`, 'others')
    into.set((values as T).subarray(0, chunk.length), at)
    at += chunk.length
  }
  return into
}
