import { UserError } from '../../errors.js'
import type { ResidualRow } from '../../recording/residuals.js'
import type { Estimate } from '../../statistics/estimate.js'
import { rounded } from '../../statistics/rounding.js'
import type { FigureOptions } from '../figure.js'
import { lineFigure } from '../line.js'
import { type CaptionedFigure, withSources, withSubject } from '../sources.js'
import { SHARE_BANDS, shareLine, stepAxis, uprightLine } from './lines.js'
import type { StepFigureOptions } from './solving.js'

/** Returns the share of puzzles whose residual R_t is below each threshold, by supervision step, with Wilson's intervals. */
export function residualsFigure(rows: readonly ResidualRow[], options: StepFigureOptions = {}): CaptionedFigure {
  const { trained, ...figure } = options
  const thresholds = [...new Set(rows.map(({ threshold }) => threshold))]
  const lines = thresholds.map((threshold) => {
    const own = rows.filter((row) => row.threshold === threshold)
    return shareLine(
      `R < ${threshold}`,
      own.map(({ step }) => step),
      own.map(({ share }) => share),
    )
  })
  const last = Math.max(0, ...rows.map(({ step }) => step))
  const drawn = lineFigure(
    [...lines, ...(trained === undefined ? [] : [uprightLine(`trained depth (${trained})`, trained, [0, 102])])],
    { ...stepAxis(last), y: 'puzzles (%)', range: [0, 102], ...figure },
  )
  return withSources(
    withSubject(drawn, 'Puzzles whose residual R_t = ‖z_t − z_(t−1)‖ / ‖z_(t−1)‖ is below a threshold'),
    {
      bands: [SHARE_BANDS],
    },
  )
}

/** Last residuals of puzzles that end right or wrong. */
export interface LastResiduals {
  readonly right: readonly number[]
  readonly wrong: readonly number[]
  /** AUC of the residual as a flag of failure; null unless there are both. */
  readonly auc: Estimate | null
}

/**
 * Returns the distribution of the last residual of solved and of failed puzzles: for each, the share of its puzzles with a
 * smaller one. The legend says how well it separates them.
 *
 * @throws UserError without a positive residual.
 */
export function failureFlagFigure({ right, wrong, auc }: LastResiduals, options: FigureOptions = {}): CaptionedFigure {
  const lines = [
    ['solved', right],
    ['failed', wrong],
  ] as const
  const drawn = lines.flatMap(([name, residuals]) => {
    const sorted = [...residuals].filter((value) => value > 0).sort((a, b) => a - b)
    if (sorted.length === 0) return []
    return [
      {
        name: `${name} (${residuals.length})`,
        // A step at each residual.
        x: sorted.flatMap((value) => [value, value]),
        y: sorted.flatMap((_, i) => [(100 * i) / sorted.length, (100 * (i + 1)) / sorted.length]),
      },
    ]
  })
  if (drawn.length === 0) throw new UserError({ where: 'failureFlag', expected: 'a residual above 0', found: 'none' })
  const title = 'last residual R = ‖Δz‖ / ‖z‖'
  const figure = lineFigure(drawn, {
    x: auc === null ? title : `${title}, AUC ${aucText(auc)}`,
    y: 'puzzles with a smaller one (%)',
    range: [0, 102],
    log: 'x',
    ...options,
  })
  const flag = auc === null ? '' : `: AUC ${aucText(auc)} as a flag of failure, 95 % interval over puzzles (bootstrap)`
  return withSubject(figure, `Last residual of z, of solved and of failed puzzles${flag}`)
}

/** Returns `0.981 (0.972 to 0.989)`; the value alone without an interval. */
export function aucText({ value, low, high }: Estimate): string {
  const shown = (at: number): string => at.toFixed(3)
  return low === null || high === null ? shown(value) : `${shown(value)} (${shown(low)} to ${shown(high)})`
}

/** Returns a share as `98.1 %`; `none` for null. */
export function percentText(share: Estimate | null): string {
  return share === null ? 'none' : `${rounded(100 * share.value).value} %`
}
