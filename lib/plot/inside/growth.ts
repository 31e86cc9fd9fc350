import { UserError } from '../../errors.js'
import type { Quartiles, SolvingGroup } from '../../recording/solving.js'
import { type Line, lineFigure } from '../line.js'
import { type CaptionedFigure, withSources, withSubject } from '../sources.js'
import { colorOf, dashOf } from '../template.js'
import { levelLine, QUARTILE_BANDS, stepAxis, uprightLine } from './lines.js'
import type { StepFigureOptions } from './solving.js'

/** Quartiles of λ_k over the puzzles of a group. */
export interface GrowthPoint {
  readonly group: SolvingGroup
  /** The supervision step whose state was perturbed. */
  readonly from: number
  readonly quartiles: Quartiles
}

/**
 * Returns the median growth rate λ_k of perturbations along the trajectory, a line per group of puzzles, with quartiles as
 * bands; below 0 they shrink.
 *
 * @param what words for the perturbation, e.g. `random direction, k = 4`
 * @throws UserError without a point.
 */
export function growthFigure(
  points: readonly GrowthPoint[],
  what: string,
  options: StepFigureOptions = {},
): CaptionedFigure {
  const { trained, ...figure } = options
  if (points.length === 0)
    throw new UserError({ where: 'growth', expected: 'at least one measured step', found: 'none' })
  const lines = (['EARLY', 'LATE', 'PERSISTENT'] as const).flatMap((group, i): Line[] => {
    const own = points.filter((point) => point.group === group)
    if (own.length === 0) return []
    return [
      {
        name: `${group} (${own[0]!.quartiles.n})`,
        color: colorOf(i),
        dash: dashOf(i),
        x: own.map(({ from }) => from),
        y: own.map(({ quartiles }) => quartiles.median),
        band: { low: own.map(({ quartiles }) => quartiles.low), high: own.map(({ quartiles }) => quartiles.high) },
      },
    ]
  })
  const values = points.flatMap(({ quartiles: { low, high } }) => [low, high])
  const steps = points.map(({ from }) => from)
  const ends: [number, number] = [Math.min(...steps), Math.max(...steps)]
  const drawn = lineFigure(
    [
      ...lines,
      levelLine('no growth', 0, ends),
      ...(trained === undefined || trained > ends[1]
        ? []
        : [uprightLine(`trained depth (${trained})`, trained, [Math.min(0, ...values), Math.max(0, ...values)])]),
    ],
    // Step 0 has no place on a logarithmic axis.
    { ...stepAxis(0), y: 'growth rate λ per step', ...figure },
  )
  return withSources(withSubject(drawn, `Growth of small perturbations along the trajectory (${what})`), {
    bands: [QUARTILE_BANDS],
  })
}
