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
import { type Estimate, estimate, scaled, wilson } from '../../statistics/estimate.js'
import { grouped } from '../../statistics/grouped.js'
import { type RatingBin, ratingBins } from './rating-bins.js'
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
  const groups = [...byLabel(runs)].map(([name, members]) => ({
    name,
    members: members.map((run) => ratedOf(run, metric)),
  }))
  const ratings = groups.flatMap(({ members }) => members.flatMap((rated) => rated.map(({ rating }) => rating)))
  if (ratings.every((rating) => rating === 0))
    throw new UserError({
      where: 'byRating',
      expected: 'outcomes of puzzles with ratings',
      found: ratings.length === 0 ? 'no outcomes with known answers' : `${ratings.length} outcomes without`,
      todo: 'The data set says what its ratings are: recurlab data info DIR.',
    })
  const ranges = ratingBins(ratings, bins)
  return binned(
    ranges.map(({ name }) => name),
    groups.map(({ name, members }) => ({ name, estimates: ranges.map((range) => estimateIn(members, range)) })),
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
function estimateIn(members: readonly (readonly Rated[])[], bin: RatingBin): Estimate | null {
  const counts = members
    .map((rated) => rated.filter(({ rating }) => bin.has(rating)))
    .filter(({ length }) => length > 0)
    .map((rated) => ({ right: rated.filter(({ right }) => right).length, of: rated.length }))
  const [first] = counts
  if (first === undefined) return null
  if (counts.length > 1) return estimate(counts.map(({ right, of }) => (100 * right) / of))
  return scaled(wilson(first.right, first.of), 100)
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
  const groups = byLabel(runs)
  const labels = [...groups.keys()]
  const found = of === undefined && labels.length === 1 ? groups.get(labels[0]!) : groups.get(of ?? '')
  if (found) return found
  throw new UserError({
    where,
    expected: `of: one of ${labels.map((label) => JSON.stringify(label)).join(', ')}`,
    found: of === undefined ? 'none' : JSON.stringify(of),
  })
}

function byLabel(runs: LabelledRuns): Map<string, FinishedRun[]> {
  return grouped(runs.all, (run) => runs.label(run))
}
