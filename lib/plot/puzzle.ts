import { type Dataset, runAt } from '../data/dataset.js'
import { type Example, type ExampleChoice, exampleOf } from '../data/example.js'
import { UserError } from '../errors.js'
import { judgeOf } from '../tasks/registry.js'
import type { PuzzleSpec } from '../tasks/task.js'
import { Picture } from './picture.js'
import { boardsOf, type Mark, type Panel } from './puzzle-board.js'
import { boardsSvg, type SvgOptions } from './puzzle-svg.js'
import { boardsText, legendText } from './puzzle-text.js'

/** Options of {@link panelsPicture}. */
export interface PanelsOptions extends SvgOptions {
  /** Whether the SVG includes margins of padding. Default: cells that are padding in every panel are omitted. */
  readonly whole?: boolean
}

/** Draws grids of one data set side by side. */
export function panelsPicture(spec: PuzzleSpec, panels: readonly Panel[], options: PanelsOptions = {}): Picture {
  const { perRow, title } = options
  const boards = boardsOf(spec, panels)
  const drawn = boardsText(boards, perRow === undefined ? {} : { perRow })
  const marked = boards.find(({ cells }) => cells.some(({ mark }) => mark !== 'none'))
  const text = marked ? `${drawn}\n${legendText(marked)}` : drawn
  const svg = boardsSvg(boardsOf(spec, panels, options.whole), options)
  return new Picture(svg, title === undefined ? text : `${title}\n${text}`)
}

/**
 * Returns a picture of an example and its answer.
 *
 * @param choice default: the first training puzzle as stored
 * @throws UserError (exit code 2) if there is no such example or version.
 */
export function puzzlePicture(data: Dataset, choice: ExampleChoice = {}): Picture {
  const example = exampleOf(data, choice)
  return panelsPicture(data.manifest, pairPanels(example), { title: describeExample(data, example) })
}

/** The puzzle whose versions are drawn. */
export interface VersionsChoice extends Pick<ExampleChoice, 'split' | 'example' | 'seed'> {
  /** Number of versions, including the puzzle itself, which comes first. Default 4, or as many as exist. */
  readonly count?: number
}

/**
 * Returns a picture of versions of one puzzle side by side, with the answers below, as training sees them: augmented on
 * the fly, or, if all versions are stored (as by the published builders), the puzzles of the group.
 *
 * @param choice default: four versions of the first training puzzle, the puzzle itself first
 * @throws UserError (exit code 2) if there is no such example.
 */
export function versionsPicture(data: Dataset, choice: VersionsChoice = {}): Picture {
  const { count = 4, ...which } = choice
  const first = exampleOf(data, which)
  const examples = data.augment ? madeVersions(data, first, which, count) : storedVersions(data, first, count)
  const titles = examples.map((each) => {
    const version = data.augment ? `version ${each.version}` : `example ${each.example}`
    return each.puzzleId === data.manifest.blankId ? version : `${version}: ${each.identifier}`
  })
  const panels = [
    ...examples.map((each, i): Panel => ({ title: titles[i]!, tokens: each.input })),
    ...examples.map((each): Panel => ({ title: 'its answer', tokens: each.label, puzzle: each.input })),
  ]
  return panelsPicture(data.manifest, panels, {
    title: `Versions of ${first.split} example ${first.example}`,
    perRow: examples.length,
    whole: true,
  })
}

/** The part of an evaluation's outcome that is drawn. */
export interface DrawnOutcome {
  /** Index of the example in its split. */
  readonly puzzle: number
  /** `[seqLen]` tokens. */
  readonly prediction: ArrayLike<number>
  readonly haltProbability?: number
}

/**
 * Returns a picture of an example, its answer and the prediction, with the wrong cells framed; no cell is framed if the
 * task's judge accepts the prediction.
 *
 * @param outcome of an evaluation, e.g. `evaluation.outcomes[0]`
 * @param choice the evaluated split, default `test`, and the version
 * @throws UserError (exit code 2) if there is no such example.
 */
export function predictionPicture(
  data: Dataset,
  outcome: DrawnOutcome,
  choice: Pick<ExampleChoice, 'split' | 'version' | 'seed'> = {},
): Picture {
  const example = exampleOf(data, { split: 'test', ...choice, example: outcome.puzzle })
  const { verdict, panel } = judgedPanel(data, example, outcome.prediction)
  const halt = outcome.haltProbability
  const title = describeExample(data, example)
  return panelsPicture(data.manifest, [...pairPanels(example), { ...panel, title: `prediction: ${verdict}` }], {
    title: halt === undefined ? title : `${title} · halting probability ${halt.toFixed(3)}`,
  })
}

/** The numbers of puzzles that {@link galleryPicture} draws. */
export interface GalleryChoice {
  /** Default 3, or as many as there are. */
  readonly solved?: number
  /** Default 3, or as many as there are. */
  readonly failed?: number
  /** The evaluated split. Default `test`. */
  readonly split?: 'train' | 'test'
  /** Heading. Default: how many puzzles were solved. */
  readonly title?: string
}

/**
 * Returns a picture of predictions: solved puzzles in the first row, failed ones in the second with their wrong cells framed,
 * each evenly spaced among those in stored order. A puzzle is solved if its prediction is the stored answer, or is accepted by
 * the task's judge. Versions other than the stored one, and puzzles without a known answer, are left out.
 *
 * @param outcomes of an evaluation
 * @throws UserError without a puzzle to draw, or for a count that is not a whole number.
 */
