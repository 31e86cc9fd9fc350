import type { Dataset } from '../../data/dataset.js'
import type { FigureOptions } from '../../plot/figure.js'
import { sliceFigure } from '../../plot/inside/slice.js'
import { type CaptionedFigure, type FigureSources, withSources } from '../../plot/sources.js'
import { Random } from '../../random.js'
import { type BasinOptions, type BasinReport, basinReport, patchPermuted } from '../../statistics/basins.js'
import { variogramExponent } from '../../statistics/variogram.js'
import { puzzleBatches } from '../../think/puzzle-batches.js'
import { type SliceGrid, type SliceSettings, sliceOptions, sliceSteps } from '../../think/slice.js'
import { UNKNOWN } from '../../think/step-measures.js'
import { checkedBatch, measurementOptions, type OpenedOptions, withOpened } from './opened.js'
import { dataAndOptions, type ThinkingModel } from './options.js'

/** Options of {@link startSlice}. */
export interface StartSliceOptions extends Omit<OpenedOptions, 'puzzles'>, Partial<SliceSettings> {
  /** Index of the example in its split. Default 0. */
  readonly puzzle?: number
}

/** The quantity that colours a slice: the settling time of each point, or its final answer. */
export type SliceColour = 'settling' | 'answer'

/** Points along each side of a patch that the null keeps together; see {@link BasinOptions.patch}. */
const PATCH = 2

/** A slice of initial states of one puzzle; see {@link startSlice}. */
export class StartSlice {
  /** Index of the example in its split. */
  readonly puzzle: number
  readonly settings: SliceSettings
  /** Settling time, final answer and whether it is right, of every point. */
  readonly points: SliceGrid
  readonly #sources: FigureSources

  constructor(puzzle: number, settings: SliceSettings, points: SliceGrid, sources: FigureSources) {
    this.puzzle = puzzle
    this.settings = settings
    this.points = points
    this.#sources = sources
  }

  /**
   * The reason to leave this slice out of a comparison of settling times, as in arXiv 2609.04963: fewer than 90 % of the points
   * reach the most frequent answer, or more than 1 % have not settled. Null if there is none.
   */
  get excluded(): string | null {
    const { answerCounts, capped, grid, depth } = this.points
    const modal = (100 * answerCounts[0]!) / grid ** 2
    if (modal < 90) return `${modal.toFixed(1)} % of the points reach the most frequent answer, fewer than 90 %`
    const open = (100 * capped.reduce((sum, each) => sum + each, 0)) / grid ** 2
    return open > 1 ? `${open.toFixed(1)} % of the points have not settled after ${depth} steps, more than 1 %` : null
  }

  /**
   * Returns basin entropy, boundary basin entropy and uncertainty exponent, of the final answers or of the settling times, each
   * beside the range of its null: the same points in permuted patches.
   *
   * @throws UserError for options out of range.
   */
  basins(of: SliceColour = 'answer', options?: BasinOptions): BasinReport {
    return basinReport({ grid: this.points.grid, labels: this.#labels(of) }, options)
  }

  /**
   * Returns the variogram exponent H of the settling times, 1 for a smooth surface and near 0 for a rough one, beside that of
   * the null; see {@link variogramExponent}. Null where it cannot be told.
   */
  roughness(): { readonly measured: number | null; readonly permuted: number | null } {
    const { grid, settling, capped } = this.points
    const random = (): Random => Random.of(this.settings.seed, 'slice null')
    const shuffled = (labels: ArrayLike<number>): ArrayLike<number> =>
      patchPermuted({ grid, labels }, PATCH, random()).labels
    return {
      measured: variogramExponent({ grid, values: settling, censored: capped }),
      permuted: variogramExponent({ grid, values: shuffled(settling), censored: shuffled(capped) }),
    }
  }

  /** Returns the picture of the slice beside that of its null. */
  figure({ colour = 'settling', ...options }: FigureOptions & { readonly colour?: SliceColour } = {}): CaptionedFigure {
    const { grid, answerCounts, answer, exact } = this.points
    const { extent, seed } = this.settings
    const labels = this.#labels(colour)
    const permuted = patchPermuted({ grid, labels }, PATCH, Random.of(seed, 'slice null')).labels
    const answers = answerCounts.map((count, number) => {
      const right = exact[answer.indexOf(number)]!
      return { share: count / grid ** 2, right: right === UNKNOWN ? null : right === 1 }
    })
    const figure = sliceFigure(
      { grid, extent, values: labels },
      { grid, extent, values: permuted },
      { colour, answers, ...(colour === 'settling' ? { note: this.#cappedText() } : {}), ...options },
    )
    return withSources(figure, this.#sources)
  }

  #cappedText(): string {
    const { capped, grid, depth } = this.points
    const share = (100 * capped.reduce((sum, each) => sum + each, 0)) / grid ** 2
    return `Darkest: not settled after ${depth} supervision steps, ${share.toFixed(1)} % of the points`
  }

  #labels(of: SliceColour): ArrayLike<number> {
    return of === 'answer' ? this.points.answer : this.points.settling
  }
}

/**
 * Computes how the initial states on a random plane through the latent space settle for one puzzle ("fractal basins", arXiv
 * 2609.04963): how many supervision steps each takes, and which answer it ends with. The plane, its centre and its length are
 * options; the published lengths are not known, so the default, a plane of normal latents around zero in all latents, is ours.
 *
 * @param runOrFile a run, its ID, its folder, a file of weights, or the name of shipped weights
 * @param data default: the data set of the weights
 * @example
 * const slice = await startSlice('sudoku-6x6', { puzzle: 3 })
 * show(slice.figure())
 * show(slice.basins())
 * @throws UserError for weights or data that do not fit, and options out of range; Interrupted if it is stopped.
 */
export async function startSlice(
  runOrFile: ThinkingModel,
  data?: Dataset | StartSliceOptions,
  options?: StartSliceOptions,
): Promise<StartSlice>
export async function startSlice(
  runOrFile: ThinkingModel,
  dataOrOptions?: Dataset | StartSliceOptions,
  given?: StartSliceOptions,
): Promise<StartSlice> {
  const { data, options } = dataAndOptions(dataOrOptions, given)
  const { puzzle = 0, batch: rows = 256, ...others } = options
  const asked = measurementOptions(sliceOptions, options, 'a slice of initial states')
  checkedBatch(rows)
  return withOpened('startSlice', runOrFile, data, { ...others, puzzles: [puzzle] }, async (opened) => {
    const settings = { ...asked, depth: asked.depth ?? 4 * opened.trained, batch: rows }
    const [batch] = puzzleBatches(opened.data, opened.subset.split, [puzzle], 1)
    const total = settings.grid ** 2
    const points = await opened.run(sliceSteps(opened.model, batch!, settings), {
      label: 'slice',
      unit: 'points',
      total,
      at: (done) => done,
    })
    return new StartSlice(puzzle, settings, points, opened.sources)
  })
}
