import { macUnit } from '../evaluate/mac-units.js'
import type { Estimate } from '../statistics/estimate.js'
import { type FigureOptions, makeFigure, type Trace } from './figure.js'
import { lineTraces } from './line.js'
import { type CaptionedFigure, withSources } from './sources.js'
import { outlineColor } from './template.js'

/** Accuracy of one configuration against compute. */
export interface ComputeLine {
  readonly name: string
  /** Multiply-accumulates, ascending. */
  readonly macs: readonly number[]
  /** `[macs]` in percent. */
  readonly accuracy: readonly Pick<Estimate, 'value' | 'low' | 'high' | 'method'>[]
  /** `[macs]` text shown when hovering over a point. */
  readonly hover: readonly string[]
}

/** A point of the frontier: accuracy in percent. */
export interface FrontierPoint {
  readonly macs: number
  readonly accuracy: number
}

const LEAST_HEIGHT = 380
const LEGEND_ROW = 30

/**
 * Returns accuracies over a logarithmic axis of multiply-accumulates with their intervals as bands, and the frontier, the best
 * accuracy up to each compute, as steps.
 */
export function frontierFigure(
  lines: readonly ComputeLine[],
  frontier: readonly FrontierPoint[],
  options: Omit<FigureOptions, 'log'> = {},
): CaptionedFigure {
  const most = Math.max(...lines.flatMap(({ macs }) => macs))
  const { prefix, size } = macUnit(most)
  const traces = lineTraces(
    lines.map(({ name, macs, accuracy, hover }) => ({
      name,
      x: macs.map((each) => each / size),
      y: accuracy.map(({ value }) => value),
      band: {
        low: accuracy.map(({ low }) => low ?? Number.NaN),
        high: accuracy.map(({ high }) => high ?? Number.NaN),
      },
      hover,
    })),
    options,
  ).map((trace): Trace => (trace.text === undefined ? trace : { ...trace, mode: 'lines+markers' }))
  const last = { macs: most, accuracy: frontier.at(-1)?.accuracy ?? Number.NaN }
  const steps: Trace = {
    type: 'scatter',
    mode: 'lines',
    name: 'frontier: best up to this compute',
    x: [...frontier, last].map(({ macs }) => macs / size),
    y: [...frontier, last].map(({ accuracy }) => accuracy),
    line: { color: outlineColor, width: 4, shape: 'hv' },
    opacity: 0.5,
    hoverinfo: 'skip',
    legendrank: 1100,
  }
  const methods = new Set(lines.flatMap(({ accuracy }) => accuracy.flatMap(({ method }) => method ?? [])))
  const over = methods.has('t') ? (methods.size > 1 ? 'seeds, of single runs over puzzles' : 'seeds') : 'puzzles'
  const figure = makeFigure([steps, ...traces], {
    x: `evaluation compute (${prefix}MAC per puzzle)`,
    y: 'accuracy (%)',
    // The legend stands above the plot, an entry a row where names are long.
    height: LEAST_HEIGHT + LEGEND_ROW * (lines.length + 1),
    ...options,
    log: 'x',
  })
  return withSources(figure, { bands: methods.size > 0 ? [`Bands: 95 % interval over ${over}`] : [] })
}
