import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import type { FigureOptions } from '../../plot/figure.js'
import { type RadiusRow, radiusFigure } from '../../plot/inside/radius.js'
import { withReportedCurves } from '../../plot/reported-curves.js'
import { type CaptionedFigure, type FigureSources, withSources } from '../../plot/sources.js'
import { estimate, wilson } from '../../statistics/estimate.js'
import { puzzleBatches } from '../../think/puzzle-batches.js'
import { type RadiusAnswers, type RadiusSettings, radiusOptions, radiusSteps } from '../../think/start-radius.js'
import { UNKNOWN } from '../../think/step-measures.js'
import type { ReportedOption } from './figures.js'
import { checkedBatch, measurementOptions, type OpenedModel, type OpenedOptions, withOpened } from './opened.js'
import { dataAndOptions, type ThinkingModel } from './options.js'

/** Options of {@link startRadius}. */
export interface StartRadiusOptions extends OpenedOptions {
  /** Radii ε. Default 0, 0.03, 0.1, 0.3, 1 and 3. */
  readonly radii?: readonly number[]
  /** Random directions per puzzle. Default 1. */
  readonly draws?: number
  /** D: supervision steps. Default: the configuration's `evalSupervisionSteps`. */
  readonly depth?: number
  /** Seed of the directions. Default 0. */
  readonly seed?: number
  /** Puzzles computed at a time; it has no influence on the results. Default 100. */
  readonly batch?: number
}

/** Accuracy from random starts around the learned one; see {@link startRadius}. */
export class StartRadius {
  /** A row per radius. */
  readonly rows: readonly RadiusRow[]
  /** D */
  readonly depth: number
  readonly #sources: FigureSources

  constructor(rows: readonly RadiusRow[], depth: number, sources: FigureSources) {
    this.rows = rows
    this.depth = depth
    this.#sources = sources
  }

  /**
   * Returns a figure of exact accuracy against the radius; behind it, published curves.
   *
   * @example
   * show(radius.figure({ reported: { series: 'init-radius' } }))
   * @throws UserError without a radius above 0.
   */
  figure({ reported, ...options }: FigureOptions & ReportedOption = {}): CaptionedFigure {
    const figure = withSources(radiusFigure(this.rows, options), this.#sources)
    return reported === undefined ? figure : withReportedCurves(figure, reported)
  }
}

/**
 * Measures accuracy from random initial latents s_0 + ε · N(0, 1), all latents alike and without noise at later steps, for radii
 * ε ("init-basin radius" of Fixed-Point-Reasoner-Structures, 2026). Intervals are over puzzles: Wilson's for one draw each, else
 * a bootstrap of the puzzles' shares.
 *
 * @param runOrFile a run, its ID, its folder, a file of weights, or the name of shipped weights
 * @param data default: the data set of the weights
 * @example
 * const radius = await startRadius('sudoku-6x6', { puzzles: 200 })
 * show(radius.figure())
 * @throws UserError for weights or data that do not fit, and options out of range; Interrupted if it is stopped.
 */
export async function startRadius(
  runOrFile: ThinkingModel,
  data?: Dataset | StartRadiusOptions,
  options?: StartRadiusOptions,
): Promise<StartRadius>
export async function startRadius(
  runOrFile: ThinkingModel,
  dataOrOptions?: Dataset | StartRadiusOptions,
  given?: StartRadiusOptions,
): Promise<StartRadius> {
  const { data, options } = dataAndOptions(dataOrOptions, given)
  const asked = measurementOptions(radiusOptions, options, 'random starts')
  const batch = checkedBatch(options.batch ?? 100)
  return withOpened('startRadius', runOrFile, data, options, async (opened) => {
    const settings = { ...asked, depth: asked.depth ?? opened.evalSupervisionSteps, batch }
    return new StartRadius(await measured(opened, settings), settings.depth, opened.sources)
  })
}

async function measured(
  { model, data, subset, run }: OpenedModel,
  { radii, draws, depth, seed, batch }: RadiusSettings & { readonly draws: number; readonly batch: number },
): Promise<RadiusRow[]> {
  const { split, puzzles } = subset
  const right = new Map(radii.map((radius) => [radius, new Float64Array(puzzles.length)]))
  const known = new Uint8Array(puzzles.length).fill(1)
  const total = puzzles.length * draws * right.size * depth
  let done = 0
  function* work(): Generator<number, void> {
    let from = 0
    for (const part of puzzleBatches(data, split, puzzles, batch)) {
      for (let draw = 0; draw < draws; draw++)
        for (const piece of radiusSteps(model, part, { radii: [...right.keys()], depth, seed }, draw)) {
          if (piece !== 'pause') add(piece, from)
          else done += part.size
          yield done
        }
      from += part.size
    }
  }
  const add = ({ radius, exact }: RadiusAnswers, from: number): void => {
    for (const [row, answer] of exact.entries())
      if (answer === UNKNOWN) known[from + row] = 0
      else right.get(radius)![from + row]! += answer / draws
  }
  await run(work(), { label: 'random starts', unit: 'supervision steps', total, at: (count) => count })
  if (!known.includes(1))
    throw new UserError({ where: 'startRadius', expected: 'puzzles with known answers', found: 'none' })
  return [...right].map(([radius, all]) => {
    const shares = [...all].filter((_, i) => known[i] === 1)
    const solved = shares.reduce((sum, share) => sum + share, 0)
    const exact = draws === 1 ? wilson(solved, shares.length) : estimate(shares, { interval: 'bootstrap' })
    return { radius, exact }
  })
}
