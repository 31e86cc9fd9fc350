import { UserError } from '../../errors.js'
import { metricTitle } from '../../evaluate/metric-names.js'
import { isRefused } from '../../files/system-errors.js'
import type { Figure } from '../../plot/figure.js'
import { Runs } from '../compare/runs.js'
import { drawn, paragraphs, type Section } from './html.js'
import { bestFirst, metricsOf, runsLabelled } from './metrics.js'

/** Largest number of configurations in one figure: more could not be told apart. */
const DRAWN = 10

/** Returns curves over optimiser steps of each metric, those of the best configurations if there are too many. */
export async function curvesSection(runs: Runs): Promise<Section> {
  const { chosen, note } = drawable(runs)
  const figures: string[] = []
  for (const metric of metricsOf(runs))
    figures.push(await drawn(() => chosen.curves(metric), `${metricTitle(metric)} over optimiser steps.${note}`))
  return { id: 'curves', title: 'Curves', html: joined(figures) }
}

/**
 * Returns figures of the last evaluations: bars; seeds side by side for two configurations; a grid of two keys, or
 * coordinates of more; accuracy against parameters and MACs; accuracy by rating. A kind that the runs lack the data for is
 * left out.
 */
export async function figuresSection(runs: Runs): Promise<Section> {
  const metric = metricsOf(runs).find((name): name is `test.${string}` => name.startsWith('test.'))
  if (metric === undefined) return { id: 'figures', title: 'Figures', html: joined([]) }
  const { chosen, note } = drawable(runs)
  const evaluated = new Runs(chosen.all.filter(({ evaluations }) => evaluations.length > 0))
  const title = metricTitle(metric)
  const [first, second, ...more] = bestFirst(evaluated, metric)
  const varied = Object.keys(runs.summary(metric).rows[0]!.varied)
  const several = second !== undefined
  const sizes = new Set(evaluated.all.map(({ parameters }) => parameters))
  const kinds: [wanted: boolean, make: () => Figure, caption: string][] = [
    [true, () => evaluated.bars(metric), `${title} at the last evaluation.${note}`],
    [several && more.length === 0, () => evaluated.paired(first!, second!, metric), `${title}, seed by seed.`],
    [varied.length === 2, () => runs.grid(metric), `${title} by ${varied.join(' and ')}.`],
    [varied.length > 2, () => runs.parallel(metric), `${title} of every run with its configuration.`],
    [several && sizes.size > 1, () => evaluated.points(metric), `${title} against parameters.${note}`],
    [several, () => evaluated.points(metric, { x: 'macs' }), `${title} against MACs of training.${note}`],
    [true, () => evaluated.byRating(metric), `${title} by rating of the puzzles.${note}`],
  ]
  const figures: string[] = []
  for (const [wanted, make, caption] of kinds) {
    const made = wanted ? attempted(make) : null
    if (made) figures.push(await drawn(made, caption))
  }
  return { id: 'figures', title: 'Figures', html: joined(figures) }
}

/** Returns what gives the figure, or throws why a file behind it cannot be read; null where the runs lack the data for it. */
function attempted(make: () => Figure): (() => Figure) | null {
  try {
    const figure = make()
    return () => figure
  } catch (error) {
    if (error instanceof UserError && !isRefused(error)) return null
    return () => {
      throw error
    }
  }
}

/** Returns the runs of as many configurations as a figure can show, the best ones, with a sentence on the others. */
function drawable(runs: Runs): { readonly chosen: Runs; readonly note: string } {
  const [metric] = metricsOf(runs)
  const labels = metric === undefined ? [] : bestFirst(runs, metric)
  if (labels.length <= DRAWN) return { chosen: runs, note: '' }
  return {
    chosen: new Runs(runsLabelled(runs, labels.slice(0, DRAWN))),
    note: ` The ${DRAWN} best of ${labels.length} configurations by ${metricTitle(metric!)}.`,
  }
}

function joined(figures: readonly string[]): string {
  return figures.length > 0 ? figures.join('\n') : paragraphs('No run has been evaluated yet.')
}
