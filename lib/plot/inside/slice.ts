import { UserError } from '../../errors.js'
import { rounded } from '../../statistics/rounding.js'
import { beside } from '../beside.js'
import { type FigureOptions, makeFigure, type Trace } from '../figure.js'
import { HEAT_SCALE } from '../heatmap.js'
import { type CaptionedFigure, withSubject } from '../sources.js'
import { keyTrace } from '../spread.js'
import { colorOf, TYPE_SIZE } from '../template.js'

/** Points of a plane, row by row from the top. */
export interface PlanePoints {
  /** Points along each side. */
  readonly grid: number
  /** The axes run from −extent to extent. */
  readonly extent: number
  /** `[grid²]` */
  readonly values: ArrayLike<number>
}

/** Answers with a colour of their own; all others share one. */
const COLOURED = 5
const OTHERS = '#D9D9D9'

/** Options of {@link sliceFigure}. */
export interface SliceFigureOptions extends FigureOptions {
  /** `settling`: a scale from light (soon) to dark; `answer`: a colour for each of the most frequent ones. */
  readonly colour: 'settling' | 'answer'
  /** The answers by falling frequency, for the legend. Needed for the colour `answer`. */
  readonly answers?: readonly SliceAnswer[]
  /** A sentence more for the caption. */
  readonly note?: string
}

/** One of the final answers of a slice. */
export interface SliceAnswer {
  /** Share of the points. */
  readonly share: number
  /** Whether it is right; null if the right answer is not known. */
  readonly right: boolean | null
}

/**
 * Returns a slice of initial states as a picture of its points, beside the same picture of its null, with the same colours.
 *
 * @throws UserError for a null of another grid.
 */
export function sliceFigure(slice: PlanePoints, permuted: PlanePoints, options: SliceFigureOptions): CaptionedFigure {
  const { colour, answers = [], note, ...figure } = options
  if (permuted.grid !== slice.grid)
    throw new UserError({ where: 'slice', expected: `a null of ${slice.grid}² points`, found: `${permuted.grid}²` })
  const values = Array.from(slice.values)
  const high =
    colour === 'answer'
      ? COLOURED
      : Math.max(
          2,
          values.reduce((most, value) => Math.max(most, value), 0),
        )
  const low = colour === 'answer' ? 0 : 1
  const panel = (points: PlanePoints, title: string, scale: boolean): CaptionedFigure => {
    const { grid, extent } = points
    const axis = Array.from({ length: grid }, (_, i) => (grid === 1 ? 0 : extent * ((2 * i) / (grid - 1) - 1)))
    const rows = Array.from({ length: grid }, (_, row) =>
      Array.from({ length: grid }, (_, column) => {
        const value = points.values[row * grid + column]!
        return colour === 'answer' ? Math.min(value, COLOURED) : value
      }),
    )
    return makeFigure(
      [
        {
          type: 'heatmap',
          x: axis,
          y: axis.map((value) => -value),
          z: rows,
          zmin: low,
          zmax: high,
          colorscale: colour === 'answer' ? answerScale() : HEAT_SCALE,
          showscale: scale && colour === 'settling',
          colorbar: {
            orientation: 'h',
            thickness: 10,
            len: 0.7,
            x: 0.5,
            y: -0.38,
            yanchor: 'top',
            outlinewidth: 0,
            title: { text: 'settling time (steps)', side: 'bottom', font: { size: TYPE_SIZE } },
          },
          hovertemplate: `a %{x:.2f}, b %{y:.2f}: ${colour === 'answer' ? 'answer' : 'step'} %{z}<extra></extra>`,
        },
      ],
      figure,
      {
        yaxis: {
          ...(scale ? {} : { title: { text: 'b' } }),
          scaleanchor: scale ? 'x2' : 'x',
          showgrid: false,
          constrain: 'domain',
        },
        xaxis: { title: { text: title }, showgrid: false, constrain: 'domain' },
      },
    )
  }
  const left = panel(slice, 'a', false)
  const legend = colour === 'answer' ? answerKeys(answers) : []
  const drawn = beside({ ...left, data: [...left.data, ...legend] }, panel(permuted, 'a, null', true))
  const what = colour === 'answer' ? 'Final answer' : 'Settling time'
  return withSubject(
    drawn,
    [`${what} of the initial states on a random plane, and of its null, the same points in permuted patches`, note]
      .filter(Boolean)
      .join('. '),
  )
}

/** Returns the legend of the answers that have a colour, and of the others together. */
function answerKeys(answers: readonly SliceAnswer[]): Trace[] {
  const percent = (share: number): string => `${rounded(100 * share).value} %`
  const named = answers.slice(0, COLOURED).map(({ share, right }, i) => {
    const what = right === null ? 'answer' : right ? 'right' : 'wrong'
    return keyTrace(`${what} (${percent(share)})`, { symbol: 'square', color: colorOf(i) })
  })
  const others = answers.slice(COLOURED)
  if (others.length === 0) return named
  const share = others.reduce((sum, answer) => sum + answer.share, 0)
  return [...named, keyTrace(`${others.length} others (${percent(share)})`, { symbol: 'square', color: OTHERS })]
}

/** Returns a scale of one colour for each of the most frequent answers, and one for the others. */
function answerScale(): [number, string][] {
  const colours = [...Array.from({ length: COLOURED }, (_, i) => colorOf(i)), OTHERS]
  return colours.flatMap((colour, i): [number, string][] => [
    [i / colours.length, colour],
    [(i + 1) / colours.length, colour],
  ])
}
