import path from 'node:path'
import type { Table } from 'apache-arrow'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { fileOperations as fs } from '../../files/operations.js'
import { JUPYTER_DISPLAY } from '../../notebook/bundle.js'
import type { MimeBundle } from '../../notebook/host.js'
import type { CaptionedFigure } from '../../plot/sources.js'
import type { CurveOptions, CurveRow, SurfaceOptions } from '../../recording/curves.js'
import { FACTS_FILE, type RecordingFacts } from '../../recording/facts.js'
import type { Accuracy, Extent, Select } from '../../recording/points.js'
import { type AccuracyOptions, Recording, type RecordingComparison } from '../../recording/recording.js'
import type { Selector } from '../../recording/selectors.js'
import { votesOf } from '../../tasks/registry.js'
import type { VotesResult } from '../../tasks/votes.js'
import {
  type CurveFigureOptions,
  curveFigure,
  type SurfaceFigureOptions,
  sourcesOfRecordings,
  surfaceFigure,
} from './figures.js'
import { type NumericFloor, readFloor } from './floor.js'
import { Inside, type InsideOptions } from './inside.js'
import { notedTable } from './noted-table.js'
import { recordingFolder } from './recordings.js'
import { type RecordingSummaryOptions, type RecordingSummaryRow, summaryRows, summaryTable } from './summary.js'
import { summaryNotes } from './summary-notes.js'

/** Folder, inside a recording's, of the deterministic rollouts that it is compared with. */
export const PLAIN = 'plain'

/**
 * The rollouts of {@link think} on disk: queries by selector, depth and number of rollouts, and their figures. Every query
 * passes over the file with a few megabytes in memory.
 */
export class RolloutRecording {
  /** The name of the recording's folder. */
  readonly id: string
  readonly dir: string
  /** Settings, weights, data, puzzles and precision. `facts.state` tells whether it is complete. */
  readonly facts: RecordingFacts
  /** One deterministic rollout of each puzzle by the same weights; null where they were not recorded to the end. */
  readonly plain: Recording | null
  /** Puzzles whose answer depends on the precision; null where it was not measured. */
  readonly numericFloor: NumericFloor | null
  readonly #recording: Recording

  /** @throws UserError for a folder without a recording, and for a damaged one. */
  constructor(dir: string) {
    this.#recording = Recording.open(dir)
    this.id = path.basename(dir)
    this.dir = dir
    this.facts = this.#recording.facts
    const plain = path.join(dir, PLAIN)
    const deterministic = fs.existsSync(path.join(plain, FACTS_FILE)) ? Recording.open(plain) : null
    // Some of the puzzles are not what the rollouts can be measured against.
    this.plain = deterministic?.facts.state === 'finished' ? deterministic : null
    this.numericFloor = readFloor(dir)
  }

  /** Returns a row for each puzzle × version × rollout × step; see {@link Recording.table}. */
  table(): Table {
    return this.#recording.table()
  }

  /** Returns the answers that were kept; see {@link Recording.answers}. @throws UserError when none were kept. */
  answers(): Table {
    return this.#recording.answers()
  }

  /** Returns the row that a selector chooses for each puzzle; see {@link Recording.select}. */
  select(selector: Selector, extent?: Extent): Table {
    return this.#recording.select(selector, extent)
  }

  /** Returns the share of right versions of every puzzle, by selector; see {@link Recording.exactShares}. */
  exactShares(selectors: readonly Selector[], extent?: Extent): Map<number, number>[] {
    return this.#recording.exactShares(selectors, extent)
  }

  /**
   * Returns the share of puzzles that are right, with its interval.
   *
   * @example
   * recording.accuracy('q', { rollouts: 4 })
   * @throws UserError for a selector or a metric that the recording cannot answer, or an extent beyond it.
   */
  accuracy(select: Select = 'q', options?: AccuracyOptions): Accuracy {
    return this.#recording.accuracy(select, options)
  }

  /** Returns pass@k estimated without bias from all rollouts; see {@link Recording.passAtK}. */
  passAtK(k: number, options?: Omit<AccuracyOptions, 'rollouts'>): Accuracy {
    return this.#recording.passAtK(k, options)
  }

  /**
   * Counts the answers that a selector chooses inside each version of a test puzzle as votes, as ARC's augmentations are
   * counted (PTRM, section 4), and returns pass@1, pass@2 … of each test task and overall. Test inputs that were not recorded are
   * left out.
   *
   * @param data the data set that was recorded
   * @throws UserError for another data set, one whose versions do not vote, and a recording without the answers.
   */
  votes(data: Dataset, selector: Selector = 'q', extent?: Extent): VotesResult {
    checkData(this.facts, data)
    const votes = this.facts.split === 'test' ? votesOf(data, { votedOnly: true }) : null
    if (votes === null)
      throw new UserError({
        where: 'votes',
        expected: 'the test split of a data set whose versions vote, as those of ARC do',
        found: `the ${this.facts.split} split of a data set of task=${data.manifest.task}`,
      })
    return this.#recording.vote(votes, selector, extent).result()
  }

