import { type Dataset, IGNORE_LABEL } from '../data/dataset.js'
import { criteriaOf, judgeOf } from '../tasks/registry.js'
import type { Judge } from '../tasks/task.js'
import { answerHash } from './answer-hash.js'
import type { RawMeasures } from './measure.js'
import type { RowBatch } from './row-batch.js'
import { type RowAnswer, type RunningRow, turnBack } from './rows.js'
import { type StepMeasures, UNKNOWN } from './step-measures.js'

/** Returns the answer of a row after a step; the row still has the answer before it. */
function answerOfRow(
  { row: { posed, symmetry }, answer: before }: RunningRow,
  predictions: ArrayLike<number>,
  { judge, criteria }: Judging,
): RowAnswer {
  const { inputs, labels, seqLen } = posed.batch
  const tokens = new Uint8Array(seqLen)
  turnBack(symmetry, predictions, tokens)
  let changed = 0
  if (before) for (let cell = 0; cell < seqLen; cell++) if (tokens[cell] !== before.tokens[cell]) changed++
  if (before && changed === 0) return { ...before, changed, unchanged: before.unchanged + 1 }
  let [counted, right] = [0, 0]
  for (let cell = 0; cell < seqLen; cell++) {
    if (labels[cell] === IGNORE_LABEL) continue
    counted++
    if (tokens[cell] === labels[cell]) right++
  }
  const judged = judge?.(inputs, tokens) ?? {}
  return {
    tokens,
    hash: answerHash(tokens),
    exact: counted === 0 ? UNKNOWN : Number(right === counted),
    rightCells: right,
    scoredCells: counted,
    criteria: Object.fromEntries(criteria.map((name) => [name, Number(judged[name] ?? false)])),
    changed,
    unchanged: 0,
  }
}

/** A task's judge of answers and its criteria. */
export interface Judging {
  readonly judge: Judge | null
  /** Names of the judge's criteria. */
  readonly criteria: readonly string[]
}

/** Returns the judge of a data set's task and its criteria. */
export function judgingOf({ manifest }: Pick<Dataset, 'manifest'>): Judging {
  return { judge: judgeOf(manifest), criteria: criteriaOf(manifest) }
}

/** Computes one supervision step of a batch, and judges its rows' answers. */
export function step(batch: RowBatch, judging: Judging): Omit<RawMeasures, 'logits'> {
  const raw = batch.advance()
  for (const [i, row] of batch.rows.entries()) {
    const { seqLen } = row.row.posed.batch
    row.answer = answerOfRow(row, raw.predictions.subarray(i * seqLen, (i + 1) * seqLen), judging)
  }
  return raw
}

/**
 * Returns the measurements of some of a batch's rows, all at one step, as columns.
 *
 * @param at indices of the rows
 */
export function measuresOf(
  rows: readonly RunningRow[],
  raw: Omit<RawMeasures, 'logits'>,
  at: readonly number[],
  { criteria }: Judging,
): StepMeasures {
  const { step, row } = rows[at[0]!]!
  const { seqLen } = row.posed.batch
  const ints = (of: (i: number) => number): Int32Array => Int32Array.from(at, of)
  const floats = (column: Float32Array): Float32Array => Float32Array.from(at, (i) => column[i]!)
  const tokens = new Uint8Array(at.length * seqLen)
  for (const [to, i] of at.entries()) tokens.set(rows[i]!.answer!.tokens, to * seqLen)
  // Latents of NaN give no answer: none of it counts as right.
  const sound = (i: number): boolean => !Number.isNaN(raw.qHalt[i]!)
  const known = (value: number, i: number): number => (sound(i) || value === UNKNOWN ? value : 0)
  return {
    step,
    size: at.length,
    seqLen,
    puzzle: ints((i) => rows[i]!.row.posed.example),
    version: ints((i) => rows[i]!.row.posed.version),
    rollout: ints((i) => rows[i]!.row.rollout),
    answers: tokens,
    hash: BigUint64Array.from(at, (i) => rows[i]!.answer!.hash),
    exact: Uint8Array.from(at, (i) => known(rows[i]!.answer!.exact, i)),
    rightCells: Uint16Array.from(at, (i) => known(rows[i]!.answer!.rightCells, i)),
    scoredCells: Uint16Array.from(at, (i) => rows[i]!.answer!.scoredCells),
    criteria: Object.fromEntries(
      criteria.map((name) => [name, Uint8Array.from(at, (i) => known(rows[i]!.answer!.criteria[name]!, i))]),
    ),
    qHalt: floats(raw.qHalt),
    qContinue: floats(raw.qContinue),
    deltaY: floats(raw.deltaY),
    deltaZ: floats(raw.deltaZ),
    deltaLogits: step === 1 ? new Float32Array(at.length).fill(Number.NaN) : floats(raw.deltaLogits),
    changed: Uint16Array.from(at, (i) => rows[i]!.answer!.changed),
    margin: floats(raw.margin),
  }
}
