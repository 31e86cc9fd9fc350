import { Bool, Float64, Int32, makeVector, Table, Utf8, type Vector, vectorFromArray } from 'apache-arrow'
import { tokenColumn } from '../data/arrow.js'
import type { Dataset } from '../data/dataset.js'

/** What became of one puzzle, in one of its versions. */
export interface PuzzleOutcome {
  /** Index of the example in its split. */
  readonly puzzle: number
  /** 0: as it is stored. */
  readonly version: number
  /** Row of the puzzle embedding it was asked under. */
  readonly identifier: number
  /** Supervision steps made. */
  readonly supervisionSteps: number
  /** Share of its cells predicted; null where the answer is not known. */
  readonly cells: number | null
  /** All of its cells predicted; null where the answer is not known. */
  readonly exact: boolean | null
  /** sigmoid(q_halt) after the last step. */
  readonly haltProbability: number
  /** `[seqLen]` tokens. */
  readonly prediction: Uint8Array
}

/**
 * Outcomes as a table, one row a puzzle and version, so that accuracy by rating or by grid size is one query:
 * `id` (split and index, and the identifier's name where puzzles have names), `puzzle`, `version`, `rating`,
 * `rows` and `columns` of the answer, `supervisionSteps`, `haltProbability`, `exact`, `cells` (share right), `prediction`
 * (fixed-size list of uint8, one token per cell). Where the answer is not known, what is said of it is null.
 */
export function outcomesTable(outcomes: readonly PuzzleOutcome[], data: Dataset, split: 'train' | 'test'): Table {
  const { seqLen, ratings } = data[split]
  const sizes = outcomes.map(({ puzzle, exact }) => (exact === null ? null : answerSize(data, split, puzzle)))
  const int32 = (of: (outcome: PuzzleOutcome) => number): Vector<Int32> => makeVector(Int32Array.from(outcomes, of))
  const float64 = (of: (outcome: PuzzleOutcome) => number): Vector<Float64> =>
    makeVector(Float64Array.from(outcomes, of))
  const size = (axis: 0 | 1): Vector<Int32> =>
    vectorFromArray(
      sizes.map((each) => each?.[axis] ?? null),
      new Int32(),
    )
  const tokens = new Uint8Array(outcomes.length * seqLen)
  outcomes.forEach(({ prediction }, i) => {
    tokens.set(prediction, i * seqLen)
  })
  return new Table({
    id: vectorFromArray(
      outcomes.map((outcome) => outcomeId(outcome, data, split)),
      new Utf8(),
    ),
    puzzle: int32(({ puzzle }) => puzzle),
    version: int32(({ version }) => version),
    rating: float64(({ puzzle }) => ratings[puzzle]!),
    rows: size(0),
    columns: size(1),
    supervisionSteps: int32(({ supervisionSteps }) => supervisionSteps),
    haltProbability: float64(({ haltProbability }) => haltProbability),
    exact: vectorFromArray(
      outcomes.map(({ exact }) => exact),
      new Bool(),
    ),
    cells: vectorFromArray(
      outcomes.map(({ cells }) => cells),
      new Float64(),
    ),
    prediction: tokenColumn(tokens, outcomes.length, seqLen),
  })
}

function outcomeId({ puzzle, identifier }: PuzzleOutcome, { identifiers }: Dataset, split: string): string {
  return identifiers.count > 1 ? `${split}/${puzzle} ${identifiers.name(identifier)}` : `${split}/${puzzle}`
}

/** Rows and columns that the labels of an example cover on its square board: all of it, but for ARC. */
function answerSize(data: Dataset, split: 'train' | 'test', example: number): [number, number] {
  const { labels, seqLen } = data[split]
  const side = Math.round(Math.sqrt(seqLen))
  if (side * side !== seqLen) return [1, seqLen]
  if (data.manifest.task !== 'arc') return [side, side]
  let [rows, columns] = [0, 0]
  for (let cell = 0; cell < seqLen; cell++) {
    // 0 is padding and 1 the end of the grid; colours begin at 2.
    if (labels[example * seqLen + cell]! < 2) continue
    rows = Math.max(rows, Math.floor(cell / side) + 1)
    columns = Math.max(columns, (cell % side) + 1)
  }
  return [rows, columns]
}
