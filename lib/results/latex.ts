import { UserError } from '../errors.js'
import { escapeLatex } from '../escape/latex.js'
import type { Exportable } from './export.js'
import {
  type PrintedCell,
  type PrintedNumber,
  type PrintedRow,
  printedTable,
  type TableOptions,
} from './printed-table.js'

/** Options of {@link toLatex}. */
export interface LatexOptions extends TableOptions {
  /** Label for `\ref`, e.g. `tab:mixers`. Default: none. */
  readonly label?: string
  /**
   * Whether numbers are `\num{87.4 \pm 2.1}` of the package siunitx, else plain mathematics `$87.4 \pm 2.1$`. Default true.
   */
  readonly siunitx?: boolean
  /** Environment: `table*` spans both columns of a page, `tabular` has neither caption nor label. Default `table`. */
  readonly environment?: 'table' | 'table*' | 'tabular'
}

/**
 * Returns a table as LaTeX for the packages booktabs and siunitx. Rounding, bold and notes are those of
 * {@link printedTable}; reported rows are set apart by a rule. Names are escaped, so that they cannot be read as commands.
 *
 * @param table rows, an Arrow table or an arquero table; cells may be estimates
 * @example
 * console.log(toLatex(runs.table(), { caption: 'Two mixers.', label: 'tab:mixers' }))
 * @throws UserError for a table without rows, an unknown column, or a label with other than letters, digits and `:._-`.
 */
export function toLatex(table: Exportable, options: LatexOptions = {}): string {
  const { label, siunitx = true, environment = 'table' } = options
  if (label !== undefined && !/^[A-Za-z0-9:._-]+$/.test(label))
    throw new UserError({
      where: 'option label of a table',
      expected: 'letters, digits and : . _ -',
      found: JSON.stringify(label),
      exitCode: 2,
    })
  const { columns, measured, reported, caption, notes } = printedTable(table, options)
  const row = ({ cells, mark }: PrintedRow): string => {
    const texts = cells.map((cell) => latexCell(cell, siunitx))
    if (mark !== null) texts[0] += `\\textsuperscript{${mark}}`
    return `    ${texts.join(' & ')} \\\\`
  }
  const heads = columns.map(({ title }) => escapeLatex(title))
  const groups = [measured, reported].filter((rows) => rows.length > 0)
  const tabular = [
    `  \\begin{tabular}{@{}${columns.map(({ numeric }) => (numeric ? 'r' : 'l')).join('')}@{}}`,
    '    \\toprule',
    `    ${heads.join(' & ')} \\\\`,
    ...groups.flatMap((rows) => ['    \\midrule', ...rows.map(row)]),
    '    \\bottomrule',
    '  \\end{tabular}',
  ]
  const setup = siunitx ? ['  \\sisetup{separate-uncertainty, detect-all}'] : []
  const below = notes.map(
    ({ mark, text }) => (mark === null ? '' : `\\textsuperscript{${mark}}\\,`) + escapeLatex(text),
  )
  const packages = `% Needs \\usepackage{booktabs}${siunitx ? ' and \\usepackage{siunitx}' : ''}.`
  if (environment === 'tabular')
    return `${[packages, ...(siunitx ? ['{'] : []), ...setup, ...tabular, ...(siunitx ? ['}'] : []), ...below.map((note) => `% ${note}`)].join('\n')}\n`
  return `${[
    packages,
    `\\begin{${environment}}`,
    '  \\centering',
    ...(caption === null ? [] : [`  \\caption{${escapeLatex(caption)}}`]),
    ...(label === undefined ? [] : [`  \\label{${label}}`]),
    ...setup,
    ...tabular,
    ...(below.length === 0 ? [] : ['', '  \\smallskip', `  {\\footnotesize\\raggedright ${below.join(' ')}\\par}`]),
    `\\end{${environment}}`,
  ].join('\n')}\n`
}

function latexCell(cell: PrintedCell, siunitx: boolean): string {
  if (cell.kind === 'text') return escapeLatex(cell.text)
  const number = siunitx ? siunitxNumber(cell) : mathNumber(cell)
  if (!cell.best) return number
  return siunitx ? `\\textbf{${number}}` : `{\\boldmath ${number}}`
}

function siunitxNumber({ value, uncertainty }: PrintedNumber): string {
  if (uncertainty === null) return `\\num{${value}}`
  // siunitx omits an uncertainty of zero.
  if (Number(uncertainty) === 0) return `$\\num{${value}} \\pm \\num{${uncertainty}}$`
  return `\\num{${value} \\pm ${uncertainty}}`
}

function mathNumber({ value, uncertainty }: PrintedNumber): string {
  return `$${mathDigits(value)}${uncertainty === null ? '' : ` \\pm ${mathDigits(uncertainty)}`}$`
}

/** Groups the digits of numbers from 10,000 by thin spaces and writes powers of ten out. */
function mathDigits(digits: string): string {
  const [mantissa = '', exponent] = digits.split('e')
  const [whole = '', fraction] = mantissa.split('.')
  const grouped = whole.replace('-', '').length < 5 ? whole : whole.replace(/(?<=\d)(?=(\d{3})+$)/g, '\\,')
  const plain = fraction === undefined ? grouped : `${grouped}.${fraction}`
  return exponent === undefined ? plain : `${plain} \\times 10^{${Number(exponent)}}`
}
