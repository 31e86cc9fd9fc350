import { UserError } from '../errors.js'
import { isShare, metricTitle } from '../evaluate/metric-names.js'
import { cellOf, cellText } from '../files/cell.js'
import { didYouMean } from '../options/nearest.js'
import { type Estimate, isEstimate } from '../statistics/estimate.js'
import { halfWidth, levelPercent, rounded } from '../statistics/rounding.js'
import { type Exportable, isForPaper, recordsOf, type TableRecord } from './export.js'
import { type ReportedFilter, reportedWhere } from './reported.js'

/** Options of a table for a paper, the same for every format. */
export interface TableOptions {
  /** Columns in order, by their names in the table. Default: all that have a value. */
  readonly columns?: readonly string[]
  /** Headers by column name. Default: metrics by their display name and unit, other names in words. */
  readonly titles?: Readonly<Record<string, string>>
  /**
   * Which values of a column are better. Default: higher ones in columns in percent, lower ones in columns of a loss, none
   * elsewhere. `none` turns bold off.
   */
  readonly best?: Readonly<Record<string, 'highest' | 'lowest' | 'none'>>
  /**
   * Published results as rows of their own below the measured ones: name in the first column, value in the first column in
   * percent or with an interval. Default: none.
   *
   * @example { table: '1', method: 'self-attention' }
   */
  readonly reported?: ReportedFilter
  /** Text of the caption, which is escaped. Default: none. */
  readonly caption?: string
  /** Whether notes say what ± means, why a value is bold and where reported values come from. Default true. */
  readonly notes?: boolean
}

/** A cell as every format prints it. */
export type PrintedCell = PrintedText | PrintedNumber

export interface PrintedText {
  readonly kind: 'text'
  readonly text: string
}

/** A number with its digits fixed. */
export interface PrintedNumber {
  readonly kind: 'number'
  /** E.g. `87.4`, `6829056`, `1e-5`. */
  readonly value: string
  /** E.g. `2.1`; null where none is known. */
  readonly uncertainty: string | null
  readonly best: boolean
}

/** A row; `mark` refers to a note on its source. */
export interface PrintedRow {
  readonly cells: readonly PrintedCell[]
  readonly mark: string | null
}

/** A table with every digit fixed, for any format. */
export interface PrintedTable {
  readonly columns: readonly { readonly title: string; readonly numeric: boolean }[]
  readonly measured: readonly PrintedRow[]
  /** Published values, which are set apart. */
  readonly reported: readonly PrintedRow[]
  readonly caption: string | null
  /** Sentences below the table. */
  readonly notes: readonly { readonly mark: string | null; readonly text: string }[]
}

/** Columns that say where a row comes from; they become groups and notes. */
const ORIGIN = ['kind', 'source', 'note'] as const
const NONE: PrintedText = { kind: 'text', text: '–' }

/**
 * Returns a table as it is printed in a paper: estimates as value and half the width of their interval, the uncertainty
 * rounded to two significant digits and the value to as many decimals; percentages without an interval to tenths; whole
 * numbers in full, others to four significant digits, with equal decimals in a column. A metric by its raw name (`test.exact`) is a share and is printed in
 * percent. Rows of the kind `reported` follow the measured ones, each with its source as a note.
 *
 * A value is best, and set in bold, if its interval overlaps the interval of no other measured row of its column: then
 * the two means differ at a level stricter than that of the intervals. A column in which a measured row has no interval
 * has no best value, and neither has a column with one row.
 *
 * @throws UserError for a table without rows, and for an option that names a column that is not there.
 */
export function printedTable(table: Exportable, options: TableOptions = {}): PrintedTable {
  const own = recordsOf(table).map(withUncertainty)
  if (own.length === 0)
    throw new UserError({ where: 'a table for a paper', expected: 'at least one row', found: 'none' })
  const records = [...own, ...(options.reported ? publishedRecords(own, options.reported) : [])]
  const names = chosenColumns(records, options)
  const reported = records.filter((record) => cellAt(record, 'kind') === 'reported')
  const measured = records.filter((record) => !reported.includes(record))
  const sources = sourceNotes(reported)
  const best = new Map(names.map((name) => [name, bestRow(measured, name, options)]))
  const decimals = new Map(names.map((name) => [name, decimalsOf(name, records)]))
  const rowOf = (record: TableRecord): PrintedRow => ({
    cells: names.map((name) => printedCell(name, cellAt(record, name), decimals.get(name)!, best.get(name) === record)),
    mark: sources.length > 1 ? (sources.find(({ source }) => source === sourceOf(record))?.mark ?? null) : null,
  })
  const rows = { measured: measured.map(rowOf), reported: reported.map(rowOf) }
  const all = [...rows.measured, ...rows.reported]
  const estimates = measured.flatMap((record) => names.map((name) => cellAt(record, name)).filter(isEstimate))
  const isBold = [...best.values()].some((record) => record !== null)
  const notes = [
    ...intervalNotes(estimates).map((text) => ({ mark: null, text })),
    ...(isBold ? [{ mark: null, text: 'Bold: the interval overlaps that of no other measured row.' }] : []),
    ...(isForPaper(table) ? table.forPaper().notes : []).map((text) => ({ mark: null, text })),
    ...sources.map(({ mark, source }) => ({
      mark: sources.length > 1 ? mark : null,
      text: `Reported${sources.length > 1 ? '' : ' values'}: ${source}.`,
    })),
  ]
  return {
    columns: names.map((name, i) => ({
      title: titleOf(name, options),
      numeric: all.every(({ cells }) => cells[i] === NONE || cells[i]!.kind === 'number'),
    })),
    ...rows,
    caption: options.caption ?? null,
    notes: options.notes === false ? [] : notes,
  }
}

