import path from 'node:path'
import { UserError } from '../../errors.js'
import { makeFolder, writeFileAtomic } from '../../files/atomic.js'
import { renderFigure } from '../../plot/static.js'
import { type PrintOptions, printOf } from '../../plot/venues.js'
import { writeTable } from '../../results/export.js'
import type { SweepRuns } from '../sweep/sweep.js'
import { metricsOf } from './metrics.js'
import { writeReport } from './report.js'
import { type ReportSubject, subjectOf } from './subject.js'

/**
 * Writes the report of a sweep, finished or not, as `index.html`, and beside it the runs, their coverage and the summary of
 * each metric as CSV and Arrow, and `curves-METRIC.svg`.
 *
 * @param dir folder, which is created
 * @param print with a venue, the curves are also written as `curves-METRIC.pdf` for its papers
 * @returns the paths of the files; without figures, where none can be drawn, the page says why
 * @throws UserError for an unknown venue, or when a file cannot be written.
 */
export async function writeSweepReport(
  sweep: SweepRuns | ReportSubject,
  dir: string,
  print: PrintOptions = {},
): Promise<string[]> {
  const forVenue = printOf(print) !== null
  makeFolder(dir)
  const subject = 'damaged' in sweep ? sweep : subjectOf(sweep)
  const { runs, coverage } = subject
  const written: string[] = []
  const place = (name: string): string => {
    written.push(path.join(dir, name))
    return written.at(-1)!
  }
  const metrics = metricsOf(runs)
  const tables = [
    ['runs', runs.table()],
    ...(coverage ? [['coverage', coverage.table()] as const] : []),
    ...metrics.map((metric) => [`summary-${metric}`, runs.summary(metric).forPaper().rows] as const),
  ] as const
  for (const [name, table] of tables)
    if (table.length > 0) for (const type of ['csv', 'arrow']) writeTable(table, place(`${name}.${type}`))
  for (const metric of metrics) {
    const svg = await drawing(runs, metric)
    if (svg === null) continue
    writeFileAtomic(place(`curves-${metric}.svg`), svg)
    if (forVenue) writeFileAtomic(place(`curves-${metric}.pdf`), await renderFigure(runs.curves(metric), 'pdf', print))
  }
  await writeReport(subject, place('index.html'))
  return written
}

/** Returns curves as SVG; null where they cannot be drawn, which the page explains. */
async function drawing(runs: ReportSubject['runs'], metric: string): Promise<string | null> {
  try {
    return await renderFigure(runs.curves(metric), 'svg')
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}
