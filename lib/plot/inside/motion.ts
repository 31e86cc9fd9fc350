import { UserError } from '../../errors.js'
import type { AlignedRow, Motion } from '../../recording/motion.js'
import type { Quartiles } from '../../recording/solving.js'
import type { FigureOptions } from '../figure.js'
import { type Line, lineFigure } from '../line.js'
import { type CaptionedFigure, withSources, withSubject } from '../sources.js'
import { colorOf, dashOf } from '../template.js'
import { levelLine, QUARTILE_BANDS, uprightLine } from './lines.js'

const TITLES: Readonly<Record<Motion, string>> = {
  deltaY: '‖Δy‖ / ‖y‖',
  deltaZ: '‖Δz‖ / ‖z‖',
  qHalt: 'q_halt (logit)',
}

/**
 * Returns the median of a quantity over puzzles by r = t − τ, steps from the solving step, with quartiles as bands: a line each
 * for EARLY and LATE puzzles, and the level of those that are never solved.
 *
 * @throws UserError without a solved puzzle.
 */
export function alignedMotionFigure(
  rows: readonly AlignedRow[],
  persistent: Quartiles | null,
  of: Motion,
  options: FigureOptions = {},
): CaptionedFigure {
  if (rows.length === 0)
    throw new UserError({ where: 'motion', expected: 'a puzzle that is solved at some step', found: 'none' })
  const groups = (['EARLY', 'LATE'] as const).flatMap((group, i): Line[] => {
    const own = rows.filter((row) => row.group === group)
    if (own.length === 0) return []
    return [
      {
        name: group,
        color: colorOf(i),
        dash: dashOf(i),
        x: own.map(({ r }) => r),
        y: own.map(({ quartiles }) => quartiles.median),
        band: { low: own.map(({ quartiles }) => quartiles.low), high: own.map(({ quartiles }) => quartiles.high) },
        hover: own.map(({ r, quartiles }) => `r = ${r}: ${quartiles.n} puzzles`),
      },
    ]
  })
  const rs = rows.map(({ r }) => r)
  const ends: [number, number] = [Math.min(...rs), Math.max(...rs)]
  const values = rows.flatMap(({ quartiles: { low, high } }) => [low, high])
  const limits: [number, number] = [Math.min(...values), Math.max(...values)]
  const figure = lineFigure(
    [
      ...groups,
      ...(persistent === null ? [] : [levelLine('PERSISTENT', persistent.median, ends)]),
      uprightLine('first solved', 0, limits),
    ],
    {
      x: 'steps from the first right answer, r = t − τ',
      y: TITLES[of],
      log: of !== 'qHalt' && limits[0] > 0 ? 'y' : 'none',
      ...options,
    },
  )
  return withSources(withSubject(figure, `${TITLES[of]} aligned at the step of the first right answer`), {
    bands: [QUARTILE_BANDS],
  })
}