/** Returns a number with its uncertainty as text: `87.4 ± 2.1`. */
export function printedText(cell: PrintedCell): string {
  if (cell.kind === 'text') return cell.text
  return cell.uncertainty === null ? cell.value : `${cell.value} ± ${cell.uncertainty}`
}

/** Returns published results as rows of a table of measured ones. @throws UserError when none matches */
function publishedRecords(own: readonly TableRecord[], filter: ReportedFilter): TableRecord[] {
  const names = [...new Set(own.flatMap((record) => record.map(([name]) => name)))]
  const result = names.find((name) => own.some((record) => isEstimate(cellAt(record, name)))) ?? names.find(isPercent)
  const [first] = names.filter((name) => name !== 'kind')
  if (result === undefined || first === undefined || first === result)
    throw new UserError({
      where: 'option reported of a table',
      expected: 'a table with a column of names and a column of results in percent or with intervals',
      found: names.join(', '),
      exitCode: 2,
    })
  const factor = isShare(result) ? 0.01 : 1
  return reportedWhere(filter).map(({ method, value, uncertainty, parameterCount, source }) => {
    const scaled = value === null ? null : value * factor
    const cell = scaled === null || uncertainty === null ? scaled : { value: scaled, uncertainty: uncertainty * factor }
    return [
      ['kind', 'reported'],
      ['source', source],
      [first, method],
      [result, cell],
      ...(names.includes('parameters') ? [['parameters', parameterCount] as const] : []),
    ]
  })
}

/** Returns a column's header. */
function titleOf(name: string, { titles = {} }: TableOptions): string {
  if (Object.hasOwn(titles, name)) return titles[name]!
  const title = metricTitle(name)
  return title === name ? inWords(name) : title
}

