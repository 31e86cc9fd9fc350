import { Bool, Float64, Int32, makeVector, Table, Utf8, type Vector, vectorFromArray } from 'apache-arrow'
import { tokenColumn } from '../data/arrow.js'
import type { Dataset } from '../data/dataset.js'
import { extentOf } from '../tasks/look.js'
import { criteriaOf, lookOf } from '../tasks/registry.js'
import type { Judgement } from '../tasks/task.js'

/** The outcome of one puzzle in one of its versions. */
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
  /** The judgement of the prediction by the task's rules, e.g. `{ valid: true }`; absent where the task has none. */
  readonly criteria?: Judgement | undefined
}

/**
 * Outcomes as a table, one row a puzzle and version, so that accuracy by rating or by grid size is one query:
 * `id` (split and index, and the identifier's name where puzzles have names), `puzzle`, `version`, `rating`,
 * `rows` and `columns` of the answer, `supervisionSteps`, `haltProbability`, `exact`, `cells` (share right), `prediction`
 * (fixed-size list of uint8, one token per cell), and between the last two a column for each criterion of the task's judge,
 * e.g. `valid`. Where the answer is not known, what is said of it is null.
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
    ...Object.fromEntries(
      criteriaOf(data.manifest).map((name) => [
        name,
        vectorFromArray(
          outcomes.map(({ criteria }) => criteria?.[name] ?? null),
          new Bool(),
        ),
      ]),
    ),
    prediction: tokenColumn(tokens, outcomes.length, seqLen),
  })
}

function outcomeId({ puzzle, identifier }: PuzzleOutcome, { identifiers }: Dataset, split: string): string {
  return identifiers.count > 1 ? `${split}/${puzzle} ${identifiers.name(identifier)}` : `${split}/${puzzle}`
}

/** Rows and columns of an example's answer: the whole board, but for a task whose answers have margins (ARC). */
function answerSize(data: Dataset, split: 'train' | 'test', example: number): [number, number] {
  const { labels, seqLen } = data[split]
  const look = lookOf(data.manifest)
  if (!look.margin) return [look.rows, look.columns]
  return extentOf(look, labels.subarray(example * seqLen, (example + 1) * seqLen), look.margin)
}