  /** Returns the points of {@link RolloutRecording.curve}; shares in [0, 1]. */
  curveRows(options?: CurveOptions): CurveRow[] {
    return this.#recording.curveRows(options)
  }

  /** Returns the points of {@link RolloutRecording.surface}; shares in [0, 1]. */
  surfaceRows(options?: SurfaceOptions): CurveRow[] {
    return this.#recording.surfaceRows(options)
  }

  /** Returns the value of each puzzle along a curve, for statistics that resample puzzles; see {@link Recording.scores}. */
  scores(options?: CurveOptions): ReturnType<Recording['scores']> {
    return this.#recording.scores(options)
  }

  /**
   * Returns a figure of accuracy against depth, rollouts, multiply-accumulates or seconds per puzzle, a line for each
   * selector, with 95 % intervals over puzzles; behind it, published curves.
   *
   * @example
   * show(recording.curve({ x: 'rollouts', select: ['q', 'vote', 'oracle'] }))
   * show(recording.curve({ x: 'depth', reported: { series: 'depth.trm.alphaxiv' } }))
   * @throws UserError for a selector or a metric that the recording cannot answer, and published curves that do not exist.
   */
  curve(options?: CurveFigureOptions): CaptionedFigure {
    return curveFigure(this, options)
  }

  /**
   * Returns a heat map of a selector's accuracy over depth and rollouts, with 95 % intervals over puzzles.
   *
   * @throws UserError for a selector or a metric that the recording cannot answer.
   */
  surface(options?: SurfaceFigureOptions): CaptionedFigure {
    return surfaceFigure(this, options)
  }

  /**
   * Returns a row for each selector: accuracies with their intervals, the gain in points over one deterministic rollout with
   * its paired interval, seconds and multiply-accumulates per puzzle. Where no answer is known, there are only the criteria of the
   * judge; without a judge, no rows.
   *
   * @throws UserError for a selector that the recording cannot answer, or an extent beyond it.
   */
  summary(options?: RecordingSummaryOptions): RecordingSummaryRow[] {
    return summaryRows(this, options)
  }

  /** Returns the summary, with what its numbers rest on, for display in a notebook. */
  [JUPYTER_DISPLAY](): MimeBundle {
    return notedTable(summaryTable(this.summary()), summaryNotes(this))
  }

  /**
   * Returns measures of what happens inside the recursion, over one rollout of each puzzle: when it is solved, what is lost
   * again, how the latents move, how well the halting head knows.
   *
   * @param options.rollout counted from 0; `plain`, the deterministic one. Default: `plain` where it was recorded, else 0
   * @example
   * show(recording.inside().summary())
   * show(recording.inside({ data }).firstSolved())
   * @throws UserError for a rollout that was not recorded, and data other than the recorded.
   */
  inside(options: Omit<InsideOptions, 'rollout'> & { readonly rollout?: number | 'plain' } = {}): Inside {
    const { rollout = this.plain === null ? 0 : 'plain', ...others } = options
    const sources = sourcesOfRecordings([this])
    if (rollout !== 'plain') return new Inside(this.#recording, sources, { ...others, rollout })
    if (this.plain !== null) return new Inside(this.plain, sources, others)
    throw new UserError({
      where: 'rollout',
      expected: 'a number: no deterministic rollout was recorded beside the others',
      found: "'plain'",
    })
  }

  /**
   * Compares exact accuracy with another recording of the same weights and puzzles, puzzle by puzzle.
   *
   * @throws UserError for a recording of other data or weights.
   */
  compare(other: RolloutRecording | Recording, selector?: Selector, extent?: Extent): RecordingComparison {
    return this.#recording.compare(other instanceof RolloutRecording ? other.#recording : other, selector, extent)
  }
}

/** @throws UserError for another data set than the recorded one. */
export function checkData({ data: recorded }: RecordingFacts, data: Dataset): void {
  if (recorded.hash === data.hash) return
  throw new UserError({
    where: 'data',
    expected: `the data set that was recorded, ${recorded.name} (${recorded.hash.slice(0, 12)})`,
    found: `another one, ${data.manifest.task} (${data.hash.slice(0, 12)})`,
  })
}

/**
 * Opens a stored recording.
 *
 * @param recording its ID, a prefix of it, or its folder
 * @param resultsDir folder that holds `recordings`. Default: `results`, in a notebook that of the project
 * @throws UserError if there is no such recording, or it is damaged.
 */
export function openRecording(recording: string, resultsDir?: string): RolloutRecording {
  return new RolloutRecording(recordingFolder(recording, resultsDir))
}
