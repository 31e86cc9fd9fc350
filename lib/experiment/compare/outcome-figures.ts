import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { metricTitle } from '../../evaluate/metric-names.js'
import { rowsOfTable } from '../../files/arrow-rows.js'
import { didYouMean } from '../../options/nearest.js'
import { binned } from '../../plot/binned.js'
import { type CountedPrediction, confusion, confusionOf } from '../../plot/confusion.js'
import type { FigureOptions } from '../../plot/figure.js'
import type { HeatmapOptions } from '../../plot/heatmap.js'
import type { Picture } from '../../plot/picture.js'
import { type GalleryChoice, galleryPicture } from '../../plot/puzzle.js'
import type { CaptionedFigure } from '../../plot/sources.js'
import { readOutcomes } from '../../results/record.js'
import { type Estimate, estimate, wilson } from '../../statistics/estimate.js'
import { rounded } from '../../statistics/rounding.js'
import type { FinishedRun } from './runs.js'

/** Runs with their labels. */
export interface LabelledRuns {
  readonly all: readonly FinishedRun[]
  label(run: FinishedRun): string
}

/** Options of {@link byRatingOfRuns}. */
export interface ByRatingOptions extends FigureOptions {
  /** The lower ends of the bins, ascending. Default: five bins of about equally many puzzles, or each rating if they are six or fewer. */
  readonly bins?: readonly number[]
}

/** A puzzle's rating and whether it was solved. */
interface Rated {
  readonly rating: number
  readonly right: boolean
}

/**
 * Returns a share of puzzles by rating, for each label: with Wilson's interval over the puzzles of a bin for a single run, with
 * Student's t over seeds for several.
 *
 * @param metric a column of outcomes: `test.exact`, or a criterion of the task's judge
 * @throws UserError for outcomes without ratings or without the column, and for bins that are not ascending.
 */
export function byRatingOfRuns(runs: LabelledRuns, metric: string, options: ByRatingOptions): CaptionedFigure {
  const { bins, ...figure } = options
  const groups = grouped(runs).map(([name, members]) => ({ name, members: members.map((run) => ratedOf(run, metric)) }))
  const ratings = groups.flatMap(({ members }) => members.flatMap((rated) => rated.map(({ rating }) => rating)))
  if (ratings.every((rating) => rating === 0))
    throw new UserError({
      where: 'byRating',
      expected: 'outcomes of puzzles with ratings',
      found: ratings.length === 0 ? 'no outcomes with known answers' : `${ratings.length} outcomes without`,
      todo: 'The data set says what its ratings are: recurlab data info DIR.',
    })
  const starts = bins ? checkedBins(bins, ratings) : defaultBins(ratings)
  const whole = ratings.every(Number.isInteger)
  // A spread of a large test set's ratings would be too many arguments.
  const most = ratings.reduce((a, b) => Math.max(a, b))
  const names = starts.map((start, i) => binName(start, starts[i + 1], most, whole))
  return binned(
    names,
    groups.map(({ name, members }) => ({ name, estimates: starts.map((_, i) => estimateIn(members, starts, i)) })),
    { x: 'rating', y: metricTitle(metric), range: [0, 102], ...figure },
  )
}

function ratedOf(run: FinishedRun, metric: string): Rated[] {
  const column = metric.replace(/^test\./, '')
  const table = readOutcomes(run)
  const rows = rowsOfTable(
    table.select(table.schema.fields.map(({ name }) => name).filter((name) => name !== 'prediction')),
  )
  const columns = table.schema.fields.filter(({ type }) => String(type) === 'Bool').map(({ name }) => `test.${name}`)
  if (!columns.includes(`test.${column}`)) {
    const near = didYouMean(metric, columns)
    throw new UserError({
      where: `byRating, ${metric}`,
      expected: `a metric of single puzzles: ${columns.join(', ')}`,
      found: `none of that name in the outcomes of ${run.id}`,
      ...(near === undefined ? {} : { todo: near }),
    })
  }
  return rows.flatMap((row) =>
    typeof row[column] === 'boolean' && typeof row.rating === 'number'
      ? [{ rating: row.rating, right: row[column] }]
      : [],
  )
}

/** Returns the estimate of a bin in percent; null for one without puzzles. */
function estimateIn(members: readonly (readonly Rated[])[], starts: readonly number[], bin: number): Estimate | null {
  const inBin = ({ rating }: Rated): boolean =>
    rating >= starts[bin]! && (bin + 1 === starts.length || rating < starts[bin + 1]!)
  const counts = members
    .map((rated) => rated.filter(inBin))
    .filter(({ length }) => length > 0)
    .map((rated) => ({ right: rated.filter(({ right }) => right).length, of: rated.length }))
  const [first] = counts
  if (first === undefined) return null
  if (counts.length > 1) return estimate(counts.map(({ right, of }) => (100 * right) / of))
  const { value, low, high, ...rest } = wilson(first.right, first.of)
  return { ...rest, value: 100 * value, low: 100 * low!, high: 100 * high! }
}

