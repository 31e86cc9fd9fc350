import { UserError } from '../errors.js'
import { escapeLabel } from '../escape/plotly.js'
import { type FigureOptions, makeFigure } from './figure.js'
import { shownName } from './looks.js'
import { type CaptionedFigure, withSubject } from './sources.js'
import { TYPE_SIZE } from './template.js'

/** The cells of {@link heatmap}, row by row from the top. */
export interface HeatmapCells {
  /** Names of the rows, from the top. */
  readonly rows: readonly string[]
  /** Names of the columns, from the left. */
  readonly columns: readonly string[]
  /** `[rows][columns]`; null or NaN (a gap) where nothing is known. */
  readonly values: readonly (readonly (number | null)[])[]
  /** `[rows][columns]` printed in the cells. Default: nothing is printed. */
  readonly texts?: readonly (readonly string[])[]
  /** `[rows][columns]` shown when hovering over a cell. Default: row, column and text. */
  readonly hovers?: readonly (readonly string[])[]
}

/** Options of {@link heatmap}. */
export interface HeatmapOptions extends FigureOptions {
  /** Title of the scale of colours, with its unit. Default: none. */
  readonly colors?: string
}

/** The most cells whose texts are readable. */
const MOST_TEXTS = 200

/** From light to dark, with steadily falling lightness, so that it reads in grey as in colour. */
export const HEAT_SCALE = [
  [0, '#EDF3F9'],
  [0.25, '#B4D0E7'],
  [0.5, '#6BA3CF'],
  [0.75, '#2A6BA8'],
  [1, '#0A2F5C'],
] as const

/**
 * Returns a heat map: one cell for each row and column, darker for larger values, with its text printed where there are at
 * most 200 cells. A gap is an empty cell.
 *
 * @throws UserError without a finite value, or for cells that do not match the names.
 */
export function heatmap(cells: HeatmapCells, options: HeatmapOptions = {}): CaptionedFigure {
  const { rows, columns, values, texts } = cells
  if (values.length !== rows.length || values.some((row) => row.length !== columns.length))
    throw new UserError({
      where: 'heatmap',
      expected: `${rows.length} rows of ${columns.length} values`,
      found: `${values.length} rows of ${[...new Set(values.map(({ length }) => length))].join(' and ')} values`,
    })
  const finite = values.flat().filter((value): value is number => value !== null && Number.isFinite(value))
  if (finite.length === 0)
    throw new UserError({ where: 'heatmap', expected: 'at least one finite value', found: 'none' })
  const [low, high] = options.range ?? extentOf(finite)
  const printed = texts !== undefined && rows.length * columns.length <= MOST_TEXTS
  const { range: _, ...axes } = options
  const names = [rows, columns].map((list) => list.map((name) => shownName(name, options))) as [string[], string[]]
  const ticks = (shown: readonly string[], title?: string): object => ({
    // Positions, not names: equal names would be one category.
    tickvals: shown.map((_, i) => i),
    ticktext: shown,
    showgrid: false,
    ...(title === undefined ? {} : { title: { text: escapeLabel(title) } }),
  })
  const figure = makeFigure(
    [
      {
        type: 'heatmap',
        z: values,
        x: columns.map((_, i) => i),
        y: rows.map((_, i) => i),
        zmin: low,
        zmax: high,
        colorscale: HEAT_SCALE,
        xgap: 1,
        ygap: 1,
        colorbar: {
          thickness: 12,
          outlinewidth: 0,
          ...(options.colors === undefined
            ? {}
            : { title: { text: escapeLabel(options.colors), side: 'right', font: { size: TYPE_SIZE } } }),
        },
        ...(printed ? { text: texts.map((row) => row.map(lines)), texttemplate: '%{text}' } : {}),
        hovertext:
          cells.hovers?.map((row) => row.map(escapeLabel)) ??
          values.map((row, i) =>
            row.map((value, k) => `${names[0][i]}, ${names[1][k]}: ${texts ? escapeLabel(texts[i]![k]!) : value}`),
          ),
        hoverinfo: 'text',
      },
    ],
    axes,
    {
      xaxis: ticks(names[1], options.x),
      yaxis: { ...ticks(names[0], options.y), autorange: 'reversed' },
    },
  )
  const { colors, x, y } = options
  const keys = [x, y].filter((title) => title !== undefined).join(' and ')
  return colors === undefined ? figure : withSubject(figure, keys === '' ? colors : `${colors} by ${keys}`)
}

/** Puts the uncertainty of a value below it. */
function lines(text: string): string {
  return escapeLabel(text).replace(' ± ', '<br>± ')
}

/** Returns the limits of the colours; equal values have the middle colour. */
function extentOf(values: readonly number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return low < high ? [low, high] : [low - 1, high + 1]
}
