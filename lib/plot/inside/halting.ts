import type { Calibration, HaltingRow } from '../../recording/calibration.js'
import { type Estimate, scaled } from '../../statistics/estimate.js'
import { rounded } from '../../statistics/rounding.js'
import { type FigureOptions, makeFigure, type Trace } from '../figure.js'
import { lineFigure, lineTraces } from '../line.js'
import { type CaptionedFigure, withSources, withSubject } from '../sources.js'
import { errorBars } from '../spread.js'
import { colorOf, outlineColor } from '../template.js'
import { bandOf, stepAxis, uprightLine } from './lines.js'
import { aucText, percentText } from './residuals.js'
import type { StepFigureOptions } from './solving.js'

/**
 * Returns the share of right answers by halting probability, with Wilson's interval for each bin, beside the diagonal of a
 * calibrated head. The title of the horizontal axis says AUC and precision.
 */
export function calibrationFigure(found: Calibration, options: FigureOptions = {}): CaptionedFigure {
  const bins = found.bins.flatMap(({ probability, right, puzzles }) =>
    probability === null || right === null ? [] : [{ probability, right: scaled(right, 100), puzzles }],
  )
  const points: Trace = {
    type: 'scatter',
    mode: 'lines+markers',
    name: '95 % interval over puzzles',
    x: bins.map(({ probability }) => 100 * probability),
    y: bins.map(({ right }) => right.value),
    line: { color: colorOf(0), width: 1.5 },
    marker: { color: colorOf(0), size: 8 },
    error_y: errorBars(
      bins.map(({ right }) => right),
      colorOf(0),
    ),
    cliponaxis: false,
    hovertext: bins.map(({ right, puzzles }) => `${rounded(right.value).value} % of ${puzzles} puzzles`),
    hoverinfo: 'text',
  }
  const diagonal = lineTraces([
    { name: 'calibrated', x: [0, 100], y: [0, 100], color: outlineColor, dash: 'dot', width: 1.5 },
  ])
  const auc = found.auc === null ? '' : `AUC ${aucText(found.auc)}, `
  const measures = `${auc}precision ${percentText(found.precision)}, recall ${percentText(found.recall)}`
  const figure = makeFigure([...diagonal, points], {
    x: `halting probability σ(q) at step ${found.step} (%)`,
    y: 'right answers (%)',
    range: [0, 102],
    ...options,
  })
  return withSources(withSubject(figure, `Right answers by halting probability at step ${found.step}; ${measures}`), {
    bands: ['Error bars: 95 % interval over puzzles (Wilson)'],
  })
}

/** Returns the mean halting logit by supervision step, of puzzles that end right and wrong, with Student's intervals. */
export function haltingFigure(rows: readonly HaltingRow[], options: StepFigureOptions = {}): CaptionedFigure {
  const { trained, ...figure } = options
  const lines = (['right', 'wrong'] as const).flatMap((ends) => {
    const own = rows.filter((row) => row.ends === ends)
    if (own.length === 0) return []
    const estimates = own.map(({ q }): Estimate => q)
    return [
      {
        name: `ends ${ends} (${own[0]!.q.n})`,
        x: own.map(({ step }) => step),
        y: estimates.map(({ value }) => value),
        band: bandOf(estimates),
      },
    ]
  })
  const values = rows.map(({ q }) => q.value)
  const limits: [number, number] = [Math.min(...values), Math.max(...values)]
  const drawn = lineFigure(
    [...lines, ...(trained === undefined ? [] : [uprightLine(`trained depth (${trained})`, trained, limits)])],
    { ...stepAxis(Math.max(...rows.map(({ step }) => step))), y: 'mean q_halt (logit)', ...figure },
  )
  return withSources(withSubject(drawn, 'Mean halting logit of puzzles that end right and wrong'), {
    bands: ["Bands: 95 % interval over puzzles (Student's t)"],
  })
}
