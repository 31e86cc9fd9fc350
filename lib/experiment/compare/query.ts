import { createRequire } from 'node:module'
import type { Table } from 'apache-arrow'
import type * as Arquero from 'arquero'
import type { ColumnTable } from 'arquero'
import { UserError } from '../../errors.js'
import { type Row, rowsOfTable } from '../../files/arrow-rows.js'
import { type ArrowColumn, columnReader } from '../../files/arrow-values.js'
import { valueText } from '../../files/cell.js'
import { fileOperations as fs } from '../../files/operations.js'
import { isArqueroTable } from '../../notebook/table.js'
import { storedRun } from '../../results/comparison.js'
import { FACT_NAMES, type FactValues, factColumns, runFacts } from '../../results/facts.js'
import {
  FILTER_FIELDS,
  isConfigKey,
  isFilterField,
  isWanted,
  type RunFilter,
  runFilter,
  unknownField,
  type Wanted,
} from '../../results/filter.js'
import { readLabel } from '../../results/label.js'
import { resultsFolder } from '../../results/layout.js'
import { DEFAULT_RESULTS, listRuns, readEach, readEvaluations, readMetrics, readOutcomes } from '../../results/run.js'
import { loadRun } from '../run/load.js'
import { Runs } from './runs.js'

/** Selects stored runs by any field: those of {@link RunFilter}, and any other column of {@link runs}. */
export type RunQuery = RunFilter & {
  readonly [N in Exclude<keyof FactValues, keyof RunFilter>]?: Wanted<FactValues[N]> | undefined
} & {
  readonly [metric: `${'' | 'best '}test.${string}` | `train.${string}`]: Wanted<number>
}

/** Where {@link runs} looks. */
export interface RunsOptions {
  /** Results folder. Default: `results`, in a notebook that of the project; if that is missing, there are no runs. */
  readonly resultsDir?: string
}

const require = createRequire(import.meta.url)

/** Maximum number of runs that a warning names. */
const NAMED = 5

/**
 * Returns stored runs as a table with a row per run, oldest first, and everything about each in columns of one type:
 *
 * - `id`, `state`, `ended`, `name`, `tags`, `note`, `started` (a date), `step` (the last logged one);
 * - results: metrics of the last evaluation (`test.exact`), their best values (`best test.exact`, and `bestStep` by
 *   `bestMetric`), metrics of the last step (`train.loss`), `parameters`, totals of training
 *   (`trainSeconds`, `trainCpuSeconds`, `trainMacs`) and of all evaluations (`evaluationSeconds`, `evaluationMacs`);
 * - the effective value of every key of the configuration, a recursion by its text and a function by its name;
 * - provenance: `commit`, `codeHash`, `dataHash`, `backend`, `threads`, `host`, `cpu`, `recurlab`, `node`; and `dir`.
 *
 * Shares are fractions; unknown values are null. Damaged runs are left out and named on standard error.
 *
 * @param filter all fields must hold; a value, a list of which one must hold, or a function. Default: every run
 * @throws UserError for an unknown field, a value that no run can have, and a given folder that does not exist.
 * @example
 * const best = runs({ mixer: 'mlp', since: '7d', seed: [0, 1], 'test.exact': (share) => share > 0.9 })
 * show(best.select('id', 'seed', 'test.exact').orderby(desc('test.exact')))
 */
export function runs(filter: RunQuery = {}, { resultsDir }: RunsOptions = {}): ColumnTable {
  if (resultsDir !== undefined) checkFolder(resultsDir)
  const listing = listRuns(resultsDir ?? DEFAULT_RESULTS)
  const labelled = readEach(listing.runs, (run) => ({ ...run, label: readLabel(run) }))
  const [ofRecords, ofColumns] = splitFilter(filter)
  const selected = labelled.read.filter(runFilter(ofRecords, labelled.read))
  const stored = readEach(selected, (run) => ({ run: storedRun(run), last: lastRow(readMetrics(run)) }))
  const all = stored.read.map(({ run }) => run)
  const rows = stored.read.map(({ run, last }) => runFacts(run, last, all))
  const damaged = [...listing.damaged, ...labelled.damaged, ...stored.damaged]
  warn(damaged.map(({ id, problem }) => `run ${id} cannot be read: ${problem}`))
  const columns = factColumns(rows.filter(columnFilter(ofColumns, rows)))
  // Arquero keeps lists as they are, so that an export finds the type of one without values.
  const typed = columns.map(
    ({ name, values, type }) => [name, Object.defineProperty(values, 'type', { value: type })] as const,
  )
  return tableOf(typed)
}

/**
 * Returns the runs of a table as {@link Runs}, in its order, for curves, comparisons and figures.
 *
 * @param table a table of {@link runs}, filtered or sorted; of its columns `dir` is needed
 * @throws UserError if it has no column `dir`, or a run cannot be read.
 * @example
 * show(runsOf(runs({ mixer: 'mlp', since: '7d' })).curves('test.exact'))
 */
export function runsOf(table: ColumnTable): Runs {
  return new Runs([...foldersOf(table).keys()].map((dir) => loadRun(dir)))
}

