import type { Row } from '../../files/arrow-rows.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import { differences, type MeasuredDifference } from '../../plot/differences.js'
import type { FigureOptions } from '../../plot/figure.js'
import type { ReportedMark } from '../../plot/reported-marks.js'
import type { CaptionedFigure } from '../../plot/sources.js'
import type { ReportedRow } from '../../results/reported/row.js'
import { reportedWhere } from '../../results/reported.js'
import { plusMinus } from '../../statistics/rounding.js'
import { type PublishedClaim, SCALES, type Scale } from './published-claims.js'
import { withMinus } from './verdict.js'

/** A row of the paper's Tables 1 to 5 with what was measured of it here. */
export interface PaperRow {
  readonly reported: ReportedRow
  /** The row that it is compared with; null where the row is that one, or no claim names it. */
  readonly against: ReportedRow | null
  /** Judged claims that name the row, pocket scale first. */
  readonly claims: readonly PublishedClaim[]
}

/** The row that the others of a table and task are compared with, by table and task. */
const REFERENCES: Readonly<Record<string, string>> = {
  '1 Sudoku-Extreme': 'TRM (T=3, n=6)',
  '2 Sudoku-Extreme': 'TRM, y,z',
  '4 Sudoku-Extreme': 'TRM-MLP',
  '4 Maze-Hard': 'TRM-Att',
  '5 ARC-AGI-1': 'TRM-Att',
  '5 ARC-AGI-2': 'TRM-Att',
}

/** The rows of the paper's tables beside the judged claims about them. A notebook shows it as a table. */
export class PaperTable {
  readonly all: readonly PaperRow[]

  constructor(all: readonly PaperRow[]) {
    this.all = all
  }

  /** Returns the rows that a claim names. */
  get measured(): PaperTable {
    return new PaperTable(this.all.filter(({ claims }) => claims.length > 0))
  }

  /**
   * Returns one row per row of the paper: its reported accuracy, the reported difference from the row that it is compared with, the
   * measured difference at pocket and lab scale (± half the 95 % interval, with the number of seeds), verdict and source.
   */
  table(): Row[] {
    return this.all.map(({ reported, against, claims }) => {
      const at = (scale: Scale): string =>
        claims.flatMap((claim) => (claim.scale === scale ? [measuredText(claim, reported)] : [])).join('; ')
      return {
        table: reported.table,
        row: reported.method,
        task: reported.task,
        'reported (%)': reported.value,
        against: against?.method ?? '',
        'reported difference': differenceOf(reported, against),
        'pocket difference': at('pocket'),
        'lab difference': at('lab'),
        verdict: verdictText(claims),
        notebook: [...new Set(claims.map(({ source }) => source.slice(0, 2)))].join(', '),
      }
    })
  }

  /** Returns the table in narrow columns: row, reported accuracy and difference, measured differences, verdict, notebook. */
  summary(): Row[] {
    return this.table().map((row, i) => {
      const { reported, against } = this.all[i]!
      const difference = row['reported difference']
      return {
        row: nameOf(reported, against),
        'reported (%)': row['reported (%)']!,
        difference: typeof difference === 'number' ? withMinus(difference.toFixed(1)) : '',
        pocket: row['pocket difference']!,
        lab: row['lab difference']!,
        verdict: row.verdict!,
        notebook: row.notebook!,
      }
    })
  }

  /**
   * Draws the differences of the measured rows, pocket and lab, beside the reported ones. Where only one row is named, the other is the
   * TRM that the table compares its rows with.
   */
  figure(options: FigureOptions = {}): CaptionedFigure {
    const { all } = this.measured
    return differences(
      all.map(({ reported, against, claims }) => ({
        name: nameOf(reported, against),
        reported: markOf(reported, against),
        measured: Object.fromEntries(
          SCALES.flatMap((scale) => {
            const claim = claims.find((each) => each.scale === scale)
            return claim ? [[scale, towards(claim, reported)]] : []
          }),
        ),
      })),
      { x: 'difference in exact accuracy (points)', series: SCALES, ...options },
    )
  }

