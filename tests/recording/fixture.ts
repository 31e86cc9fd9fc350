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
  /** Default: 0. */
  readonly qContinue?: number
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
    qContinue: floats(({ qContinue }) => qContinue ?? 0),
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

/**
 * Yields rows as a computation gives them: a batch of `size` rollouts advances by a step at a time, one measurement for each
 * step that its rows are at; a rollout without a further row leaves, and the next takes its place, at once or when the whole
 * batch has left.
 */
export function* stepsOf(
  rows: readonly Row[],
  { size = 1000, refills = true }: Batching = {},
): Generator<StepMeasures> {
  const begun = rows.filter(({ step }) => step === 1)
  let running: Row[] = []
  let before: Row[] = []
  while (begun.length > 0 || running.length > 0) {
    if (refills || running.length === 0) running.push(...begun.splice(0, size - running.length))
    for (const step of new Set(running.map((row) => row.step)))
      yield measuresOf(
        running.filter((row) => row.step === step),
        before,
      )
    before = running
    running = running.flatMap((row) => rows.filter((other) => other.step === row.step + 1 && isSame(row, other)))
  }
}

/** How rollouts are put into batches. */
export interface Batching {
  readonly size?: number
  readonly refills?: boolean
}

/** Records rows in a new folder. */
export function recordingOf(
  rows: readonly Row[],
  changes: Partial<RecordingHeader> = {},
  { end = 'finished', ...batching }: Batching & { readonly end?: 'finished' | 'interrupted' | 'none' } = {},
): Recording {
  const dir = path.join(temporaryFolder(), 'recording')
  const recorder = new Recorder(dir, header(changes))
  for (const measures of stepsOf(rows, batching)) recorder.add(measures)
  if (end !== 'none') recorder.end(end)
  return Recording.open(dir)
}