/**
 * Returns the curves of the runs of a table, a row per run and logged or evaluated step: `id`, `step`, the metrics of the
 * step (`train.loss`, `train.lr`) and of its evaluation (`test.exact`), null where there are none, then the columns of the
 * table. A column of both is that of the step. Where a run evaluates both sets of weights, such a step has a row for each
 * (`weights`).
 *
 * @param table a table of {@link runs}, filtered, sorted or with fewer columns; of its columns `dir` is needed
 * @throws UserError if it has no column `dir`. Runs that cannot be read are left out and named on standard error.
 * @example
 * curvesOf(runs({ layers: 2 })).groupby('mixer', 'step').rollup({ exact: op.mean('test.exact') })
 */
export function curvesOf(table: ColumnTable): ColumnTable {
  return joined(table, (dir) => curveColumns({ dir }))
}

/**
 * Returns what became of every test puzzle in the last evaluation of the runs of a table, a row per run, puzzle and
 * version: `id` (the run's), `puzzleId` and the other columns of `outcomesTable` (`prediction` as a Uint8Array of tokens),
 * then the columns of the table. A column of both is that of the puzzle.
 *
 * @param table a table of {@link runs}, filtered, sorted or with fewer columns; of its columns `dir` is needed
 * @throws UserError if it has no column `dir`. Runs without outcomes are left out and named on standard error.
 * @example
 * outcomesOf(runs({ layers: 2 })).groupby('mixer', 'rating').rollup({ exact: op.mean('exact') })
 */
export function outcomesOf(table: ColumnTable): ColumnTable {
  return joined(table, (dir) => outcomeColumns({ dir }))
}

function checkFolder(resultsDir: string): void {
  const folder = resultsFolder(resultsDir)
  const found = !fs.existsSync(folder) ? 'no such folder' : fs.statSync(folder).isDirectory() ? null : 'a file'
  if (found === null) return
  throw new UserError({
    where: `resultsDir ${folder}`,
    expected: 'a results folder',
    found,
    todo: 'Relative paths start at the working directory.',
    exitCode: 2,
  })
}

function wrongInput(where: string, expected: string, found: unknown): UserError {
  const text = typeof found === 'function' ? 'a function' : Array.isArray(found) ? 'a list' : valueText(found, 60)
  return new UserError({ where, expected, found: text, exitCode: 2 })
}

/** Splits a filter into the fields that a run's record tells, and those of its other columns. */
function splitFilter(filter: RunQuery): [RunFilter, Readonly<Record<string, unknown>>] {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter))
    throw wrongInput('runs()', "an object of fields, such as { mixer: 'mlp' }", filter)
  const given = Object.entries(filter).filter(([, wanted]) => wanted !== undefined)
  const isOfRecord = ([field]: [string, unknown]): boolean => isFilterField(field) || isConfigKey(field)
  const others = given.filter((each) => !isOfRecord(each))
  return [Object.fromEntries(given.filter(isOfRecord)), Object.fromEntries(others)]
}

/** Returns whether a row is selected, as a function. @throws UserError for a column that no row has. */
function columnFilter(wanted: Readonly<Record<string, unknown>>, rows: readonly Row[]): (row: Row) => boolean {
  const columns = [...new Set([...FACT_NAMES, ...rows.flatMap(Object.keys)])]
  // Without runs nobody knows which metrics they would have.
  for (const name of Object.keys(wanted))
    if (!columns.includes(name) && (rows.length > 0 || !/^(best )?(test|train)\./.test(name)))
      throw unknownField(name, [...columns, ...FILTER_FIELDS])
  return (row) => Object.entries(wanted).every(([name, one]) => isWanted(name, one, row[name] ?? null))
}

function lastRow(table: Table): Row | null {
  return table.numRows === 0 ? null : rowsOfTable(table.slice(table.numRows - 1))[0]!
}

/** Reports runs on standard error, a line each. */
function warn(problems: readonly string[]): void {
  const more = problems.length - NAMED
  const lines = [...problems.slice(0, NAMED), ...(more > 0 ? [`${more} more runs cannot be read`] : [])]
  for (const line of lines) process.stderr.write(`recurlab: ${line}\n`)
}

/** Returns the row of each run in a table, by its folder; a run with several rows has its first one. */
function foldersOf(table: ColumnTable): Map<string, number> {
  if (!isArqueroTable(table)) throw wrongInput('table of runs', 'a table of runs()', table)
  if (!table.columnNames().includes('dir'))
    throw new UserError({
      where: 'table of runs',
      expected: 'the column dir of runs()',
      found: table.columnNames().slice(0, 8).join(', ') || 'no columns',
      todo: 'Keep dir when columns are selected.',
      exitCode: 2,
    })
  const folders = new Map<string, number>()
  const dirs = table.array('dir')
  for (let row = 0; row < dirs.length; row++) if (!folders.has(dirs[row])) folders.set(dirs[row], row)
  return folders
}

