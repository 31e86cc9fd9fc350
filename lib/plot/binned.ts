import { UserError } from '../errors.js'
import { escapeLabel } from '../escape/plotly.js'
import type { Estimate } from '../statistics/estimate.js'
import { type FigureOptions, makeFigure, type Trace } from './figure.js'
import { MOST_NAMED, shownName } from './looks.js'
import { type CaptionedFigure, withSources } from './sources.js'
import {
  bandSentence,
  barKey,
  errorBars,
  type Spread,
  seedsText,
  spreadOfEstimate,
  spreadsText,
  spreadText,
} from './spread.js'
import { colorOf, dashOf, markerOf } from './template.js'

/** One series of {@link binned}. */
export interface BinnedSeries {
  /** The varied setting, e.g. `mlp`. */
  readonly name: string
  /** One estimate per bin, in the unit of the axis; null (a gap) for a bin without puzzles. */
  readonly estimates: readonly (Estimate | null)[]
}

/** Part of a bin's width over which series are spread, so that their intervals do not cover each other. */
const SPREAD = 0.24

/**
 * Returns estimates by bin, e.g. accuracy by rating: for each series a marker with its interval in every bin, joined by a line.
 *
 * @param bins names of the bins, in order, e.g. `0`, `1 to 9`
 * @throws UserError without series or bins, and for more series than can be told apart.
 */
export function binned(
  bins: readonly string[],
  series: readonly BinnedSeries[],
  options: FigureOptions = {},
): CaptionedFigure {
  if (bins.length === 0 || series.length === 0 || series.length > MOST_NAMED)
    throw new UserError({
      where: 'binned',
      expected: `at least one bin, and 1 to ${MOST_NAMED} series`,
      found: `${bins.length} bins and ${series.length} series`,
    })
  const spreads = series.map(({ estimates }) =>
    bins.map((_, bin): Spread | null => {
      const estimate = estimates[bin]
      return estimate == null || !Number.isFinite(estimate.value) ? null : spreadOfEstimate(estimate)
    }),
  )
  const traces = series.map(({ name }, i): Trace => {
    const aside = series.length === 1 ? 0 : (i / (series.length - 1) - 0.5) * SPREAD
    const color = colorOf(i)
    const shown = shownName(name, options)
    return {
      type: 'scatter',
      mode: 'lines+markers',
      name: shown,
      x: bins.map((_, bin) => bin + aside),
      y: spreads[i]!.map((spread) => spread?.value ?? null),
      line: { color, width: 1.5, dash: dashOf(i) },
      marker: { color, symbol: markerOf(i), size: 8 },
      error_y: errorBars(spreads[i]!, color),
      cliponaxis: false,
      hovertext: spreads[i]!.map((spread, bin) =>
        spread === null ? '' : `${shown}, ${escapeLabel(bins[bin]!)}: ${spreadText(spread)} (${overText(spread)})`,
      ),
      hoverinfo: 'text',
    }
  })
  const known = spreads.flat().filter((spread) => spread !== null)
  const figure = makeFigure([...traces, ...barKey(known)], options, {
    xaxis: {
      tickvals: bins.map((_, bin) => bin),
      ticktext: bins.map(escapeLabel),
      range: [-0.5, bins.length - 0.5],
      tickangle: 0,
      ...(options.x === undefined ? {} : { title: { text: escapeLabel(options.x) } }),
    },
  })
  return withSources(figure, { bands: bandSentence('Error bars', spreadsText(known)) })
}

function overText({ puzzles, n }: Spread): string {
  return puzzles === undefined ? seedsText([n]) : `${puzzles} puzzles`
}
