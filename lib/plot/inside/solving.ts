import { UserError } from '../../errors.js'
import type { SolvedAtStep, SolvingRow } from '../../recording/solving.js'
import { scaled } from '../../statistics/estimate.js'
import { bars } from '../bars.js'
import type { FigureOptions } from '../figure.js'
import { lineFigure } from '../line.js'
import { MOST_NAMED } from '../looks.js'
import { type CaptionedFigure, withSources, withSubject } from '../sources.js'
import { SHARE_BANDS, shareLine, stepAxis, uprightLine } from './lines.js'

/** The puzzles of one range of ratings, with their accuracy by supervision step. */
export interface RatedSteps {
  /** The range, e.g. `1–9`. */
  readonly name: string
  readonly puzzles: number
  readonly rows: readonly SolvedAtStep[]
}

/** Options of figures by supervision step. */
export interface StepFigureOptions extends FigureOptions {
  /** Supervision steps of training, drawn as an upright line. Default: no line. */
  readonly trained?: number
}

/**
 * Returns the share of puzzles that were solved by a supervision step or earlier, a line per range of ratings, with Wilson's
 * intervals.
 *
 * @throws UserError without puzzles, or for more ranges than can be told apart.
 */
export function firstSolvedFigure(groups: readonly RatedSteps[], options: StepFigureOptions = {}): CaptionedFigure {
  const { trained, ...figure } = options
  if (groups.length === 0 || groups.length > MOST_NAMED || groups.some(({ rows }) => rows.length === 0))
    throw new UserError({
      where: 'firstSolved',
      expected: `1 to ${MOST_NAMED} ranges of ratings with puzzles`,
      found: String(groups.length),
    })
  const lines = groups.map(({ name, puzzles, rows }) =>
    shareLine(
      groups.length === 1 ? `${name} (${puzzles})` : `rating ${name} (${puzzles})`,
      rows.map(({ step }) => step),
      rows.map(({ cumulative }) => cumulative),
    ),
  )
  const drawn = lineFigure([...lines, ...trainedLine(trained)], {
    ...stepAxis(groups[0]!.rows.length),
    y: 'solved so far (%)',
    range: [0, 102],
    ...figure,
  })
  return withSources(
    withSubject(drawn, `Puzzles first solved at a supervision step or before${groups.length > 1 ? ', by rating' : ''}`),
    {
      bands: [SHARE_BANDS],
    },
  )
}

/**
 * Returns accuracy by supervision step: of the answers at the step, of those solved at the step or before, and their
 * difference, the right answers that are lost again.
 */
export function lostAgainFigure(rows: readonly SolvedAtStep[], options: StepFigureOptions = {}): CaptionedFigure {
  const { trained, ...figure } = options
  const steps = rows.map(({ step }) => step)
  const lines = [
    ['solved so far', rows.map(({ cumulative }) => cumulative)],
    ['right at this step', rows.map(({ exact }) => exact)],
    ['lost again', rows.map(({ lost }) => lost)],
  ] as const
  const drawn = lineFigure(
    [...lines.map(([name, shares]) => shareLine(name, steps, shares)), ...trainedLine(trained)],
    { ...stepAxis(rows.length), y: 'puzzles (%)', range: [0, 102], ...figure },
  )
  return withSources(withSubject(drawn, 'Puzzles whose answer is right, was right, and is lost again'), {
    bands: [SHARE_BANDS],
  })
}

function trainedLine(trained: number | undefined) {
  return trained === undefined ? [] : [uprightLine(`trained depth (${trained})`, trained, [0, 102])]
}

/** Returns the shares of EARLY, LATE and PERSISTENT puzzles as bars, with Wilson's intervals. */
export function solvingGroupsFigure(
  groups: readonly SolvingRow[],
  { trained, ...options }: FigureOptions & { readonly trained: number },
): CaptionedFigure {
  const figure = bars(
    groups.map(({ group, share }) => {
      const percent = scaled(share, 100)
      return { name: group, values: [percent.value], estimate: percent }
    }),
    {
      measured: `share of ${groups[0]?.share.n ?? 0} puzzles, 95 % interval`,
      x: `first solved by step ${trained}, later, never`,
      y: 'puzzles (%)',
      range: [0, 102],
      ...options,
    },
  )
  return withSubject(figure, 'Puzzles by the supervision step at which they are first solved')
}