  /** Returns the summary for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return bundleOf(this.summary())
  }
}

/**
 * Puts judged claims beside the rows of the paper's Tables 1 to 5 that they name (arXiv 2510.04871). Rows without a claim are part of
 * it, with nothing measured.
 *
 * @example
 * show(paperTable(publishedClaims()))
 */
export function paperTable(claims: readonly PublishedClaim[]): PaperTable {
  const rows = ['1', '2', '3', '4', '5'].flatMap((table) => reportedWhere({ table }))
  return new PaperTable(
    rows.map((reported) => {
      const named = claims.filter((claim) => subjectOf(claim) === reported.method && isOf(claim, reported))
      // Of claims against different rows, those against the table's reference count, or else the first.
      const others = named.map((claim) => otherThan(claim, reported))
      const reference = referenceOf(reported)
      const method = others.includes(reference ?? null) ? reference : (others[0] ?? reference)
      const against = rows.find((row) => row.method === method && isSameTable(row, reported))
      const own = named.filter((_, i) => others[i] === method)
      return { reported, against: against === reported ? null : (against ?? null), claims: own }
    }),
  )
}

/** Returns the method that a claim is about: of its two the one that is not the reference of the table. */
function subjectOf({ reportedTable, reportedTask, reportedBetter, reportedThan }: PublishedClaim): string | null {
  return reportedThan === REFERENCES[`${reportedTable} ${reportedTask}`] ? reportedBetter : reportedThan
}

/** Returns the other method of a claim that names a row. */
function otherThan({ reportedBetter, reportedThan }: PublishedClaim, { method }: ReportedRow): string | null {
  return reportedBetter === method ? reportedThan : reportedBetter
}

function isOf({ reportedTable, reportedTask }: PublishedClaim, { table, task }: ReportedRow): boolean {
  return reportedTable === table && reportedTask === task
}

function isSameTable(a: ReportedRow, b: ReportedRow): boolean {
  return a.table === b.table && a.task === b.task
}

function referenceOf({ table, task }: ReportedRow): string | undefined {
  return REFERENCES[`${table} ${task}`]
}

function differenceOf({ value }: ReportedRow, against: ReportedRow | null): number | null {
  const other = against?.value
  return value === null || typeof other !== 'number' ? null : Math.round(10 * (value - other)) / 10
}

/** Returns the difference of the row from the other arm, whichever of them the claim calls better. */
function towards({ difference, low, high, reportedBetter }: PublishedClaim, row: ReportedRow): MeasuredDifference {
  if (reportedBetter === row.method) return { value: difference, low, high }
  return { value: -difference, low: high === null ? null : -high, high: low === null ? null : -low }
}

function measuredText(claim: PublishedClaim, row: ReportedRow): string {
  const { value, low, high } = towards(claim, row)
  const half = low === null || high === null ? null : (high - low) / 2
  return `${withMinus(plusMinus(value, half))} (${claim.seeds})`
}

function nameOf({ table, task, method }: ReportedRow, against: ReportedRow | null): string {
  const where = table === '4' || table === '5' ? `, ${task}` : ''
  const other = against === null || REFERENCES[`${table} ${task}`] === against.method ? '' : ` − ${against.method}`
  return `Table ${table}${where}: ${method}${other}`
}

function markOf(row: ReportedRow, against: ReportedRow | null): ReportedMark | null {
  const value = differenceOf(row, against)
  return value === null ? null : { value, source: row.source }
}

function verdictText(claims: readonly PublishedClaim[]): string {
  const verdicts = [...new Set(claims.map(({ verdict }) => verdict))]
  if (verdicts.length < 2) return verdicts[0] ?? ''
  return claims.map(({ scale, verdict }) => `${scale}: ${verdict}`).join(', ')
}
