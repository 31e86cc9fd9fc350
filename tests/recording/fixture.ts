import path from 'node:path'
import type { RecordingHeader } from '../../lib/recording/facts.js'
import { Recorder } from '../../lib/recording/recorder.js'
import { Recording } from '../../lib/recording/recording.js'
import { type StepMeasures, UNKNOWN } from '../../lib/think/step-measures.js'
import { temporaryFolder } from '../results/fixture.js'
import { rolloutDefaults } from './settings.js'

/** A row of a rollout that is written out. */
export interface Row {
  readonly puzzle: number
  readonly version?: number
  readonly rollout: number
  readonly step: number
  /** A letter; `R` is right, `?` is not known. */
  readonly answer: string
  readonly q: number
  readonly delta?: number
  readonly margin?: number
  readonly valid?: boolean
  readonly logWeight?: number
}

const SEQ_LEN = 4

/** Facts of a recording of 4 × 4 cells, with changes. */
export function header(changes: Partial<RecordingHeader> = {}): RecordingHeader {
  return {
    task: 'sudoku',
    split: 'test',
    data: { name: 'sudoku 2×2', hash: 'd'.repeat(64) },
    subset: { name: 'first 4', hash: 's'.repeat(64), puzzles: 4 },
    versions: 1,
    seqLen: SEQ_LEN,
    weights: { name: 'tiny', hash: 'w'.repeat(64) },
    settings: { ...rolloutDefaults, depth: 3, rollouts: 3 },
    guided: false,
    continues: false,
    macsPerStep: 1000,
    notes: {},
    ...changes,
  }
}

/** Returns the tokens of an answer that is written as a letter. */
export function tokensOf(answer: string): Uint8Array {
  return new Uint8Array(SEQ_LEN).fill(answer.charCodeAt(0))
}

/** Returns rows of one step as measurements. */
export function measuresOf(rows: readonly Row[], before: readonly Row[] = []): StepMeasures {
  const { step } = rows[0]!
  const floats = (of: (row: Row) => number): Float32Array => Float32Array.from(rows, of)
  const isKnown = ({ answer }: Row): boolean => answer !== '?'
  const answerBefore = (row: Row): string | undefined => before.find((other) => isSame(row, other))?.answer
  return {
    step,
    size: rows.length,
    seqLen: SEQ_LEN,
    puzzle: Int32Array.from(rows, ({ puzzle }) => puzzle),
    version: Int32Array.from(rows, ({ version = 0 }) => version),
    rollout: Int32Array.from(rows, ({ rollout }) => rollout),
    answers: Uint8Array.from(rows.flatMap(({ answer }) => [...tokensOf(answer)])),
    hash: BigUint64Array.from(rows, ({ answer }) => (1n << 63n) + BigInt(answer.charCodeAt(0))),
    exact: Uint8Array.from(rows, (row) => (isKnown(row) ? Number(row.answer === 'R') : UNKNOWN)),
    rightCells: Uint16Array.from(rows, (row) => (row.answer === 'R' ? SEQ_LEN : isKnown(row) ? 2 : 0)),
    scoredCells: new Uint16Array(rows.length).fill(SEQ_LEN),
    criteria: rows.some(({ valid }) => valid !== undefined)
      ? { valid: Uint8Array.from(rows, ({ valid }) => Number(valid === true)) }
      : {},
    qHalt: floats(({ q }) => q),
    qContinue: floats(() => 0),
    deltaY: floats(({ step }) => 1 / 2 ** step),
    deltaZ: floats(() => 0),
    deltaLogits: floats(({ delta }) => (step === 1 ? Number.NaN : (delta ?? 1))),
    changed: Uint16Array.from(rows, (row) => (step > 1 && answerBefore(row) !== row.answer ? SEQ_LEN : 0)),
    margin: floats(({ margin }) => margin ?? 0),
    ...(rows.some(({ logWeight }) => logWeight !== undefined)
      ? { logWeight: floats(({ logWeight }) => logWeight!) }
      : {}),
  }
}

function isSame(a: Row, b: Row): boolean {
  return a.puzzle === b.puzzle && a.rollout === b.rollout && (a.version ?? 0) === (b.version ?? 0)
}

/** Yields rows as a computation gives them: step by step, in micro-batches of `size` rollouts. */
export function* stepsOf(rows: readonly Row[], size = 1000): Generator<StepMeasures> {
  const begun = rows.filter(({ step }) => step === 1)
  for (let from = 0; from < begun.length; from += size) {
    let active = begun.slice(from, from + size)
    yield measuresOf(active)
    for (let step = 2; active.length > 0; step++) {
      const next = active.flatMap((row) => rows.filter((other) => other.step === step && isSame(row, other)))
      if (next.length > 0) yield measuresOf(next, active)
      active = next
    }
  }
}

/** Records rows in a new folder. */
export function recordingOf(
  rows: readonly Row[],
  changes: Partial<RecordingHeader> = {},
  { size, end = 'finished' }: { readonly size?: number; readonly end?: 'finished' | 'interrupted' | 'none' } = {},
): Recording {
  const dir = path.join(temporaryFolder(), 'recording')
  const recorder = new Recorder(dir, header(changes))
  for (const measures of stepsOf(rows, size)) recorder.add(measures)
  if (end !== 'none') recorder.end(end)
  return Recording.open(dir)
}
