import { UserError } from '../errors.js'
import { lineOf } from './csv.js'
import type { SourceFile } from './dataset.js'
import { createCount, type MakeOptions } from './progress.js'
import { indexBy, type Likeness, literally } from './puzzle-index.js'
import { type Puzzle, type Puzzles, pick } from './puzzles.js'
import { createSample } from './sample.js'

/** Selection of puzzles from one or two files. */
export interface FileOrder {
  readonly file: string
  /** A separate file for the test split; null to split `file`. */
  readonly testFile: string | null
  /** Number of training puzzles; null for all. */
  readonly train: number | null
  readonly test: number | null
  readonly minRating: number
  readonly skipDuplicates: boolean
}

/** Properties of a task that splitting depends on. */
export interface PuzzleTask {
  /** Cells per puzzle. */
  readonly cells: number
  /** Noun for the puzzles in errors, e.g. `puzzles`. */
  readonly plural: string
  /** Passes the puzzles of a file to a callback, each valid only during the call. @returns SHA-256 of the file */
  read(file: string, accept: (puzzle: Puzzle) => void): Promise<string>
  /** Returns the equivalence under which the splits are disjoint, given the number of puzzles read. */
  likeness(rows: number): Likeness
}

/** Splits read from files. */
export interface FileSplits {
  readonly train: Puzzles
  readonly test: Puzzles
  readonly source: SourceFile & { test?: SourceFile }
  /** Number of puzzles read and compared. */
  readonly rows: number
  /** Number of puzzles left out because an equivalent one was taken before. */
  readonly leftOut: number
}

/** Puzzles read from one file. */
interface Read {
  readonly file: SourceFile
  readonly list: Puzzles
  /** Puzzles of the file whose rating is high enough. */
  readonly eligible: number
}

/**
 * Draws the splits from one or two files. The test split is drawn first; a puzzle equivalent to one already taken is
 * left out, and the next candidate takes its place. Memory holds at most twice the number of puzzles asked for.
 *
 * @throws UserError for invalid lines, repeated lines, and too few puzzles.
 */
export async function splitsFromFiles(
  task: PuzzleTask,
  order: FileOrder,
  seed: number,
  make: MakeOptions = {},
): Promise<FileSplits> {
  const asked =
    order.train === null || (order.test === null && order.testFile === null)
      ? Number.POSITIVE_INFINITY
      : order.train + (order.testFile === null ? (order.test ?? 0) : 0)
  // The reserve replaces equivalent puzzles; when it runs out, the file is read again with a larger one.
  for (let capacity = 2 * asked + 1000; ; capacity *= 8) {
    const main = await read(task, order, order.file, capacity, seed, make)
    const test = order.testFile === null ? null : await readTest(task, order, order.testFile, seed, make)
    const chosen = choose(task, order, main, test)
    const short = order.train !== null && chosen.train.count < order.train
    const shortOfTest = order.test !== null && chosen.test.count < order.test
    if ((short || shortOfTest) && main.list.count < main.eligible) continue
    if (short) throw tooFew(task, 'train', order.train, chosen.train.count, order)
    if (shortOfTest) throw tooFew(task, 'test', order.test, chosen.test.count, order)
    return { ...chosen, source: test ? { ...main.file, test: test.file } : main.file }
  }
}

function readTest(task: PuzzleTask, order: FileOrder, file: string, seed: number, make: MakeOptions): Promise<Read> {
  const capacity = order.test === null ? Number.POSITIVE_INFINITY : 2 * order.test + 1000
  return read(task, order, file, capacity, seed, make)
}

async function read(
  task: PuzzleTask,
  order: FileOrder,
  file: string,
  capacity: number,
  seed: number,
  make: MakeOptions,
): Promise<Read> {
  const sample = createSample(task, capacity, seed)
  const tell = createCount(make, task.plural, `read from ${file}`, null)
  let rows = 0
  const sha256 = await task.read(file, (puzzle) => {
    // The reader gives the event loop its turns.
    void tell(++rows)
    if (puzzle.rating >= order.minRating) sample.offer(puzzle)
  })
  return { file: { path: file, sha256 }, list: sample.take(), eligible: sample.offered }
}

function choose(task: PuzzleTask, order: FileOrder, main: Read, testRead: Read | null): Omit<FileSplits, 'source'> {
  const rows = main.list.count + (testRead?.list.count ?? 0)
  // Puzzles of the test file are numbered after those of the main file.
  const get = (number: number): Puzzle =>
    number < main.list.count ? main.list.at(number) : testRead!.list.at(number - main.list.count)
  const same = indexBy(task.likeness(rows), get)
  let leftOut = 0
  const draw = (from: Candidates, wanted: number | null): Puzzles => {
    const taken: number[] = []
    while ((wanted === null || taken.length < wanted) && from.next < from.numbers.length) {
      const number = from.numbers[from.next++]! + from.offset
      if (same.findOrAdd(get(number), number) >= 0) leftOut++
      else taken.push(number)
    }
    return pick({ count: rows, at: get }, Int32Array.from(taken))
  }
  const rest = { numbers: distinct(main, order.skipDuplicates), offset: 0, next: 0 }
  const testRest = testRead
    ? { numbers: distinct(testRead, order.skipDuplicates), offset: main.list.count, next: 0 }
    : rest
  if (order.test !== null || testRead) {
    const test = draw(testRest, order.test)
    return { train: draw(rest, order.train), test, rows, leftOut }
  }
  const train = draw(rest, order.train)
  return { train, test: draw(rest, null), rows, leftOut }
}

/** Puzzles that remain to draw from. */
interface Candidates {
  readonly numbers: Int32Array
  /** Offset added to each number. */
  readonly offset: number
  next: number
}

/**
 * Returns the numbers of the puzzles of a list without literal repetitions. For a file too large to keep, only the
 * sampled lines are compared.
 *
 * @throws UserError when there are repetitions, unless they are to be skipped.
 */
function distinct({ list, file }: Read, skip: boolean): Int32Array {
  const met = indexBy(literally, (number) => list.at(number))
  const numbers = new Int32Array(list.count)
  let count = 0
  for (let i = 0; i < list.count; i++) {
    const puzzle = list.at(i)
    const earlier = met.findOrAdd(puzzle, i)
    if (earlier < 0) numbers[count++] = i
    else if (!skip) {
      const lines = [list.at(earlier).line, puzzle.line].sort((a, b) => a - b)
      throw new UserError({
        where: lineOf(file.path, lines[1]!),
        expected: 'each puzzle once',
        found: `the puzzle of line ${lines[0]} again`,
        todo: 'Remove the line, or set duplicates=skip.',
      })
    }
  }
  return numbers.subarray(0, count)
}

function tooFew(
  { plural }: PuzzleTask,
  split: 'train' | 'test',
  asked: number | null,
  found: number,
  order: FileOrder,
): UserError {
  const file = split === 'test' && order.testFile !== null ? order.testFile : order.file
  const rated = order.minRating > 0 ? ` rated ${order.minRating} or more` : ''
  return new UserError({
    where: `key ${split}`,
    expected: `${asked} different ${plural}${rated} in ${file}`,
    found: String(found),
    todo: `Ask for fewer${rated ? ', or lower minRating' : ''}.`,
  })
}
