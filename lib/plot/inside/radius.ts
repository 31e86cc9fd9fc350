import { UserError } from '../../errors.js'
import { type Estimate, scaled } from '../../statistics/estimate.js'
import { rounded } from '../../statistics/rounding.js'
import type { FigureOptions } from '../figure.js'
import { lineFigure } from '../line.js'
import { type CaptionedFigure, withSources, withSubject } from '../sources.js'
import { bandOf, levelLine } from './lines.js'

/** Accuracy from the random starts of one radius. */
export interface RadiusRow {
  /** ε of the start s_0 + ε · N(0, 1); 0: the learned start. */
  readonly radius: number
  /** Share of right answers over puzzles and draws. */
  readonly exact: Estimate
}

/**
 * Returns exact accuracy against the radius of a random start, on a logarithmic axis; the learned start, which has no place
 * there, is a level line.
 *
 * @throws UserError without a positive radius.
 */
export function radiusFigure(rows: readonly RadiusRow[], options: FigureOptions = {}): CaptionedFigure {
  const own = rows.filter(({ radius }) => radius > 0).sort((a, b) => a.radius - b.radius)
  if (own.length === 0) throw new UserError({ where: 'radii', expected: 'at least one radius above 0', found: 'none' })
  const percents = own.map(({ exact }) => scaled(exact, 100))
  const learned = rows.find(({ radius }) => radius === 0)
  const ends: [number, number] = [own[0]!.radius, own.at(-1)!.radius]
  const figure = lineFigure(
    [
      {
        name: 'random start',
        x: own.map(({ radius }) => radius),
        y: percents.map(({ value }) => value),
        band: bandOf(percents),
        hover: percents.map(({ value }, i) => `ε = ${own[i]!.radius}: ${rounded(value).value} %`),
      },
      ...(learned === undefined ? [] : [levelLine('learned start (ε = 0)', 100 * learned.exact.value, ends)]),
    ],
    { x: 'radius ε of the random start', y: 'exact accuracy (%)', range: [0, 102], log: 'x', ...options },
  )
  const how = own.every(({ exact }) => exact.method === 'wilson') ? 'Wilson' : 'bootstrap over puzzles'
  return withSources(withSubject(figure, 'Exact accuracy against the radius ε of a random start s_0 + ε N(0, 1)'), {
    bands: own.some(({ exact }) => exact.low !== null) ? [`Bands: 95 % interval over puzzles (${how})`] : [],
  })
}
