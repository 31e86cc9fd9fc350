import { withSpec } from '../../data/augmentation-spec.js'
import { type Augmentation, runAt, type Split } from '../../data/dataset.js'
import { streamFamily } from '../../data/streams.js'
import type { Random } from '../../random.js'
import { crop, encodeGrid } from './encode.js'
import type { FlatGrid } from './grid.js'
import { type ArcIdentifiers, arcIdentifiers } from './identifiers.js'
import { coloursOf, transformOf, type VersionCode, versionWalk } from './version.js'

/** Parameters of ARC's augmentation. */
export interface ArcAugmentOptions {
  readonly identifiers: ArcIdentifiers
  /** Seed of the data set, which determines the translations. */
  readonly seed: number
  /** Side of the board. */
  readonly board: number
}

/** Serialisable form of {@link ArcAugmentOptions}. */
interface ArcAugmentParts {
  readonly tasks: readonly string[]
  readonly taskOf: Int32Array
  readonly codeOf: Int32Array
  readonly seed: number
  readonly board: number
}

/** Rebuilds an augmentation from its specification, in another thread. */
export function arcAugmentOf(parts: unknown): Augmentation {
  const { tasks, taskOf, codeOf, seed, board } = parts as ArcAugmentParts
  return arcAugment({ identifiers: arcIdentifiers(tasks, taskOf, codeOf), seed, board })
}

/** Position of a pair's grids on the board. */
interface Place {
  readonly row: number
  readonly column: number
}

/**
 * Returns ARC's augmentation: version `a` of a puzzle is the a-th identifier of its task. In training every pair of a
 * puzzle but one is translated on the board, input and output alike; the pair and the translation are a pure function
 * of (data set's seed, task, version). In test, grids are placed in the top left corner.
 */
export function arcAugment({ identifiers, seed, board }: ArcAugmentOptions): Augmentation {
  const taskOf = (split: Split, example: number): number => identifiers.taskOf[split.puzzleIds[example]!]!
  const rowOf = (split: Split, example: number, version: number): number =>
    identifiers.rowsOf(taskOf(split, example))[version]!
  const places = translations(identifiers, seed, board)
  const { tasks, taskOf: taskOfRow, codeOf } = identifiers
  return withSpec(
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

/** Random streams of one task, by (version, number in the puzzle). */
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
