import { bestMetricOf } from '../config/best-metric.js'
import { primaryRows } from '../evaluate/arms.js'
import { metricText } from '../evaluate/metric-names.js'
import { type Row, rowsOfTable } from '../files/arrow-rows.js'
import { collapseOf } from './collapse.js'
import { type ComparedConfig, ConfigComparison } from './config-comparison.js'
import { NO_LABEL, type RunLabel, readLabel } from './label.js'
import { type DamagedRun, type RunListing, type RunRecord, readEach, readEvaluations } from './record.js'
import type { EndReason, RunState, RunStatus } from './status.js'

/** A run to compare with others: a {@link StoredRun}, or a `FinishedRun` of a notebook. */
export interface ComparedRun extends ComparedConfig {
  readonly id: string
  /** Default: no column. */
  readonly state?: RunState
  /** The step of a run without evaluations. */
  readonly status?: Pick<RunStatus, 'step'>
  /** null if unknown. */
  readonly parameters: number | null
  /** The key of the configuration that ended the run; null if it has not ended by itself. Default: null. */
  readonly ended?: EndReason | null
  /** Default: none. */
  readonly label?: RunLabel
  /** Rows of `evaluations.arrow`, oldest first. */
  readonly evaluations: readonly object[]
}

/** A run's record with the files that a comparison reads. */
export interface StoredRun extends RunRecord {
  readonly parameters: number | null
  readonly ended: EndReason | null
  readonly label: RunLabel
  readonly evaluations: readonly Row[]
}

/** Reads the label and the evaluations of a run. @throws UserError when one of them is damaged. */
export function storedRun(record: RunRecord): StoredRun {
  return {
    ...record,
    parameters: record.status.parameters,
    ended: record.status.ended,
    label: readLabel(record),
    evaluations: rowsOfTable(readEvaluations(record)),
  }
}

/** Reads the labels and the evaluations of listed runs; a damaged run does not hide the others. */
export function storedRunsOf({ runs, damaged }: RunListing): { runs: StoredRun[]; damaged: DamagedRun[] } {
  const stored = readEach(runs, storedRun)
  return { runs: stored.read, damaged: [...damaged, ...stored.damaged] }
}

/**
 * Several runs side by side, from which every table, label and figure of runs is made. Metrics have their raw names and
 * units; unknown values are null.
 */
export class Comparison<R extends ComparedRun> extends ConfigComparison {
  readonly runs: readonly R[]
  /**
   * A row per run: `id`, `state`, what ended it if any run ended before its last step, the best value of those that have collapsed if any has (see `collapseOf`), the name, tags and note when any run has them, the last evaluation (`test.exact`,
   * `test.cells`, its other metrics, `step`, compute, time and energy of training), compute, time and energy of all evaluations, the best `test.exact`,
   * parameters, and the keys that vary. A key that is also the name of one of these columns becomes `config.KEY`.
   */
  readonly rows: readonly Row[]
  /** The columns of labels. */
  readonly labelColumns: readonly string[]
  /** The columns of the keys that vary. */
  readonly variedColumns: readonly string[]

  constructor(runs: readonly R[]) {
    super(runs)
    this.runs = runs
    const labels = labelsOf(runs)
    const results = runs.map(resultsOf)
    const [early, collapsed] = [endedColumn(runs), collapsedColumn(runs)]
    const own = new Set(['id', 'state', 'ended', 'collapsed', ...[...labels, ...results].flatMap(Object.keys)])
    this.labelColumns = Object.keys(labels[0] ?? {})
    this.variedColumns = this.keys.map((key) => (own.has(key) ? `config.${key}` : key))
    this.rows = runs.map((run, i) => {
      const varied = this.keys.map((key, k) => [this.variedColumns[k]!, this.value(run, key)])
      const state = run.state === undefined ? {} : { state: run.state }
      return {
        id: run.id,
        ...state,
        ...early[i],
        ...collapsed[i],
        ...labels[i],
        ...results[i],
        ...Object.fromEntries(varied),
      }
    })
  }
}

