import { unescapeLabel } from '../escape/plotly.js'
import { isJsonObject } from '../files/json.js'
import type { Figure } from './figure.js'

/** Origin of a figure's numbers, for its caption and its files. */
export interface FigureSources {
  /** IDs of runs. */
  readonly runs?: readonly string[]
  /** Commits of the code, each with `+ changes` where it was changed. */
  readonly code?: readonly string[]
  /** Hashes of data sets. */
  readonly data?: readonly string[]
  /** IDs of recordings of rollouts. */
  readonly recordings?: readonly string[]
  /** Weights that were evaluated, e.g. a run with its step, or a file. */
  readonly weights?: readonly string[]
  /** Puzzles that were evaluated, each with the hash of the choice, e.g. `first 100 of test (1f2e3d4c5b6a)`. */
  readonly subsets?: readonly string[]
  /** Types that the model was computed in, e.g. `float32`. */
  readonly precision?: readonly string[]
  /** Published numbers, each with its source. */
  readonly reported?: readonly string[]
  /** The meaning of bands and error bars, e.g. `Bands: 95 % interval, 3 seeds (Student's t)`. */
  readonly bands?: readonly string[]
}

const KEYS = ['runs', 'recordings', 'weights', 'code', 'data', 'subsets', 'precision', 'reported', 'bands'] as const

/** Number of runs that a caption names. */
const NAMED_RUNS = 12

/** A figure that describes itself. */
export interface CaptionedFigure extends Figure {
  /** Returns a caption; see {@link captionOf}. */
  caption(): string
}

/**
 * Returns a figure with these sources beside those that it has. They are part of its layout (`layout.meta.sources`), which
 * plotly ignores, so a copy or the figure's JSON keeps them.
 */
export function withSources({ data, layout }: Figure, sources: FigureSources): CaptionedFigure {
  const there = sourcesOf({ data, layout })
  const all = KEYS.map((key) => [key, [...new Set([...(there[key] ?? []), ...(sources[key] ?? [])])]] as const)
  const some = all.filter(([, values]) => values.length > 0)
  if (some.length === 0) return captioned({ data, layout })
  const meta = { ...metaOf(layout), sources: Object.fromEntries(some) }
  return captioned({ data, layout: { ...layout, meta } })
}

/** Returns the sources of a figure's numbers; an empty object where none are known. */
export function sourcesOf({ layout }: Figure): FigureSources {
  const { sources } = metaOf(layout)
  if (!isJsonObject(sources)) return {}
  return Object.fromEntries(
    KEYS.map((key) => [key, sources[key]] as const).filter(
      ([, values]) => Array.isArray(values) && values.every((value) => typeof value === 'string'),
    ),
  )
}

/** Returns a figure with a method `caption`, which neither its JSON nor its keys show. */
export function captioned({ data, layout }: Figure): CaptionedFigure {
  const figure = { data, layout }
  return Object.defineProperty(figure, 'caption', { value: () => captionOf(figure) }) as CaptionedFigure
}

/** Returns a figure whose caption says this in place of what is drawn against what. */
export function withSubject({ data, layout }: Figure, subject: string): CaptionedFigure {
  return captioned({ data, layout: { ...layout, meta: { ...metaOf(layout), subject } } })
}

function metaOf(layout: Figure['layout']): Readonly<Record<string, unknown>> {
  return isJsonObject(layout.meta) ? layout.meta : {}
}

/**
 * Returns a caption for a paper, in sentences of plain text: the title, what is drawn against what, the sources of
 * published numbers, then runs, recordings, weights, code, data, puzzles and precision, as far as they are known.
 *
 * @example
 * runs.curves('test.exact').caption()
 * // 'Exact accuracy (%) against optimiser step. Run 20261104-093012-sudoku-mlp-3fa9, code 4060510, data 1f2e3d4c5b6a.'
 */
export function captionOf(figure: Figure): string {
  const { layout } = figure
  const [title, x, y] = [layout.title, axisTitle(layout.xaxis), axisTitle(layout.yaxis)].map(plainLabel)
  const { subject } = metaOf(layout)
  const { reported = [], bands = [] } = sourcesOf(figure)
  return [
    title,
    typeof subject === 'string' ? subject : y && x ? `${y} against ${x}` : y || x,
    ...bands,
    ...(reported.length > 0 ? [`Reported: ${reported.join('; ')}`] : []),
    originText(figure),
  ]
    .filter((part): part is string => !!part)
    .map((part) => `${part[0]!.toUpperCase()}${part.slice(1)}${/[.!?]$/.test(part) ? '' : '.'}`)
    .join(' ')
}

/** Returns the origin of the numbers in words; an empty text where nothing is known. */
function originText(figure: Figure): string {
  const {
    runs = [],
    recordings = [],
    weights = [],
    code = [],
    data = [],
    subsets = [],
    precision = [],
  } = sourcesOf(figure)
  const others = runs.length - NAMED_RUNS
  const named = [...runs.slice(0, NAMED_RUNS), ...(others > 0 ? [`${others} more`] : [])]
  return [
    ...(runs.length > 0 ? [`${runs.length === 1 ? 'run' : 'runs'} ${listed(named)}`] : []),
    ...(recordings.length > 0 ? [`${recordings.length === 1 ? 'recording' : 'recordings'} ${listed(recordings)}`] : []),
    ...(weights.length > 0 ? [`weights ${listed(weights)}`] : []),
    ...(code.length > 0 ? [`code ${listed(code.map(shortened))}`] : []),
    ...(data.length > 0 ? [`data ${listed(data.map(shortened))}`] : []),
    ...(subsets.length > 0 ? [`puzzles: ${listed(subsets)}`] : []),
    ...(precision.length > 0 ? [listed(precision)] : []),
  ].join(', ')
}

/** Shortens a hash at the start of a text to twelve digits. */
function shortened(text: string): string {
  return text.replace(/^([0-9a-f]{12})[0-9a-f]+/, '$1')
}

function listed(parts: readonly string[]): string {
  return parts.length < 3 ? parts.join(' and ') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

function axisTitle(axis: unknown): unknown {
  return isJsonObject(axis) ? axis.title : undefined
}

/** Returns the text of a title, or of a trace's name, without markup. */
export function plainLabel(title: unknown): string {
  const text = isJsonObject(title) ? title.text : title
  if (typeof text !== 'string') return ''
  return unescapeLabel(text)
}
