import { UserError } from '../errors.js'
import { escapeLabel } from '../escape/plotly.js'
import { halfWidth, plusMinus } from '../statistics/rounding.js'
import { type FigureOptions, makeFigure, type Trace } from './figure.js'
import { nameOf, shownName } from './looks.js'
import { type CaptionedFigure, withSources, withSubject } from './sources.js'
import {
  type BandOptions,
  bandSentence,
  bandText,
  checkBand,
  errorBars,
  spreadOf,
  spreadsText,
  spreadText,
} from './spread.js'
import { colorOf, markerOf, outlineColor } from './template.js'

/** The values of two arms that share a seed. */
export interface Pair {
  readonly seed: number
  /** Value of the first arm, in the unit of the axis. */
  readonly a: number
  /** Value of the second arm. */
  readonly b: number
}

/** Options of {@link paired}. */
export interface PairedOptions extends FigureOptions, BandOptions {
  /** Unit of the difference. Default: none; the difference of two percentages is in `points`. */
  readonly unit?: string
}

/** Distance of an arm's mean from its dots, in units of the arms' distance. */
const ASIDE = 0.16

/**
 * Returns the values of two arms seed by seed: a dot for each, joined by a line, with the arms' means and bands at the sides.
 * The title of the horizontal axis says the mean difference a − b with its 95 % interval over pairs.
 *
 * @param arms labels of the two arms
 * @throws UserError without a pair of finite values.
 */
export function paired(
  pairs: readonly Pair[],
  arms: readonly [string, string],
  options: PairedOptions = {},
): CaptionedFigure {
  const band = checkBand(options.band ?? 'interval')
  const known = pairs.filter(({ a, b }) => Number.isFinite(a) && Number.isFinite(b))
  if (known.length === 0)
    throw new UserError({
      where: 'paired',
      expected: 'at least one pair of finite values',
      found: pairs.length === 0 ? 'none' : `${pairs.length} with values that are not finite`,
    })
  const sides = [known.map(({ a }) => a), known.map(({ b }) => b)] as const
  const names = arms.map((arm) => shownName(arm, options))
  const spreads = sides.map((values) => spreadOf(values, band)!)
  const dots = sides.map((values, i): Trace => {
    return {
      type: 'scatter',
      mode: 'markers',
      name: names[i],
      x: values.map(() => i),
      y: values,
      marker: { color: colorOf(i), symbol: markerOf(i), size: 8 },
      showlegend: false,
      cliponaxis: false,
      hovertext: known.map(({ seed }, k) => `${names[i]}, seed ${seed}: ${spreadText(spreadOf([values[k]!])!)}`),
      hoverinfo: 'text',
    }
  })
  const means = spreads.map((spread, i): Trace => {
    const words = spreadsText([spread])
    return {
      type: 'scatter',
      mode: 'markers',
      name: words === null ? 'mean' : `mean, ${words}`,
      x: [i === 0 ? -ASIDE : 1 + ASIDE],
      y: [spread.value],
      marker: { color: colorOf(i), symbol: 'line-ew-open', size: 16, line: { width: 3, color: colorOf(i) } },
      error_y: errorBars([spread], colorOf(i)),
      showlegend: false,
      cliponaxis: false,
      hovertext: [`${names[i]}: ${spreadText(spread)}`],
      hoverinfo: 'text',
    }
  })
  const [difference, meaning] = differenceOf(known, options.unit)
  const figure = makeFigure([links(known), ...dots, ...means], options, {
    xaxis: {
      tickvals: [0, 1],
      ticktext: names.map((name, i) => `${name}<br><b>${spreadText(spreads[i]!)}</b>`),
      range: [-0.5, 1.5],
      showgrid: false,
      title: { text: options.x === undefined ? `${escapeLabel(difference)}<br>${meaning}` : escapeLabel(options.x) },
      tickangle: 0,
    },
  })
  const both = arms.map((arm) => nameOf(arm, options)).join(' and ')
  const drawn = options.y === undefined ? both : `${options.y} of ${both}`
  return withSources(withSubject(figure, `${drawn} by seed; ${difference} (${meaning})`), {
    bands: bandSentence('Error bars', spreadsText(spreads)),
  })
}

/** Returns `difference 95.7 ± 2.1 points` and its meaning, `95 % interval, 3 seeds`. */
function differenceOf(pairs: readonly Pair[], unit?: string): [difference: string, meaning: string] {
  const difference = spreadOf(pairs.map(({ a, b }) => a - b))!
  const value = plusMinus(difference.value, halfWidth(difference))
  const meaning = bandText('interval', [difference.n]) ?? '1 seed'
  return [['difference', value, unit].filter(Boolean).join(' '), meaning]
}

/** Returns one grey line per seed between its two dots. */
function links(pairs: readonly Pair[]): Trace {
  return {
    type: 'scatter',
    mode: 'lines',
    x: pairs.flatMap(() => [0, 1, null]),
    y: pairs.flatMap(({ a, b }) => [a, b, null]),
    line: { color: outlineColor, width: 1 },
    showlegend: false,
    hoverinfo: 'skip',
  }
}
