import path from 'node:path'
import { UserError } from '../../errors.js'
import { isOwnMetric, metricTitle } from '../../evaluate/metric-names.js'
import type { Row } from '../../files/arrow-rows.js'
import { makeFolder, writeFileAtomic } from '../../files/atomic.js'
import { escapeHtml } from '../../notebook/html.js'
import { tableData } from '../../notebook/table.js'
import { tableHtml } from '../../notebook/table-html.js'
import { renderFigure } from '../../plot/static.js'
import { type PrintOptions, printOf } from '../../plot/venues.js'
import { writeTable } from '../../results/export.js'
import type { Coverage } from './coverage.js'
import type { SweepRuns } from './sweep.js'

/** Metrics that have curves in a report where they are known, beside the user's own. */
const DRAWN = ['test.exact', 'test.cells', 'test.pass@2', 'train.loss'] as const

/**
 * Writes tables and figures of a sweep, finished or not: `runs` and `coverage` as CSV and Arrow, `curves-METRIC.svg`, and
 * `index.html` with all of them.
 *
 * @param dir folder, which is created
 * @param print with a venue, the curves are also written as `curves-METRIC.pdf` for its papers
 * @returns the paths of the files; without figures, where none can be drawn, the page says why
 * @throws UserError for an unknown venue, or when a file cannot be written.
 */
export async function writeSweepReport(runs: SweepRuns, dir: string, print: PrintOptions = {}): Promise<string[]> {
  const forVenue = printOf(print) !== null
  makeFolder(dir)
  const { coverage } = runs
  const written: string[] = []
  const place = (name: string): string => {
    written.push(path.join(dir, name))
    return written.at(-1)!
  }
  const tables = { runs: runs.table(), coverage: coverage.table() }
  for (const [name, table] of Object.entries(tables))
    if (table.length > 0) for (const type of ['csv', 'arrow']) writeTable(table, place(`${name}.${type}`))
  const figures: string[] = []
  for (const metric of drawnMetrics(runs)) {
    const svg = await drawn(runs, metric)
    if (svg.startsWith('<svg')) writeFileAtomic(place(`curves-${metric}.svg`), svg)
    if (svg.startsWith('<svg') && forVenue)
      writeFileAtomic(place(`curves-${metric}.pdf`), await renderFigure(runs.curves(metric), 'pdf', print))
    figures.push(`<h2>${escapeHtml(metricTitle(metric))}</h2>\n${svg}`)
  }
  writeFileAtomic(place('index.html'), page(coverage, tables, figures))
  return written
}

function drawnMetrics({ all }: SweepRuns): string[] {
  const known = new Set<string>()
  for (const { evaluations, metrics } of all)
    for (const row of [...evaluations, ...metrics] as unknown as Readonly<Record<string, unknown>>[])
      for (const [name, value] of Object.entries(row)) if (typeof value === 'number') known.add(name)
  return [...DRAWN, ...[...known].filter(isOwnMetric)].filter((name) => known.has(name))
}

/** Returns curves as SVG; a paragraph with the reason where they cannot be drawn. */
async function drawn(runs: SweepRuns, metric: string): Promise<string> {
  try {
    return await renderFigure(runs.curves(metric), 'svg')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return `<p>${escapeHtml(error.message)}</p>`
  }
}

function page(
  coverage: Coverage,
  tables: Readonly<Record<'runs' | 'coverage', readonly Row[]>>,
  figures: readonly string[],
): string {
  const failed = coverage.runs.filter(({ state }) => state === 'failed')
  const title = escapeHtml(coverage.plan.id)
  const html = (rows: readonly Row[]): string => (rows.length > 0 ? tableHtml(tableData(rows)) : '<p>None yet.</p>')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { white-space: nowrap; padding: 0.2rem 0.7rem; border-bottom: 1px solid #ddd; }
</style>
</head>
<body>
<h1>${title}</h1>
<p>${escapeHtml(coverage.text())}</p>
${html(tables.coverage)}
${failed.map(({ run, message }) => `<p>Failed: ${escapeHtml(`${run}: ${message ?? ''}`)}</p>\n`).join('')}<h2>Runs</h2>
${html(tables.runs)}
${figures.join('\n')}
</body>
</html>
`
}
