import path from 'node:path'
import { UserError } from '../../errors.js'
import { makeFolder, writeFileAtomic } from '../../files/atomic.js'
import { renderFigure } from '../../plot/static.js'
import { writeTable } from '../../results/export.js'
import { Coverage } from '../sweep/coverage.js'
import type { SweepRuns } from '../sweep/sweep.js'
import { metricsOf } from './metrics.js'
import { type ReportOptions, writeReport } from './report.js'
import { type ReportSubject, subjectOf } from './subject.js'

/**
 * Writes the report of a sweep, finished or not, as `index.html`, and beside it the runs, their coverage and the summary of
 * each metric as CSV and Arrow, and `curves-METRIC.svg`.
 *
 * @param dir folder, which is created
 * @returns the paths of the files; without figures, where none can be drawn, the page says why
 * @throws UserError when a file cannot be written.
 */
export async function writeSweepReport(
  sweep: SweepRuns | ReportSubject,
  dir: string,
  options: ReportOptions = {},
): Promise<string[]> {
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
    ...(coverage instanceof Coverage ? [['coverage', coverage.table()] as const] : []),
    ...metrics.map((metric) => [`summary-${metric}`, runs.summary(metric).forPaper().rows] as const),
  ] as const
  for (const [name, table] of tables)
    if (table.length > 0) for (const type of ['csv', 'arrow']) writeTable(table, place(`${name}.${type}`))
  for (const metric of metrics) {
    const svg = await drawing(runs, metric)
    if (svg !== null) writeFileAtomic(place(`curves-${metric}.svg`), svg)
  }
  await writeReport(subject, place('index.html'), options)
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
