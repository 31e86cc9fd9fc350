import { callOwn } from '../config/call-own.js'
import { type FunctionRecord, recordFunction } from '../config/functions.js'
import { type Batch, type Dataset, IGNORE_LABEL } from '../data/dataset.js'
import { evaluationBatches } from '../data/evaluation-batches.js'
import { UserError } from '../errors.js'
import { isCriterion, lookOf } from '../tasks/registry.js'
import { metricEntry } from './metric-glossary.js'
import type { PuzzleOutcome } from './outcomes.js'

/**
 * One puzzle of an evaluation, in vocabulary tokens, as in `outcomes.arrow`: in a Sudoku 1 is an empty cell and 2 the digit
 * 1.
 */
export interface MetricInput {
  /** `[seqLen]`: the most likely token of every cell. */
  readonly prediction: Uint8Array
  /** `[seqLen]`; cells that no metric counts have the data set's `ignoreLabelId`. */
  readonly answer: Uint8Array
  /** `[seqLen]`: the question. */
  readonly puzzle: Uint8Array
  /** Number of columns of the board, stored row by row in these arrays. */
  readonly columns: number
  /** Index of the example in its split. */
  readonly index: number
  /** Its version; 0 is the stored puzzle. */
  readonly version: number
}

/**
 * A function that scores a puzzle with a known answer; an evaluation reports its mean over these puzzles as `test.NAME`,
 * where NAME is the metric's key.
 *
 * A run's record keeps its source, as compiled by TypeScript, and its SHA-256. Values of variables from outside it are not in
 * the record: a note at the start of the run names them.
 *
 * @example
 * const rowsRight: Metric = ({ prediction, answer, columns }) => {
 *   let right = 0
 *   for (let at = 0; at < answer.length; at += columns)
 *     if (answer.subarray(at, at + columns).every((token, i) => token === prediction[at + i])) right++
 *   return right
 * }
 */
export type Metric = (row: MetricInput) => number

/** Metrics by name. */
export type Metrics = Readonly<Record<string, Metric>>

/** The metrics in a run's record, by name. */
export type MetricRecords = Readonly<Record<string, FunctionRecord>>

/** The type of an empty set of metrics. */
export type NoMetrics = Readonly<Record<never, Metric>>

/** Means of metrics over the puzzles with known answers: `test.NAME`, null if there are none. */
export type MetricMeans<M extends Metrics> = { readonly [K in keyof M & string as `test.${K}`]: number | null }

/** Accumulates metrics over the batches of an evaluation. */
export interface MetricSums<M extends Metrics> {
  /** Adds the puzzles of a batch; `outcomes` are those of its rows without padding, in order. */
  add(batch: Batch, outcomes: readonly PuzzleOutcome[]): void
  means(): MetricMeans<M>
}

/**
 * Returns the records of metrics, and registers the metrics in this process.
 *
 * @throws UserError (exit code 2) for a name that is invalid or taken, and for a value that is not a function.
 */
export function recordMetrics(metrics: Metrics): MetricRecords {
  return Object.fromEntries(
    Object.entries(metrics).map(([name, metric]) => {
      const where = `metric ${name}`
      if (!/^[A-Za-z][A-Za-z0-9]{0,39}$/.test(name))
        throw new UserError({
          where,
          expected: 'a name of up to 40 letters and digits, which begins with a letter',
          found: JSON.stringify(name),
          exitCode: 2,
        })
      if (metricEntry(`test.${name}`) || isCriterion(name))
        throw new UserError({
          where,
          expected: 'a name that no other metric has',
          found: `test.${name}, a column of every evaluation`,
          todo: 'Give it another name.',
          exitCode: 2,
        })
      return [name, recordFunction('metric', metric, name)]
    }),
  )
}

/**
 * Returns an accumulator of metrics over an evaluation.
 *
 * @throws UserError as {@link recordMetrics} does; `add` throws one naming the metric and the puzzle if the metric throws
 * or does not return a finite number.
 */
export function metricSums<M extends Metrics>(
  metrics: M | undefined,
  { manifest }: Dataset,
  split: 'train' | 'test',
): MetricSums<M> {
  const named = Object.entries(metrics ?? {})
  recordMetrics(metrics ?? {})
  const columns = named.length > 0 ? lookOf(manifest).columns : manifest.seqLen
  const sums = new Map(named.map(([name]) => [name, 0]))
  let count = 0
  return {
    add: (batch, outcomes) => {
      if (sums.size === 0) return
      const rows = [...batch.rows.keys()].filter((row) => batch.rows[row] !== -1)
      for (const [i, { exact, puzzle, version, prediction }] of outcomes.entries()) {
        if (exact === null) continue
        count++
        const [from, to] = [rows[i]! * batch.seqLen, (rows[i]! + 1) * batch.seqLen]
        const labels = batch.labels.subarray(from, to)
        const input: MetricInput = {
          // Copies: a metric may sort its input.
          prediction: prediction.slice(),
          answer: Uint8Array.from(labels, (label) => (label === IGNORE_LABEL ? manifest.ignoreLabelId : label)),
          puzzle: Uint8Array.from(batch.inputs.subarray(from, to)),
          columns,
          index: puzzle,
          version,
        }
        for (const [name, metric] of named) sums.set(name, sums.get(name)! + numberOf(name, metric, input, split))
      }
    },
    means: () => {
      const means = [...sums].map(([name, sum]) => [`test.${name}`, count > 0 ? sum / count : null])
      return Object.fromEntries(means) as MetricMeans<M>
    },
  }
}

/**
 * Tests metrics on the first test puzzle with a known answer, taken as the prediction, before training starts.
 *
 * @throws UserError as {@link metricSums} does.
 */
export function tryMetrics(metrics: Metrics, data: Dataset): void {
  const sums = metricSums(metrics, data, 'test')
  if (Object.keys(metrics).length === 0) return
  for (const batch of evaluationBatches(data, { batch: 1, versions: 1 })) {
    if (batch.labels.every((label) => label === IGNORE_LABEL)) continue
    const prediction = Uint8Array.from(batch.labels, (label) =>
      label === IGNORE_LABEL ? data.manifest.ignoreLabelId : label,
    )
    const [puzzle, version, identifier] = [batch.rows[0]!, batch.versions[0]!, batch.puzzleIds[0]!]
    const right = { cells: 1, exact: true, haltProbability: 1, supervisionSteps: 1 }
    sums.add(batch, [{ puzzle, version, identifier, prediction, ...right }])
    return
  }
}

function numberOf(name: string, metric: Metric, input: MetricInput, split: string): number {
  const version = input.version === 0 ? '' : `, version ${input.version}`
  const where = `metric ${name}, puzzle ${split}/${input.index}${version}`
  const value: unknown = callOwn(where, 'the function', () => metric(input))
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const found = typeof value === 'number' ? String(value) : typeof value
  throw new UserError({ where, expected: 'a finite number', found })
}
