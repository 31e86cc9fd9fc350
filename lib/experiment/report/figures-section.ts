import { metricTitle } from '../../evaluate/metric-names.js'
import { Runs } from '../compare/runs.js'
import { drawn, paragraphs, type Section } from './html.js'
import { bestFirst, metricsOf, runsLabelled } from './metrics.js'

/** Largest number of configurations in one figure: more could not be told apart. */
const DRAWN = 10

/** Returns curves over optimiser steps of each metric, those of the best configurations if there are too many. */
export async function curvesSection(runs: Runs): Promise<Section> {
  const metrics = metricsOf(runs)
  const { chosen, note } = drawable(runs)
  const figures: string[] = []
  for (const metric of metrics)
    figures.push(await drawn(() => chosen.curves(metric), `${metricTitle(metric)} over optimiser steps.${note}`))
  const html = figures.length > 0 ? figures.join('\n') : paragraphs('No run has been evaluated yet.')
  return { id: 'curves', title: 'Curves', html }
}

/** Returns figures of the last evaluations. */
export async function figuresSection(runs: Runs): Promise<Section> {
  const { chosen, note } = drawable(runs)
  const evaluated = new Runs(chosen.all.filter(({ evaluations }) => evaluations.length > 0))
  const html =
    evaluated.all.length === 0
      ? paragraphs('No run has been evaluated yet.')
      : await drawn(() => evaluated.bars('test.exact'), `${metricTitle('test.exact')} at the last evaluation.${note}`)
  return { id: 'figures', title: 'Figures', html }
}

/** Returns the runs of as many configurations as a figure can show, the best ones, with a sentence on the others. */
function drawable(runs: Runs): { readonly chosen: Runs; readonly note: string } {
  const metrics = metricsOf(runs)
  const labels = metrics.length === 0 ? [] : bestFirst(runs.summary(metrics[0]))
  if (labels.length <= DRAWN) return { chosen: runs, note: '' }
  return {
    chosen: new Runs(runsLabelled(runs, labels.slice(0, DRAWN))),
    note: ` The ${DRAWN} best of ${labels.length} configurations by ${metricTitle(metrics[0]!)}.`,
  }
}
