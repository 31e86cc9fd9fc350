import type { Dataset, Grid, Split, TestTask } from '../../data/dataset.js'
import { FIRST_COLOUR } from './encode.js'

type Pair = { input: Grid; output: Grid }

/**
 * Returns the content of `test_puzzles.json`: test pairs, and the training pairs of each task, read from the boards of
 * the training split.
 *
 * Withheld outputs become `[[0]]`, the published builder's placeholder.
 */
export function testPuzzlesOf(
  { train, identifiers }: Dataset,
  tasks: readonly TestTask[],
): Record<string, { train: Pair[]; test: Pair[] }> {
  const puzzleOf = new Map<string, number>()
  for (let puzzle = 0; puzzle + 1 < train.puzzleStarts.length; puzzle++) {
    const name = identifiers.name(train.puzzleIds[train.puzzleStarts[puzzle]!]!)
    if (!puzzleOf.has(name)) puzzleOf.set(name, puzzle)
  }
  const entries = tasks.map(({ name, pairs }) => {
    const puzzle = puzzleOf.get(name)
    const test = pairs.map(({ input, output }) => ({ input, output: output ?? [[0]] }))
    return [name, { train: puzzle === undefined ? [] : pairsOf(train, puzzle), test }] as const
  })
  return Object.fromEntries(entries)
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
