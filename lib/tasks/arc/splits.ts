import { type Split, singles } from '../../data/dataset.js'
import type { ArcTask } from './check.js'
import { encodeGrid } from './encode.js'
import type { FlatGrid, FlatPair } from './grid.js'

/** The placeholder of an unknown answer, as the published builder has it. */
const PLACEHOLDER: FlatGrid = { rows: 1, columns: 1, cells: Uint8Array.of(0) }

/** A task, whether its test pairs are tested, and its row of the puzzle embedding. */
export interface SplitTask {
  readonly task: ArcTask
  readonly tested: boolean
  readonly row: number
}

/** All pairs of a task, those of training first; an unknown output is the placeholder `[[0]]`. */
export function allPairs({ train, test }: ArcTask): FlatPair[] {
  return [...train, ...test.map(({ input, output }) => ({ input, output: output ?? PLACEHOLDER }))]
}

function answered(task: ArcTask): ArcTask {
  return { ...task, test: task.test.filter(({ output }) => output !== null) }
}

/**
 * One split: a task is one group of one puzzle (its versions are made on the fly), its pairs the puzzle's examples, each in
 * the top left corner of its board. A task without pairs in the split has no puzzle there. Pairs without an answer do not
 * train.
 */
export function splitOf(name: Split['name'], tasks: readonly SplitTask[], board: number): Split {
  const puzzles = tasks.flatMap(({ task, tested, row }) => {
    const pairs = allPairs(task)
    if (!tested) return name === 'train' ? [{ pairs: allPairs(answered(task)), row }] : []
    return [{ pairs: name === 'train' ? pairs.slice(0, task.train.length) : pairs.slice(task.train.length), row }]
  })
  const puzzleStarts = new Int32Array(puzzles.length + 1)
  puzzles.forEach(({ pairs }, i) => {
    puzzleStarts[i + 1] = puzzleStarts[i]! + pairs.length
  })
  const count = puzzleStarts[puzzles.length]!
  const seqLen = board * board
  const inputs = new Uint8Array(count * seqLen)
  const labels = new Uint8Array(count * seqLen)
  const puzzleIds = new Int32Array(count)
  let example = 0
  for (const { pairs, row } of puzzles)
    for (const { input, output } of pairs) {
      encodeGrid(input, board, 0, 0, inputs, example * seqLen)
      encodeGrid(output, board, 0, 0, labels, example * seqLen)
      puzzleIds[example++] = row
    }
  const ratings = new Float64Array(count)
  return { name, count, seqLen, inputs, labels, ratings, puzzleIds, puzzleStarts, groupStarts: singles(puzzles.length) }
}