export function galleryPicture(
  data: Dataset,
  outcomes: readonly (DrawnOutcome & { readonly version: number })[],
  choice: GalleryChoice = {},
): Picture {
  const { solved = 3, failed = 3, split = 'test', title } = choice
  for (const [where, count] of Object.entries({ solved, failed }))
    if (!Number.isInteger(count) || count < 0 || count > MOST_DRAWN)
      throw new UserError({ where, expected: `a whole number from 0 to ${MOST_DRAWN}`, found: String(count) })
  const judged = outcomes
    .filter(({ version }) => version === 0)
    .map(({ puzzle, prediction }) => {
      const example = exampleOf(data, { split, example: puzzle })
      return { example, ...judgedPanel(data, example, prediction) }
    })
    .filter(({ example }) => example.answered)
  const parts = [
    { word: 'solved', of: judged.filter(({ solved }) => solved), count: solved },
    { word: 'failed', of: judged.filter(({ solved }) => !solved), count: failed },
  ]
  const rows = parts.map(({ word, of, count }) =>
    evenly(of, count).map(({ example, panel, verdict }): Panel => {
      const rating = example.rating === 0 ? '' : `, rating ${example.rating}`
      return {
        ...panel,
        title: `${word}: ${split} ${example.example}${rating}${verdict === 'right' ? '' : ` · ${verdict}`}`,
      }
    }),
  )
  const panels = rows.flat()
  if (panels.length === 0)
    throw new UserError({
      where: 'puzzles',
      expected: 'outcomes of puzzles with known answers',
      found: outcomes.length === 0 ? 'none' : `${parts[0]!.of.length} solved and ${parts[1]!.of.length} failed`,
    })
  const known = `${parts[0]!.of.length} of ${judged.length} puzzles solved`
  // A row each, where both have as many.
  const perRow = rows[0]!.length === rows[1]!.length ? rows[0]!.length : Math.min(4, panels.length)
  return panelsPicture(data.manifest, panels, { title: title ?? known, perRow })
}

/** The most puzzles of a kind in a gallery. */
const MOST_DRAWN = 50

/** Returns up to `count` of the values, evenly spaced. */
function evenly<T>(values: readonly T[], count: number): T[] {
  if (values.length <= count) return [...values]
  return Array.from({ length: count }, (_, i) => values[Math.floor(((i + 0.5) * values.length) / count)]!)
}

/** Returns a prediction as a panel whose wrong cells are marked; none is if the task's judge accepts it. */
function judgedPanel(
  data: Dataset,
  example: Example,
  prediction: ArrayLike<number>,
): { readonly verdict: string; readonly solved: boolean; readonly panel: Omit<Panel, 'title'> } {
  const differing = wrongCells(example.label, prediction, data.manifest.ignoreLabelId)
  const wrong = differing.filter((mark) => mark === 'wrong').length
  const otherwiseRight = wrong > 0 && judgeOf(data.manifest)?.(example.input, prediction).valid === true
  const marks = otherwiseRight ? differing.map((): Mark => 'none') : differing
  const verdict = !example.answered
    ? 'the answer is not known'
    : wrong === 0
      ? 'right'
      : otherwiseRight
        ? 'valid, but not the stored answer'
        : `${wrong} of ${marks.length} cells wrong`
  const solved = example.answered && (wrong === 0 || otherwiseRight)
  return { verdict, solved, panel: { tokens: prediction, puzzle: example.input, marks } }
}

/** Marks cells where a prediction differs from the label; ignored labels are never wrong. */
function wrongCells(label: ArrayLike<number>, prediction: ArrayLike<number>, ignored: number): Mark[] {
  return Array.from(label, (token, at) => (token !== ignored && token !== prediction[at] ? 'wrong' : 'none'))
}

function pairPanels({ input, label }: Example): Panel[] {
  return [
    { title: 'puzzle', tokens: input },
    { title: 'answer', tokens: label, puzzle: input },
  ]
}

/** Describes an example, e.g. `test example 3 · version 1 · 007bbfb7 · rating 12`. */
export function describeExample({ manifest }: Dataset, example: Example): string {
  const { split, version, puzzleId, identifier, rating } = example
  return [
    `${split} example ${example.example}`,
    ...(version === null ? [] : [`version ${version}`]),
    ...(puzzleId === manifest.blankId ? [] : [identifier]),
    ...(rating === 0 ? [] : [`rating ${rating}`]),
  ].join(' · ')
}

function madeVersions(data: Dataset, first: Example, choice: ExampleChoice, count: number): Example[] {
  const split = data[first.split]
  const there = data.augment?.versions(split, runAt(split.puzzleStarts, first.example)) ?? count
  return Array.from({ length: Math.min(count, there) }, (_, version) => exampleOf(data, { ...choice, version }))
}

/** Returns the examples at the same position in the following puzzles of the group. */
function storedVersions(data: Dataset, first: Example, count: number): Example[] {
  const { puzzleStarts, groupStarts } = data[first.split]
  const puzzle = runAt(puzzleStarts, first.example)
  const place = first.example - puzzleStarts[puzzle]!
  const end = groupStarts[runAt(groupStarts, puzzle) + 1]!
  const examples: Example[] = []
  for (let other = puzzle; other < end && examples.length < count; other++) {
    const example = puzzleStarts[other]! + place
    if (example < puzzleStarts[other + 1]!) examples.push(exampleOf(data, { split: first.split, example }))
  }
  return examples
}
