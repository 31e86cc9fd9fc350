import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { bundleOf, JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import type { FigureOptions } from '../../plot/figure.js'
import { calibrationFigure, haltingFigure } from '../../plot/inside/halting.js'
import { alignedMotionFigure } from '../../plot/inside/motion.js'
import { failureFlagFigure, residualsFigure } from '../../plot/inside/residuals.js'
import {
  firstSolvedFigure,
  lostAgainFigure,
  type RatedSteps,
  type StepFigureOptions,
  solvingGroupsFigure,
} from '../../plot/inside/solving.js'
import { withReportedCurves } from '../../plot/reported-curves.js'
import { type CaptionedFigure, type FigureSources, withSources } from '../../plot/sources.js'
import { type Calibration, calibration, haltingBySteps } from '../../recording/calibration.js'
import { alignedMotion, type Motion, persistentMotion, spikesAtSolving } from '../../recording/motion.js'
import type { Recording } from '../../recording/recording.js'
import {
  type AttractorOptions,
  type Attractors,
  attractors,
  failureFlag,
  hasZ,
  lastResiduals,
  residualsBelow,
} from '../../recording/residuals.js'
import {
  checkTrained,
  firstExact,
  groupOf,
  type SolvingGroup,
  type SolvingRow,
  solvedBySteps,
  solvingGroups,
} from '../../recording/solving.js'
import { type Trajectories, type TrajectoryChoice, trajectoriesOf } from '../../recording/trajectories.js'
import { type Estimate, scaled, wilson } from '../../statistics/estimate.js'
import { intervalText, rounded } from '../../statistics/rounding.js'
import { ratingBins } from '../compare/rating-bins.js'
import type { ReportedOption } from './figures.js'

/** Options of {@link Inside}. */
export interface InsideOptions extends TrajectoryChoice {
  /** Supervision steps of training, the border of EARLY and LATE. Default: the recorded one. */
  readonly trained?: number
  /** The recorded data set, for the ratings of its puzzles. Default: none; {@link Inside.firstSolved} has a single line. */
  readonly data?: Dataset
}

/** A measure in a table. */
export interface InsideRow {
  readonly measure: string
  /** The value with its interval. */
  readonly text: string
  readonly value: number
  /** Ends of the 95 % interval; of quartiles for a median; null without either. */
  readonly low: number | null
  readonly high: number | null
  /** Puzzles behind it. */
  readonly puzzles: number
}

/** Options of {@link Inside.motion}. */
export interface MotionOptions extends FigureOptions {
  /** `deltaY`: ‖Δy‖ / ‖y‖; `deltaZ`: the same of z; `qHalt`: the halting logit. Default `deltaY`. */
  readonly of?: Motion
  /** First and last r = t − τ. Default: −8 and 8. */
  readonly from?: number
  readonly to?: number
}

/**
 * Measures of what happens inside the recursion, over one recorded rollout of each puzzle, with the definitions of "When
 * recursive models finish computing" (2026) unless a method names another source. Intervals are over puzzles.
 */
export class Inside {
  /** The rollouts that everything here is computed from. */
  readonly trajectories: Trajectories
  /** Supervision steps of training. */
  readonly trained: number
  readonly #data: Dataset | undefined
  readonly #split: 'train' | 'test'
  readonly #sources: FigureSources

  /** @throws UserError for a rollout that was not recorded, data other than the recorded, or an unknown trained depth. */
  constructor(recording: Recording, sources: FigureSources, { trained, data, ...choice }: InsideOptions = {}) {
    const { facts } = recording
    if (data && data.hash !== facts.data.hash)
      throw new UserError({
        where: 'inside, data',
        expected: `the recorded data set, ${facts.data.hash.slice(0, 12)}`,
        found: data.hash.slice(0, 12),
        todo: 'Give the data set that the recording was made of.',
      })
    const known = trained ?? facts.notes.trained
    if (typeof known !== 'number')
      throw new UserError({
        where: 'inside',
        expected: 'trained: the supervision steps of training, which the recording does not name',
        found: 'none',
      })
    checkTrained(known)
    this.trained = known
    this.trajectories = trajectoriesOf(recording, choice)
    this.#data = data
    this.#split = facts.split
    this.#sources = sources
  }

  /**
   * Returns a figure of the share of puzzles that were right at some step until now, by supervision step: a line per range of
   * ratings if the data set was given and has ratings.
   *
   * @param options.bins lower ends of the ranges. Default: five of about equally many puzzles, or each rating if they are six
   * or fewer
   * @throws UserError for lower ends that are not ascending.
   */
  firstSolved(options: FigureOptions & { readonly bins?: readonly number[] } = {}): CaptionedFigure {
    const { bins, ...figure } = options
    return this.#sourced(firstSolvedFigure(this.#rated(bins), { trained: this.trained, ...figure }))
  }

  /** Returns a figure of the right answers at each step, of those until then, and of those that are lost again. */
  lostAgain(options: FigureOptions = {}): CaptionedFigure {
    return this.#sourced(lostAgainFigure(solvedBySteps(this.trajectories), this.#atSteps(options)))
  }

  /** Returns EARLY, LATE and PERSISTENT with their shares, quartiles of τ and the answers that are lost again. */
  groups(): SolvingRow[] {
    return solvingGroups(this.trajectories, this.trained)
  }

  /** Returns the puzzles of a group, as indices of examples in their split, by ascending τ. */
  puzzles(group: SolvingGroup): number[] {
    const taus = firstExact(this.trajectories)
    return [...taus.keys()]
      .filter((i) => groupOf(taus[i]!, this.trained) === group)
      .sort((a, b) => taus[a]! - taus[b]! || a - b)
      .map((i) => this.trajectories.puzzle[i]!)
  }

  /** Returns a figure of the shares of EARLY, LATE and PERSISTENT. */
  groupsFigure(options: FigureOptions = {}): CaptionedFigure {
    return this.#sourced(solvingGroupsFigure(this.groups(), { trained: this.trained, ...options }))
  }

  /**
   * Returns a figure of a quantity aligned at the solving step, r = t − τ: medians and quartiles of EARLY and LATE puzzles.
   *
   * @throws UserError without a solved puzzle.
   */
  motion({ of = 'deltaY', from = -8, to = 8, ...options }: MotionOptions = {}): CaptionedFigure {
    const rows = alignedMotion(this.trajectories, of, { trained: this.trained, from, to })
    return this.#sourced(alignedMotionFigure(rows, persistentMotion(this.trajectories, of), of, options))
  }

  /**
   * Returns a figure of the share of puzzles whose residual R_t = ‖z_t − z_{t−1}‖ / ‖z_{t−1}‖ is below a threshold, by
   * supervision step. HRM's one-step gradient assumes R = 0 (arXiv 2506.21734).
   *
   * @param options.thresholds default 0.1, 0.05 and 0.01
   * @throws UserError for a threshold that is not positive.
   */
  residuals(options: FigureOptions & { readonly thresholds?: readonly number[] } = {}): CaptionedFigure {
    const { thresholds = [0.1, 0.05, 0.01], ...figure } = options
    return this.#sourced(residualsFigure(residualsBelow(this.trajectories, thresholds), this.#atSteps(figure)))
  }

  /**
   * Returns how many puzzles have converged, to right answers and to wrong ones, by the definition of arXiv 2609.11801; see
   * {@link attractors}.
   *
   * @throws UserError for a window that the recording is too short for.
   */
  attractors(options?: AttractorOptions): Attractors {
    return attractors(this.trajectories, options)
  }

  /** Returns a figure of the last residual of solved and of failed puzzles, with its AUC as a flag of failure without labels. */
  failureFlag(options: FigureOptions = {}): CaptionedFigure {
    const figure = failureFlagFigure(
      { ...lastResiduals(this.trajectories), auc: failureFlag(this.trajectories) },
      options,
    )
    return this.#sourced(figure)
  }

  /**
   * Returns how well q_halt knows which answers are right: AUC, precision, recall, and the share of right answers by halting
   * probability.
   *
   * @param step default: the last
   * @throws UserError for a step that was not recorded.
   */
  calibration(step: number = this.trajectories.depth): Calibration {
    return calibration(this.trajectories, step)
  }

  /** Returns the figure of {@link Inside.calibration}. */
  calibrationFigure({ step, ...options }: FigureOptions & { readonly step?: number } = {}): CaptionedFigure {
    return this.#sourced(calibrationFigure(this.calibration(step), options))
  }

  /**
   * Returns a figure of the mean halting logit by supervision step, of puzzles that end right and wrong, as PTRM's figure 3;
   * behind it, published curves.
   *
   * @example
   * show(recording.inside().halting({ reported: { series: 'ptrm.q' } }))
   */
  halting({ reported, ...options }: FigureOptions & ReportedOption = {}): CaptionedFigure {
    const figure = this.#sourced(haltingFigure(haltingBySteps(this.trajectories), this.#atSteps(options)))
    return reported === undefined ? figure : withReportedCurves(figure, reported)
  }

  /** Returns the measures that are single numbers, each with its interval. */
  summary(): InsideRow[] {
    const { trajectories, trained } = this
    const groups = this.groups()
    const spikes = spikesAtSolving(trajectories, trained)
    const late = groups.find(({ group }) => group === 'LATE')!
    const solved = groups.reduce((sum, { group, puzzles }) => sum + (group === 'PERSISTENT' ? 0 : puzzles), 0)
    const lost = groups.reduce((sum, group) => sum + group.lost, 0)
    const lostAtEnd = groups.reduce((sum, group) => sum + group.lostAtEnd, 0)
    const window = Math.min(8, trajectories.depth - 1)
    const { wrongAttractor } =
      window >= 1 && hasZ(trajectories) ? this.attractors({ window }) : { wrongAttractor: null }
    const q = this.calibration()
    return [
      ...groups.map(({ group, share }) => shareRow(group, share)),
      ...(late.tau === null ? [] : [medianRow('first right step of LATE', late.tau)]),
      ...(solved === 0
        ? []
        : [
            shareRow('wrong again after a right answer', wilson(lost, solved)),
            shareRow('wrong at the last step after a right answer', wilson(lostAtEnd, solved)),
          ]),
      ...(spikes.puzzles === 0
        ? []
        : [shareRow('LATE with its largest ‖Δy‖ so far at τ', wilson(spikes.largestSoFar, spikes.puzzles))]),
      ...(wrongAttractor === null ? [] : [shareRow('failures in a wrong attractor', wrongAttractor)]),
      ...numberRow('AUC of the last ‖Δz‖ for failure', failureFlag(trajectories)),
      ...numberRow('AUC of q for a right answer', q.auc),
      ...(q.precision === null ? [] : [shareRow('right among q ≥ 0', q.precision)]),
      ...(q.recall === null ? [] : [shareRow('q ≥ 0 among right', q.recall)]),
    ]
  }

  /** Returns the summary for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return bundleOf(this.summary().map(({ measure, text, puzzles }) => ({ measure, value: text, puzzles })))
  }

  #atSteps(options: FigureOptions): StepFigureOptions {
    return { trained: this.trained, ...options }
  }

  #rated(bins: readonly number[] | undefined): RatedSteps[] {
    const { trajectories } = this
    const all = Array.from({ length: trajectories.count }, (_, i) => i)
    const ratings = this.#ratings()
    const whole = [{ name: 'all puzzles', has: () => true }]
    const ranges = ratings === null ? whole : ratingBins(ratings, bins)
    if (ratings === null && bins !== undefined)
      throw new UserError({
        where: 'bins',
        expected: 'data, a recorded data set whose puzzles have ratings',
        found: this.#data === undefined ? 'no data set' : 'a data set without ratings',
        todo: 'Give the data set to inside, or leave bins out.',
      })
    return ranges.flatMap(({ name, has }) => {
      const members = all.filter((i) => has(ratings?.[i] ?? 0))
      return members.length === 0 ? [] : [{ name, puzzles: members.length, rows: solvedBySteps(trajectories, members) }]
    })
  }

  /** Returns the rating of each trajectory's puzzle; null where they are not known. */
  #ratings(): number[] | null {
    if (this.#data === undefined) return null
    const { ratings } = this.#data[this.#split]
    const own = Array.from(this.trajectories.puzzle, (puzzle) => ratings[puzzle]!)
    return own.every((rating) => rating === 0) ? null : own
  }

  #sourced(figure: CaptionedFigure): CaptionedFigure {
    return withSources(figure, this.#sources)
  }
}

function shareRow(measure: string, share: Estimate): InsideRow {
  const percent = scaled(share, 100)
  return rowOf(measure, percent, ' %')
}

function numberRow(measure: string, estimate: Estimate | null): InsideRow[] {
  return estimate === null ? [] : [rowOf(measure, estimate, '')]
}

function rowOf(measure: string, { value, low, high, n }: Estimate, unit: string): InsideRow {
  const interval = intervalText({ low, high })
  const shown = rounded(value, low === null || high === null ? null : (high - low) / 2).value
  return {
    measure,
    text: `${shown}${unit}${interval === null ? '' : ` (${interval})`}`,
    value,
    low,
    high,
    puzzles: n,
  }
}

function medianRow(measure: string, { n, low, median, high }: NonNullable<SolvingRow['tau']>): InsideRow {
  return { measure, text: `median ${median}, quartiles ${low} to ${high}`, value: median, low, high, puzzles: n }
}