/** Returns what ended each run, if one of them ended before its last step; else no column. */
function endedColumn(runs: readonly ComparedRun[]): Row[] {
  const early = runs.some(({ ended = null }) => ended !== null && ended !== 'trainSteps')
  return runs.map(({ ended = null }): Row => (early ? { ended } : {}))
}

/** Returns the best value of each run that has collapsed, if one of them has; else no column. */
function collapsedColumn(runs: readonly ComparedRun[]): Row[] {
  const all = runs.map(({ evaluations, config }) => collapseOf(evaluations, bestMetricOf(config), config.ema))
  if (all.every((collapse) => collapse === null)) return runs.map(() => ({}))
  return all.map((collapse) => {
    const best = collapse && `from ${metricText(collapse.metric, collapse.best.value)} at step ${collapse.best.step}`
    return { collapsed: best }
  })
}

/** Columns of evaluations that are not results. */
const NO_RESULTS = new Set(['step', 'weights', 'puzzles', 'skippedUpdates'])

/** Totals of training in the last evaluation, shown after the metrics. */
const OF_TRAINING = [
  'trainSeconds',
  'trainCpuSeconds',
  'trainJoules',
  'trainMacs',
  'trainSupervisionSteps',
  'trainNetworkCalls',
] as const

/** Columns of an evaluation that are summed over all evaluations of a run. */
const OF_EVALUATIONS = [
  'evaluationSeconds',
  'evaluationCpuSeconds',
  'evaluationJoules',
  'evaluationMacs',
  'evaluationSupervisionSteps',
  'evaluationNetworkCalls',
] as const

/** Columns that every run has, where their values are unknown too. */
const ALWAYS: readonly string[] = ['trainSeconds', 'evaluationSeconds']

/** Returns the last evaluation, results first, with the totals of all. */
function resultsOf({ evaluations, parameters, status }: ComparedRun): Row {
  const rows = evaluations as readonly Row[]
  const last = rows.at(-1) ?? {}
  const { 'test.exact': exact = null, 'test.cells': cells = null, ...others } = last
  const exacts = knownIn(primaryRows(rows), 'test.exact')
  const skipped = last.skippedUpdates
  const has = (metric: string): boolean => ALWAYS.includes(metric) || rows.some((row) => Object.hasOwn(row, metric))
  return {
    'test.exact': exact,
    'test.cells': cells,
    ...Object.fromEntries(Object.entries(others).filter(([name]) => !NO_RESULTS.has(name) && !isCompute(name))),
    ...(typeof skipped === 'number' && skipped > 0 ? { skippedUpdates: skipped } : {}),
    step: others.step ?? status?.step ?? null,
    ...Object.fromEntries(OF_TRAINING.filter(has).map((metric) => [metric, last[metric] ?? null])),
    ...Object.fromEntries(OF_EVALUATIONS.filter(has).map((metric) => [metric, sumIn(rows, metric)])),
    'best test.exact': exacts.length > 0 ? Math.max(...exacts) : null,
    parameters,
  }
}

/** Returns the sum of a column, without NaN; null where no row has a value. */
export function sumIn(rows: readonly Row[], column: string): number | null {
  const values = knownIn(rows, column)
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) : null
}

function knownIn(rows: readonly Row[], column: string): number[] {
  return rows.map((row) => row[column]).filter((value) => typeof value === 'number' && !Number.isNaN(value)) as number[]
}

function isCompute(column: string): boolean {
  return ([...OF_TRAINING, ...OF_EVALUATIONS] as readonly string[]).includes(column)
}

/** Returns name, tags and note of each run, with a column for each that any run has; null when a run has none. */
function labelsOf(runs: readonly ComparedRun[]): Row[] {
  const rows = runs.map(({ label: { name, tags, note } = NO_LABEL }) => ({
    name,
    tags: tags.length > 0 ? tags.join(', ') : null,
    note,
  }))
  const used = (['name', 'tags', 'note'] as const).filter((key) => rows.some((row) => row[key] !== null))
  return rows.map((row) => Object.fromEntries(used.map((key) => [key, row[key]])))
}
