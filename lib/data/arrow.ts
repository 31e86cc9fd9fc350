import { Field, FixedSizeList, Float64, Int32, makeData, makeVector, Table, Uint8, Vector } from 'apache-arrow'
import { UserError } from '../errors.js'
import { type DatasetManifest, type Split, singletonStarts } from './dataset.js'

/**
 * Returns a split as an Arrow table: `input` and `label` (fixed-size lists of uint8, one token per cell), `rating`
 * (float64) and `puzzle` (int32, row of the puzzle embedding). When a puzzle has several examples or a group several
 * puzzles, `puzzleIndex` and `group` (int32) name the puzzle and the group of each example.
 */
export function splitTable(split: Split): Table {
  const columns = {
    input: tokenColumn(split.inputs, split.count, split.seqLen),
    label: tokenColumn(split.labels, split.count, split.seqLen),
    rating: makeVector(split.ratings),
    puzzle: makeVector(split.puzzleIds),
  }
  const { count, puzzleStarts, groupStarts } = split
  if (puzzleStarts.length === count + 1 && groupStarts.length === count + 1) return new Table(columns)
  const puzzleIndex = numbersOf(puzzleStarts)
  const groupOfPuzzle = numbersOf(groupStarts)
  return new Table({
    ...columns,
    puzzleIndex: makeVector(puzzleIndex),
    group: makeVector(puzzleIndex.map((puzzle) => groupOfPuzzle[puzzle]!)),
  })
}

/** Returns the number of the run that each element belongs to: starts 0, 2, 3 → 0, 0, 1. */
function numbersOf(starts: Int32Array): Int32Array {
  const numbers = new Int32Array(starts.at(-1) ?? 0)
  for (let run = 0; run + 1 < starts.length; run++) numbers.fill(run, starts[run], starts[run + 1])
  return numbers
}

/** Returns tokens `[length, seqLen]` as a column of fixed-size lists of uint8. */
export function tokenColumn(tokens: Uint8Array, length: number, seqLen: number): Vector<FixedSizeList<Uint8>> {
  const item = makeData({ type: new Uint8(), length: tokens.length, nullCount: 0, data: tokens })
  return new Vector([makeData({ type: tokenType(seqLen), length, nullCount: 0, child: item })])
}

/** Returns the type of a column of tokens. */
export function tokenType(seqLen: number): FixedSizeList<Uint8> {
  return new FixedSizeList(seqLen, new Field('item', new Uint8(), false))
}

/**
 * Reads a split from its Arrow table.
 *
 * @throws UserError when columns, types or values disagree with the manifest.
 */
export function splitFromTable(table: Table, manifest: DatasetManifest, name: 'train' | 'test', file: string): Split {
  const count = manifest.counts[name]
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
  if (!ratings.every((rating) => rating >= 0)) throw wrong('ratings of 0 or more', 'other values')
  const split = { name, count, seqLen, inputs, labels, ratings, puzzleIds }
  if (!table.getChild('group'))
    return { ...split, puzzleStarts: singletonStarts(count), groupStarts: singletonStarts(count) }
  const int32 = (column: string): Int32Array => readNumbers(table, column, new Int32(), new Int32Array(count), wrong)
  return { ...split, ...startsOf(int32('puzzleIndex'), int32('group'), wrong) }
}

/**
 * Returns the first example of each puzzle and the first puzzle of each group from the columns `puzzleIndex` and `group`.
 *
 * @param wrong makes the error for columns that do not count up from 0, and for a puzzle in several groups
 */
export function startsOf(
  puzzleIndex: Int32Array,
  groups: Int32Array,
  wrong: Wrong,
): Pick<Split, 'puzzleStarts' | 'groupStarts'> {
  const puzzleStarts = runStarts(puzzleIndex, 'puzzleIndex', wrong)
  const first = puzzleStarts.subarray(0, -1)
  const groupStarts = runStarts(
    Int32Array.from(first, (at) => groups[at]!),
    'group',
    wrong,
  )
  if (!groups.every((group, i) => group === groups[puzzleStarts[puzzleIndex[i]!]!]!))
    throw wrong('each puzzle in one group', 'a puzzle in several')
  return { puzzleStarts, groupStarts }
}

/** Inverts {@link numbersOf}: 0, 0, 1 → 0, 2, 3. Numbers must count up from 0 without a gap. */
function runStarts(numbers: Int32Array, column: string, wrong: Wrong): Int32Array {
  const starts: number[] = []
  numbers.forEach((number, i) => {
    if (number === starts.length) starts.push(i)
    else if (number !== starts.length - 1) throw wrong(`column ${column} counting up from 0`, `${number} in row ${i}`)
  })
  return Int32Array.from([...starts, numbers.length])
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
    if (!(values instanceof Uint8Array)) throw wrong(`uint8 values in column ${name}`, 'other values')
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
    if (!(values instanceof into.constructor)) throw wrong(`${type} values in column ${name}`, 'other values')
    into.set((values as T).subarray(0, chunk.length), at)
    at += chunk.length
  }
  return into
}
