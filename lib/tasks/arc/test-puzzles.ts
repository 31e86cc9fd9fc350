import { isDeepStrictEqual } from 'node:util'
import type { Dataset, Grid, Split, TestTask } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { shown } from '../../files/json.js'
import type { PublishedTests } from '../task.js'
import { checkName, checkTest, checkTrain, object } from './check.js'
import { FIRST_COLOUR } from './encode.js'
import { nested } from './grid.js'
import { parseVersionName } from './version.js'
import { withheldAnswers } from './withheld.js'

/** The published builder's placeholder for a withheld output. */
const PLACEHOLDER: Grid = [[0]]

type Pair = { input: Grid; output: Grid }

/**
 * The file of test tasks in a published folder: name → `{ train, test }`, lists of `{ input, output }`. An output is
 * withheld when it is missing or null, or is the published builder's placeholder `[[0]]`.
 */
export const testPuzzles: PublishedTests = {
  file: 'test_puzzles.json',
  read(value, file, { test, identifiers }) {
    const tasks = Object.entries(object(value, file, 'an object of tasks')).map(([name, entry]) =>
      testTaskOf(name, entry, `${file}, task ${name}`),
    )
    // JSON objects put integer-like names first, whatever their position in the file.
    tasks.sort((a, b) => (a.name < b.name ? -1 : 1))
    const nameOf = (puzzle: number): string => identifiers.name(test.puzzleIds[test.puzzleStarts[puzzle]!]!)
    checkPuzzles(tasks, test, nameOf, file)
    return { testTasks: tasks, withheld: withheldAnswers(test, identifiers, tasks) }
  },
  content(data, tasks) {
    const puzzleOf = trainingPuzzles(data)
    const entries = tasks.map(({ name, pairs }) => {
      const puzzle = puzzleOf.get(name)
      const test = pairs.map(({ input, output }) => ({ input, output: output ?? PLACEHOLDER }))
      return [name, { train: puzzle === undefined ? [] : pairsOf(data.train, puzzle), test }] as const
    })
    return Object.fromEntries(entries)
  },
}

function testTaskOf(name: string, entry: unknown, where: string): TestTask {
  checkName(name, where)
  const task = object(entry, where, 'a task (an object with train and test)')
  // Training pairs are not used, but malformed ones show that the file is damaged; a task may have none.
  if (task.train !== undefined && !isDeepStrictEqual(task.train, [])) checkTrain(task, where)
  const isWithheld = (output: unknown): boolean => (output ?? null) === null || isDeepStrictEqual(output, PLACEHOLDER)
  const pairs = checkTest(task, where, isWithheld)
  return { name, pairs: pairs.map(({ input, output }) => ({ input: nested(input), output: output && nested(output) })) }
}

/** Checks that every test puzzle is a version of a test task, with as many examples as the task has test pairs. */
function checkPuzzles(
  tasks: readonly TestTask[],
  { puzzleStarts }: Split,
  nameOf: (puzzle: number) => string,
  file: string,
): void {
  const pairs = new Map(tasks.map((task) => [task.name, task.pairs.length]))
  for (let puzzle = 0; puzzle + 1 < puzzleStarts.length; puzzle++) {
    const { task } = parseVersionName(nameOf(puzzle), `${file}, name of puzzle ${puzzle} of test`)
    const expected = pairs.get(task)
    const count = puzzleStarts[puzzle + 1]! - puzzleStarts[puzzle]!
    if (expected === count) continue
    throw expected === undefined
      ? new UserError({
          where: file,
          expected: `a task ${shown(task)} for puzzle ${puzzle} of test`,
          found: 'none',
        })
      : new UserError({
          where: `${file}, task ${task}, test`,
          expected: `${count} test pairs, as puzzle ${puzzle} of test has`,
          found: String(expected),
        })
  }
}

/** Returns the first training puzzle of each name. */
function trainingPuzzles({ train, identifiers }: Dataset): Map<string, number> {
  const puzzleOf = new Map<string, number>()
  for (let puzzle = 0; puzzle + 1 < train.puzzleStarts.length; puzzle++) {
    const name = identifiers.name(train.puzzleIds[train.puzzleStarts[puzzle]!]!)
    if (!puzzleOf.has(name)) puzzleOf.set(name, puzzle)
  }
  return puzzleOf
}

function pairsOf(split: Split, puzzle: number): Pair[] {
  const pairs: Pair[] = []
  for (let example = split.puzzleStarts[puzzle]!; example < split.puzzleStarts[puzzle + 1]!; example++) {
    const at = (tokens: Uint8Array): Grid =>
      gridOn(tokens.subarray(example * split.seqLen, (example + 1) * split.seqLen))
    pairs.push({ input: at(split.inputs), output: at(split.labels) })
  }
  return pairs
}

/** Returns the grid on a board, wherever it is placed: the bounding rectangle of its colours. */
function gridOn(board: Uint8Array): Grid {
  const side = Math.sqrt(board.length)
  const colour = (r: number, c: number): number => board[r * side + c]! - FIRST_COLOUR
  const lines = Array.from({ length: side }, (_, i) => i)
  const rows = lines.filter((r) => lines.some((c) => colour(r, c) >= 0))
  const columns = lines.filter((c) => rows.some((r) => colour(r, c) >= 0))
  return rows.map((r) => columns.map((c) => colour(r, c)))
}