function tableOf(columns: readonly (readonly [string, unknown])[]): ColumnTable {
  // Loaded when it is needed: it takes longer than the rest of this folder.
  const arquero = require('arquero') as typeof Arquero
  return arquero.table(new Map(columns))
}

/** Columns of one run, of equal length. */
type Columns = ReadonlyMap<string, ArrayLike<unknown>>

/** Values of which each stands in several rows, without a copy for every row. */
class Repeated {
  readonly length: number
  /** Arrow type of the values, where the column states it. */
  readonly type: unknown
  readonly #values: ArrayLike<unknown>
  readonly #places: Uint32Array

  /** @param places the index of each row's value */
  constructor(values: ArrayLike<unknown>, places: Uint32Array, type: unknown) {
    this.type = type
    this.#values = values
    this.#places = places
    this.length = places.length
  }

  at(row: number): unknown {
    return this.#values[this.#places[row]!]
  }

  *[Symbol.iterator](): Iterator<unknown> {
    for (const place of this.#places) yield this.#values[place]
  }
}

/** Returns the columns of every run below each other, beside those of its row in the table. */
function joined(table: ColumnTable, read: (dir: string) => Columns): ColumnTable {
  const problems: string[] = []
  const parts = [...foldersOf(table)].flatMap(([dir, row]) => {
    try {
      const columns = read(dir)
      return [{ row, columns, length: [...columns.values()][0]?.length ?? 0 }]
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      problems.push(error.message)
      return []
    }
  })
  warn(problems)
  const places = Uint32Array.from(parts.flatMap(({ row, length }) => new Array<number>(length).fill(row)))
  const ofTable = (name: string) =>
    [name, new Repeated(table.array(name), places, (table.column(name) as { type?: unknown }).type)] as const
  const ofRuns = (name: string) =>
    [name, parts.flatMap(({ columns, length }) => Array.from(columns.get(name) ?? nulls(length)))] as const
  const own = [...new Set(parts.flatMap(({ columns }) => [...columns.keys()]))]
  const names = table.columnNames().filter((name) => !own.includes(name))
  const [first, others] = [names.filter((name) => name === 'id'), names.filter((name) => name !== 'id')]
  return tableOf([...first.map(ofTable), ...own.map(ofRuns), ...others.map(ofTable)])
}

function nulls(length: number): null[] {
  return new Array<null>(length).fill(null)
}

/** A row of each table of a run for one step; absent where a table has none. */
interface Step {
  readonly step: number
  readonly metrics?: number
  readonly evaluation?: number
}

/** Returns a run's metrics and evaluations beside each other; names of the former begin with `train`. */
function curveColumns(run: { readonly dir: string }): Columns {
  const [metrics, evaluations] = [columnsOfArrow(readMetrics(run)), columnsOfArrow(readEvaluations(run))]
  const steps = stepsOf(metrics.get('step') ?? [], evaluations.get('step') ?? [])
  const columns = new Map<string, unknown[]>([['step', steps.map(({ step }) => step)]])
  for (const [name, values] of evaluations)
    if (name !== 'step')
      columns.set(
        name,
        steps.map(({ evaluation }) => (evaluation === undefined ? null : values[evaluation])),
      )
  for (const [name, values] of metrics) {
    if (name === 'step') continue
    const ofTraining = name.startsWith('train') ? name : `train.${name}`
    const before = columns.get(ofTraining)
    columns.set(
      ofTraining,
      steps.map((step, i) => before?.[i] ?? (step.metrics === undefined ? null : values[step.metrics])),
    )
  }
  return columns
}

/** Pairs the rows of metrics and evaluations by step; several evaluations of a step stand beside one row of metrics. */
function stepsOf(metrics: ArrayLike<unknown>, evaluations: ArrayLike<unknown>): Step[] {
  const steps: Step[] = []
  let next = 0
  for (let row = 0; row < metrics.length; row++) {
    const step = metrics[row] as number
    for (; next < evaluations.length && (evaluations[next] as number) < step; next++)
      steps.push({ step: evaluations[next] as number, evaluation: next })
    let beside = 0
    for (; evaluations[next] === step; next++, beside++) steps.push({ step, metrics: row, evaluation: next })
    if (beside === 0) steps.push({ step, metrics: row })
  }
  for (; next < evaluations.length; next++) steps.push({ step: evaluations[next] as number, evaluation: next })
  return steps
}

function columnsOfArrow(table: Table): Map<string, unknown[]> {
  return new Map(
    table.schema.fields.map(({ name }, i) => {
      const column = table.getChildAt(i)!
      const reader = columnReader(column as ArrowColumn)
      // A view of the file's tokens instead of a list per puzzle.
      const read = name === 'prediction' ? (row: number): unknown => column.get(row).toArray() : reader
      return [name, Array.from({ length: table.numRows }, (_, row) => read(row))]
    }),
  )
}

function outcomeColumns(run: { readonly dir: string }): Columns {
  const { id, ...others } = Object.fromEntries(columnsOfArrow(readOutcomes(run)))
  return new Map(Object.entries({ puzzleId: id!, ...others }))
}
