import { type Augmentation, runAt, type Split } from '../../data/dataset.js'
import { madeOf } from '../../data/recipe.js'
import { streamFamily } from '../../data/streams.js'
import type { Random } from '../../random.js'
import { crop, encodeGrid } from './encode.js'
import type { FlatGrid } from './grid.js'
import { type ArcIdentifiers, arcIdentifiers } from './identifiers.js'
import { coloursOf, transformOf, type VersionCode, versionWalk } from './version.js'

/** Parts of ARC's augmentation. */
export interface ArcAugmentOptions {
  readonly identifiers: ArcIdentifiers
  /** The data set's seed: that of the translations. */
  readonly seed: number
  /** Side of the board. */
  readonly board: number
}

/** {@link ArcAugmentOptions} as plain data. */
interface ArcAugmentParts {
  readonly tasks: readonly string[]
  readonly taskOf: Int32Array
  readonly codeOf: Int32Array
  readonly seed: number
  readonly board: number
}

/** The augmentation that a recipe describes, in the thread that was given it. */
export function arcAugmentOf(parts: unknown): Augmentation {
  const { tasks, taskOf, codeOf, seed, board } = parts as ArcAugmentParts
  return arcAugment({ identifiers: arcIdentifiers(tasks, taskOf, codeOf), seed, board })
}

/** Where on the board the grids of a pair stand. */
interface Place {
  readonly row: number
  readonly column: number
}

/**
 * How ARC's puzzles are varied: version `a` of a puzzle is the one whose name stands a-th among its task's identifiers.
 * In training every pair of a puzzle but one is moved on the board, input and output alike; which, and where to, is a
 * pure function of (data set's seed, task, version). In test grids stand in the top left corner.
 */
export function arcAugment({ identifiers, seed, board }: ArcAugmentOptions): Augmentation {
  const taskOf = (split: Split, example: number): number => identifiers.taskOf[split.puzzleIds[example]!]!
  const rowOf = (split: Split, example: number, version: number): number =>
    identifiers.rowsOf(taskOf(split, example))[version]!
  const places = translations(identifiers, seed, board)
  const { tasks, taskOf: taskOfRow, codeOf } = identifiers
  return madeOf(
    { task: 'arc', parts: { tasks, taskOf: taskOfRow, codeOf, seed, board } satisfies ArcAugmentParts },
    {
      versions: (split, puzzle) => identifiers.rowsOf(taskOf(split, split.puzzleStarts[puzzle]!)).length,
      puzzleId: rowOf,
      write(split, example, version, _seed, inputs, labels, offset) {
        const code = identifiers.codeOf[rowOf(split, example, version)]!
        const input = crop(split.inputs, board, example * split.seqLen)
        const output = crop(split.labels, board, example * split.seqLen)
        const { row, column } = split.name === 'train' ? places(split, example, code, input, output) : CORNER
        const drawn = { transform: transformOf(code), colours: coloursOf(code) }
        encodeGrid(input, board, row, column, inputs, offset, drawn)
        encodeGrid(output, board, row, column, labels, offset, drawn)
      },
    },
  )
}

const CORNER: Place = { row: 0, column: 0 }

/** Streams of one task: (version, number in the puzzle) → what is drawn. */
type Streams = (code: VersionCode, number: number) => Random

function translations(
  identifiers: ArcIdentifiers,
  seed: number,
  board: number,
): (split: Split, example: number, code: VersionCode, input: FlatGrid, output: FlatGrid) => Place {
  const families: Streams[] = []
  const streams = (task: number): Streams => {
    families[task] ??= streamFamily(seed, 'arc translation', identifiers.tasks[task]!)
    return families[task]
  }
  return (split, example, code, input, output) => {
    const stream = streams(identifiers.taskOf[split.puzzleIds[example]!]!)
    const puzzle = runAt(split.puzzleStarts, example)
    const first = split.puzzleStarts[puzzle]!
    const still = stream(code, 0).int(split.puzzleStarts[puzzle + 1]! - first)
    if (example - first === still) return CORNER
    const random = stream(code, 1 + example - first)
    const [a, b] = [versionWalk(input, code), versionWalk(output, code)]
    const row = random.int(board - Math.max(a.rows, b.rows) + 1)
    return { row, column: random.int(board - Math.max(a.columns, b.columns) + 1) }
  }
}