function checkedBins(bins: readonly number[], ratings: readonly number[]): readonly number[] {
  const wrong =
    bins.length === 0 || bins.some((start, i) => !Number.isFinite(start) || (i > 0 && start <= bins[i - 1]!))
  if (wrong || !ratings.some((rating) => rating >= bins[0]!))
    throw new UserError({
      where: 'bins',
      expected: 'ascending lower ends, the first at most the largest rating',
      found: `[${bins.join(', ')}]`,
    })
  return bins
}

/** The most ratings that are a bin each, and the number of bins of more. */
const MOST_SINGLE = 6
const BINS = 5

function defaultBins(ratings: readonly number[]): number[] {
  const sorted = [...ratings].sort((a, b) => a - b)
  const distinct = [...new Set(sorted)]
  if (distinct.length <= MOST_SINGLE) return distinct
  const starts = Array.from({ length: BINS }, (_, i) => sorted[Math.floor((i * sorted.length) / BINS)]!)
  return [...new Set(starts)]
}

/** Returns `0`, `1–9`, `≥ 10`; without whole ratings `0.5–1.5`, without the upper end. */
function binName(start: number, next: number | undefined, most: number, whole: boolean): string {
  const text = (value: number): string => (whole ? String(value) : rounded(value).value)
  if (next === undefined) return start === most ? text(start) : `≥ ${text(start)}`
  if (!whole) return `${text(start)}–${text(next)}`
  return next - start === 1 ? text(start) : `${text(start)}–${text(next - 1)}`
}

/** Options of figures of one label's outcomes. */
export interface OfLabel {
  /** The label of the runs. Needed if there are several. */
  readonly of?: string
}

/** Returns the confusion of the cells of one label's runs, added up over seeds. */
export function confusionOfRuns(runs: LabelledRuns, data: Dataset, options: OfLabel & HeatmapOptions): CaptionedFigure {
  const { of, ...figure } = options
  const predictions = labelled(runs, 'confusion', of).flatMap((run) => predictionsOf(run, data))
  return confusion(confusionOf(data, predictions), figure)
}

/** Returns a picture of solved and failed puzzles of the first run of a label. */
export function puzzlesOfRuns(runs: LabelledRuns, data: Dataset, options: OfLabel & GalleryChoice): Picture {
  const { of, ...choice } = options
  return galleryPicture(data, predictionsOf(labelled(runs, 'puzzles', of)[0]!, data), choice)
}

function predictionsOf(run: FinishedRun, { manifest, test }: Dataset): CountedPrediction[] {
  const table = readOutcomes(run)
  const [puzzles, versions, predictions] = ['puzzle', 'version', 'prediction'].map((name) => table.getChild(name)!)
  const rows = Array.from(
    { length: table.numRows },
    (_, row): CountedPrediction => ({
      puzzle: Number(puzzles!.get(row)),
      version: Number(versions!.get(row)),
      prediction: (predictions!.get(row) as { toArray(): Uint8Array }).toArray(),
    }),
  )
  const wrong = rows.find(({ puzzle, prediction }) => puzzle >= test.count || prediction.length !== manifest.seqLen)
  if (wrong)
    throw new UserError({
      where: `the outcomes of ${run.id}`,
      expected: `predictions for the data set's ${test.count} test puzzles of ${manifest.seqLen} tokens`,
      found: `puzzle ${wrong.puzzle} of ${wrong.prediction.length} tokens`,
      todo: "Give the run's own data set.",
    })
  return rows
}

/** Returns the runs of a label. @throws UserError for an unknown label, or none among several. */
function labelled(runs: LabelledRuns, where: string, of?: string): FinishedRun[] {
  const groups = new Map(grouped(runs))
  const labels = [...groups.keys()]
  const found = of === undefined && labels.length === 1 ? groups.get(labels[0]!) : groups.get(of ?? '')
  if (found) return found
  throw new UserError({
    where,
    expected: `of: one of ${labels.map((label) => JSON.stringify(label)).join(', ')}`,
    found: of === undefined ? 'none' : JSON.stringify(of),
  })
}

function grouped(runs: LabelledRuns): [string, FinishedRun[]][] {
  const groups = new Map<string, FinishedRun[]>()
  for (const run of runs.all) {
    const label = runs.label(run)
    const there = groups.get(label)
    if (there) there.push(run)
    else groups.set(label, [run])
  }
  return [...groups]
}
