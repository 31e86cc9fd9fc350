import { UserError } from '../../errors.js'
import type { SourceFile } from '../dataset.js'
import type { Geometry } from './box.js'
import type { FileSource } from './options.js'
import { lineOf, solveUnique } from './parse.js'
import { type Puzzle, type PuzzleList, puzzleList } from './puzzles.js'
import { type PuzzleRow, readRows } from './read.js'
import { createSample } from './sample.js'
import { puzzleIndex, type Sameness, samenessFor } from './twins.js'

/** Up to so many puzzles of a split are solved to see that they have one solution only. */
export const CHECK_LIMIT = 20_000

/** Up to so many puzzles twins are looked for; beyond, literal copies only. */
export const TWIN_LIMIT = 1_000_000

/** Splits out of files, and what can be said about them. */
export interface FileSplits {
  readonly train: PuzzleList
  readonly test: PuzzleList
  readonly source: SourceFile & { test?: SourceFile }
  /** Which puzzles were kept apart. */
  readonly sameness: Sameness
  /** Puzzles not taken because they are the same as one taken before. */
  readonly leftOut: number
  /** Whether each puzzle was solved, or only its answer checked. */
  readonly solved: boolean
}

/** What a line says, or what solving it says where it does not. */
function toPuzzle(grid: Geometry, { clues, answer, rating, line }: PuzzleRow, file: string): Puzzle {
  if (answer !== null && rating !== null) return { clues, solution: answer, rating, line }
  const { solution, backtracks } = solveUnique(grid, clues, lineOf(file, line), answer)
  return { clues, solution, rating: rating ?? backtracks, line }
}

/** What was read of a file. */
interface Read {
  readonly file: SourceFile
  readonly list: PuzzleList
  /** Puzzles of the file that are rated high enough. */
  readonly eligible: number
}

/**
 * Takes the splits out of one or two files. The test split is chosen first; a puzzle that is the same as one already
 * taken is left out, and the next one takes its place.
 *
 * @throws UserError for bad lines, repeated lines, and fewer puzzles than asked for.
 */
export async function splitsFromFiles(grid: Geometry, source: FileSource, seed: number): Promise<FileSplits> {
  const asked =
    source.train === null || (source.test === null && source.testFile === null)
      ? Number.POSITIVE_INFINITY
      : source.train + (source.testFile === null ? (source.test ?? 0) : 0)
  // Some more than asked for, in case some are the same; if that was too few, the file is read again with room for more.
  for (let capacity = 2 * asked + 1000; ; capacity *= 8) {
    const main = await read(grid, source, source.file, capacity, seed)
    const test = source.testFile === null ? null : await readTest(grid, source, source.testFile, seed)
    const chosen = choose(grid, source, main, test)
    const short = source.train !== null && chosen.train.count < source.train
    const shortOfTest = source.test !== null && chosen.test.count < source.test
    if ((short || shortOfTest) && main.list.count < main.eligible) continue
    if (short) throw tooFew('train', source.train, chosen.train.count, source)
    if (shortOfTest) throw tooFew('test', source.test, chosen.test.count, source)
    const files = test ? { ...main.file, test: test.file } : main.file
    return { ...chosen, source: files, solved: checkSolutions(grid, source, chosen) }
  }
}

function readTest(grid: Geometry, source: FileSource, file: string, seed: number): Promise<Read> {
  const capacity = source.test === null ? Number.POSITIVE_INFINITY : 2 * source.test + 1000
  return read(grid, source, file, capacity, seed)
}

async function read(grid: Geometry, source: FileSource, file: string, capacity: number, seed: number): Promise<Read> {
  const sample = createSample(grid, capacity, seed)
  const sha256 = await readRows(grid, file, source.kind, (row) => {
    const puzzle = toPuzzle(grid, row, file)
    if (puzzle.rating >= source.minRating) sample.offer(puzzle)
  })
  const list = sample.take()
  return { file: { path: file, sha256 }, list, eligible: sample.offered }
}

function choose(
  grid: Geometry,
  source: FileSource,
  main: Read,
  testRead: Read | null,
): Omit<FileSplits, 'source' | 'solved'> {
  const rows = main.list.count + (testRead?.list.count ?? 0)
  const sameness = rows > TWIN_LIMIT ? 'literal' : samenessFor(grid)
  const taken = puzzleList(grid)
  const same = puzzleIndex(grid, sameness, (number) => taken.at(number))
  let leftOut = 0
  const draw = (from: Iterator<Puzzle>, wanted: number | null): PuzzleList => {
    const split = puzzleList(grid)
    while (wanted === null || split.count < wanted) {
      const { value: puzzle, done } = from.next()
      if (done) break
      if (same.find(puzzle) >= 0) {
        leftOut++
        continue
      }
      same.add(puzzle, taken.count)
      taken.push(puzzle)
      split.push(puzzle)
    }
    return split
  }
  const rest = distinct(grid, main, source.skipDuplicates)
  const testRest = testRead ? distinct(grid, testRead, source.skipDuplicates) : rest
  if (source.test !== null || testRead) {
    const test = draw(testRest, source.test)
    return { train: draw(rest, source.train), test, sameness, leftOut }
  }
  const train = draw(rest, source.train)
  return { train, test: draw(rest, null), sameness, leftOut }
}

/**
 * The puzzles of a list without literal repetitions.
 *
 * @throws UserError when there are any, unless they are to be skipped. Of a file too long to be kept whole, only the
 * sampled lines are compared.
 */
function distinct(grid: Geometry, { list, file }: Read, skip: boolean): Iterator<Puzzle, undefined> {
  const met = puzzleIndex(grid, 'literal', (number) => list.at(number))
  const numbers: number[] = []
  for (let i = 0; i < list.count; i++) {
    const puzzle = list.at(i)
    const earlier = met.find(puzzle)
    if (earlier < 0) {
      met.add(puzzle, i)
      numbers.push(i)
    } else if (!skip) {
      const lines = [list.at(earlier).line, puzzle.line].sort((a, b) => a - b)
      throw new UserError({
        where: lineOf(file.path, lines[1]!),
        expected: 'a puzzle that is not yet in the file',
        found: `the one of line ${lines[0]}`,
        todo: 'Remove the line, or set duplicates=skip.',
      })
    }
  }
  return (function* () {
    for (const number of numbers) yield list.at(number)
    return undefined
  })()
}

/** Solves the puzzles of splits that are small enough. Lists were solved when they were read. */
function checkSolutions(
  grid: Geometry,
  source: FileSource,
  { train, test }: { train: PuzzleList; test: PuzzleList },
): boolean {
  if (source.kind === 'list') return true
  let all = true
  for (const [split, file] of [
    [train, source.file],
    [test, source.testFile ?? source.file],
  ] as const) {
    if (split.count > CHECK_LIMIT) all = false
    else
      for (let i = 0; i < split.count; i++) {
        const { clues, solution, line } = split.at(i)
        solveUnique(grid, clues, lineOf(file, line), solution)
      }
  }
  return all
}

function tooFew(split: 'train' | 'test', asked: number | null, found: number, source: FileSource): UserError {
  const file = split === 'test' && source.testFile !== null ? source.testFile : source.file
  const rated = source.minRating > 0 ? ` rated ${source.minRating} or more` : ''
  return new UserError({
    where: `key ${split}`,
    expected: `${asked} different puzzles${rated} in ${file}`,
    found: String(found),
    todo: `Ask for fewer${rated ? ', or lower minRating' : ''}.`,
  })
}
