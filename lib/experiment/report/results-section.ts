import { metricTitle } from '../../evaluate/metric-names.js'
import type { ReportedFilter } from '../../results/reported.js'
import type { Runs } from '../compare/runs.js'
import { paragraphs, type Section, table } from './html.js'
import { metricsOf } from './metrics.js'

/** Returns a table of mean and interval for each metric. @param reported published results beside exact accuracy */
export function resultsSection(runs: Runs, reported: ReportedFilter | undefined): Section {
  const tables = metricsOf(runs).map((metric) => {
    const options = { caption: metricTitle(metric), ...(reported && metric === 'test.exact' ? { reported } : {}) }
    return table(runs.summary(metric), options)
  })
  const html = tables.length > 0 ? tables.join('\n') : paragraphs('No run has been evaluated yet.')
  return { id: 'results', title: 'Results', html }
}