/** Returns a key as words: `trainSteps` as `train steps`; a name with a space or a dot is left as it is. */
function inWords(name: string): string {
  if (name === 'parameterCount') return 'parameters'
  return /^[a-z]+([A-Z][a-z]+)+$/.test(name) ? name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`) : name
}

/** Returns the columns to print. @throws UserError for a name that the table has not. */
function chosenColumns(records: readonly TableRecord[], { columns, titles, best }: TableOptions): string[] {
  const all = [...new Set(records.flatMap((record) => record.map(([name]) => name)))]
  for (const [option, names] of Object.entries({ columns, titles: keys(titles), best: keys(best) }))
    for (const name of names ?? []) if (!all.includes(name)) throw unknownColumn(option, name, all)
  if (columns) return [...columns]
  const hasOrigin = records.some((record) => ['measured', 'reported'].includes(String(cellAt(record, 'kind'))))
  const shown = hasOrigin ? all.filter((name) => !(ORIGIN as readonly string[]).includes(name)) : all
  const filled = shown.filter((name) => records.some((record) => cellAt(record, name) != null))
  return filled.length > 0 ? filled : shown
}

function keys(object: Readonly<Record<string, unknown>> | undefined): string[] | undefined {
  return object && Object.keys(object)
}

function unknownColumn(option: string, name: string, all: readonly string[]): UserError {
  const near = didYouMean(name, all)
  return new UserError({
    where: `option ${option} of a table`,
    expected: `columns among ${all.join(', ')}`,
    found: JSON.stringify(name),
    ...(near === undefined ? {} : { todo: near }),
    exitCode: 2,
  })
}

function cellAt(record: TableRecord, name: string): unknown {
  return record.find(([key]) => key === name)?.[1]
}

/** A value with the ± that a source prints beside it. */
interface Printed {
  readonly value: number
  readonly uncertainty: number
}

function isPrinted(cell: unknown): cell is Printed {
  return typeof cell === 'object' && cell !== null && 'uncertainty' in cell && 'value' in cell
}

/** Joins the columns `value` and `uncertainty` of published results to one. */
function withUncertainty(record: TableRecord): TableRecord {
  const [value, uncertainty] = [cellAt(record, 'value'), cellAt(record, 'uncertainty')]
  if (uncertainty === undefined || value === undefined) return record
  const cell = typeof value === 'number' && typeof uncertainty === 'number' ? { value, uncertainty } : value
  return record.filter(([name]) => name !== 'uncertainty').map(([name, old]) => [name, name === 'value' ? cell : old])
}

function printedCell(name: string, cell: unknown, decimals: number, best: boolean): PrintedCell {
  const factor = isShare(name) ? 100 : 1
  if (isEstimate(cell)) {
    const half = halfWidth(cell)
    return number(rounded(cell.value * factor, half === null ? null : half * factor), best)
  }
  if (isPrinted(cell)) return number(rounded(cell.value * factor, cell.uncertainty * factor), best)
  if (typeof cell === 'number') return plainNumber(cell * factor, decimals)
  if (typeof cell === 'bigint') return number({ value: String(cell), uncertainty: null })
  const text = cellText(cellOf(cell))
  return text === '' ? NONE : { kind: 'text', text: text.replace(/\s+/g, ' ') }
}

function number({ value, uncertainty }: Pick<PrintedNumber, 'value' | 'uncertainty'>, best = false): PrintedCell {
  return Number.isFinite(Number(value)) ? { kind: 'number', value, uncertainty, best } : { kind: 'text', text: value }
}

function plainNumber(value: number, decimals: number): PrintedCell {
  if (Number.isNaN(value)) return NONE
  if (!Number.isFinite(value)) return { kind: 'text', text: value > 0 ? '∞' : '−∞' }
  const digits = isFar(value) ? Number(value.toPrecision(DIGITS)).toExponential() : fixed(value, decimals)
  return number({ value: digits, uncertainty: null })
}

/** Significant digits of numbers without uncertainty. */
const DIGITS = 4

/** Returns a number with these decimals, but no digits beyond the significant ones. */
function fixed(value: number, decimals: number): string {
  return (Number.isSafeInteger(value) ? value : Number(value.toPrecision(DIGITS))).toFixed(decimals)
}

/** Returns the decimals that show the significant digits of all numbers of a column that have no uncertainty. */
function decimalsOf(name: string, records: readonly TableRecord[]): number {
  if (isPercent(name)) return 1
  const values = records.map((record) => cellAt(record, name)).filter((cell) => typeof cell === 'number')
  const fractions = values
    .filter((value) => Number.isFinite(value) && !isFar(value))
    .map((value) => String(Number(value.toPrecision(DIGITS))).split('.')[1] ?? '')
  return Math.max(0, ...fractions.map(({ length }) => length))
}

/** Returns whether a number is too small or too large for fixed decimals. */
function isFar(value: number): boolean {
  return value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e15)
}

function isPercent(name: string): boolean {
  return isShare(name) || name.endsWith('(%)')
}

/** Returns the row whose interval lies on the better side of all others; null where there is none. */
function bestRow(rows: readonly TableRecord[], name: string, { best = {} }: TableOptions): TableRecord | null {
  const direction = Object.hasOwn(best, name) ? best[name] : betterSide(name)
  if (direction === 'none' || rows.length < 2) return null
  const cells = rows.map((row) => cellAt(row, name))
  const estimates = cells.filter(isEstimate).filter(({ low, high }) => low !== null && high !== null)
  if (estimates.length < cells.filter((cell) => cell != null).length || estimates.length < 2) return null
  const sign = direction === 'highest' ? 1 : -1
  const worstEnd = ({ low, high }: Estimate): number => (sign > 0 ? low! : -high!)
  const bestEnd = ({ low, high }: Estimate): number => (sign > 0 ? high! : -low!)
  const first = estimates.reduce((a, b) => (sign * b.value > sign * a.value ? b : a))
  const isApart = estimates.every((other) => other === first || bestEnd(other) < worstEnd(first))
  return isApart ? rows[cells.indexOf(first)]! : null
}

function betterSide(name: string): 'highest' | 'lowest' | 'none' {
  if (isPercent(name)) return 'highest'
  return /\bloss\b/.test(name) ? 'lowest' : 'none'
}

/** Returns sentences on the intervals of a table's estimates. */
function intervalNotes(estimates: readonly Estimate[]): string[] {
  const known = estimates.filter(({ method }) => method !== null)
  if (known.length === 0) return []
  const levels = [...new Set(known.map(({ level }) => levelPercent(level)))].join(' or ')
  const ways = (['t', 'bootstrap', 'wilson'] as const).flatMap((method) => {
    const counts = known.filter((estimate) => estimate.method === method).map(({ n }) => n)
    return counts.length === 0
      ? []
      : [`${WAYS[method]} over ${range(counts)} ${method === 'wilson' ? 'puzzles' : 'seeds'}`]
  })
  const single = known.length < estimates.length ? [`A value without ± is of one seed.`] : []
  return [`± is half the width of the ${levels} confidence interval (${ways.join('; ')}).`, ...single]
}

const WAYS = { t: 'Student’s t', bootstrap: 'bootstrap', wilson: 'Wilson’s score' } as const

function range(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)]
  return least === most ? String(least) : `${least}–${most}`
}

function sourceOf(record: TableRecord): string {
  return cellText(cellOf(cellAt(record, 'source')))
}

/** Returns the sources of reported rows, marked a, b, c … in order of appearance. */
function sourceNotes(reported: readonly TableRecord[]): { readonly mark: string; readonly source: string }[] {
  const sources = [...new Set(reported.map(sourceOf))].filter((source) => source !== '')
  return sources.map((source, i) => ({ mark: letters(i), source }))
}

/** Returns a, b, …, z, aa, ab, … */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26))
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last
}
