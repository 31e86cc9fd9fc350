import { escapeXml } from '../escape/xml.js'
import type { Board, Mark } from './puzzle-board.js'
import { markLooks } from './puzzle-marks.js'

/** Target size of a board's longer side, in pixels. */
const BOARD_SIZE = 252
const MARGIN = 12
const TITLE_HEIGHT = 22
const GAP = 24
const FONT = 'Helvetica, Arial, &quot;Liberation Sans&quot;, sans-serif'
const RULE = '#222222'
/** Colour of text beside the boards, readable on a white page and on any notebook background. */
export const BESIDE = '#797979'
const LEGEND_HEIGHT = 26
/** Approximate width of a title's character, in pixels. */
const CHARACTER = 6.6

/** Options of {@link boardsSvg}. */
export interface SvgOptions {
  /** Heading above all boards. */
  readonly title?: string
  /** Boards per row. Default: all, at most four. */
  readonly perRow?: number
}

/**
 * Draws boards side by side as one SVG, without scripts, ids or external resources, and with all text escaped. The same
 * boards give the same text. Boards have a background; the area around them is transparent. A legend follows if cells are
 * marked.
 */
export function boardsSvg(boards: readonly Board[], options: SvgOptions = {}): string {
  const perRow = Math.min(boards.length, options.perRow ?? 4)
  const cell = cellSize(boards)
  const [first] = boards
  const [width, height] = [(first?.columns ?? 0) * cell, (first?.rows ?? 0) * cell]
  const top = MARGIN + (options.title === undefined ? 0 : TITLE_HEIGHT + 4)
  const slot = Math.max(width, ...boards.map((board) => Math.min(textWidth(board.title), 2 * BOARD_SIZE)))
  const rows = Math.ceil(boards.length / Math.max(1, perRow))
  const kinds = (['wrong', 'changed'] as const).filter((kind) =>
    boards.some(({ cells }) => cells.some(({ mark }) => mark === kind)),
  )
  const end = top + rows * (TITLE_HEIGHT + height + GAP) - GAP + MARGIN
  const total = {
    width: Math.ceil(Math.max(2 * MARGIN + perRow * slot + (perRow - 1) * GAP, textWidth(options.title ?? '') + 24)),
    height: end + (kinds.length > 0 ? LEGEND_HEIGHT : 0),
  }
  const drawn = boards.map((board, i) => {
    const x = MARGIN + (i % perRow) * (slot + GAP)
    const y = top + Math.floor(i / perRow) * (TITLE_HEIGHT + height + GAP)
    const caption = `<text x="0" y="14" font-size="12" fill="${BESIDE}">${escapeXml(board.title)}</text>`
    return `<g transform="translate(${x} ${y})">${caption}<g transform="translate(0 ${TITLE_HEIGHT})">${drawBoard(board, cell)}</g></g>`
  })
  const heading =
    options.title === undefined
      ? ''
      : `<text x="${MARGIN}" y="${MARGIN + 14}" font-size="14" font-weight="bold" fill="${BESIDE}">${escapeXml(options.title)}</text>`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total.width} ${total.height}" width="${total.width}" height="${total.height}" style="max-width: 100%; height: auto" font-family="${FONT}">`,
    heading,
    ...drawn,
    kinds.length > 0 ? legend(kinds, end) : '',
    '</svg>',
  ]
    .filter((line) => line !== '')
    .join('\n')
}

/** Returns a drawing on white, for export. */
export function onWhite(svg: string): string {
  const [, start, width, height] = /^(<svg [^>]*\bwidth="([\d.]+)" height="([\d.]+)"[^>]*>)/.exec(svg) ?? []
  if (start === undefined) return svg
  return `${start}\n<rect width="${width}" height="${height}" fill="#FFFFFF"/>${svg.slice(start.length)}`
}

/** Draws one cell for each kind of mark, with its meaning. */
export function legend(kinds: readonly Exclude<Mark, 'none'>[], y: number): string {
  let x = MARGIN
  const entries = kinds.map((kind) => {
    const { words } = markLooks[kind]
    const sample = `<rect width="14" height="14" fill="#FFFFFF"/>${markOf(kind, [[1, 1]], 12, 2)}`
    const text = `<text x="20" y="11.5" font-size="12" fill="${BESIDE}">${escapeXml(words)}</text>`
    const entry = `<g transform="translate(${Math.round(x)} ${y})">${sample}${text}</g>`
    x += 20 + textWidth(words) + GAP
    return entry
  })
  return entries.join('')
}

function textWidth(text: string): number {
  return text.length * CHARACTER
}

function cellSize(boards: readonly Board[]): number {
  const longest = Math.max(1, ...boards.map(({ rows, columns }) => Math.max(rows, columns)))
  return Math.max(6, Math.min(32, Math.floor(BOARD_SIZE / longest)))
}

/** Draws the cells, lines, labels and marks of a board as SVG elements, from (0, 0). @param cell side of a cell in pixels */
export function drawBoard(board: Board, cell: number): string {
  return [fills(board, cell), lines(board, cell), labels(board, cell), marks(board, cell)].join('')
}

/** Draws one path per colour, joining adjacent cells of a row. */
export function fills({ rows, columns, cells }: Board, cell: number): string {
  const paths = new Map<string, string>()
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; ) {
      const { fill } = cells[row * columns + column]!
      let end = column + 1
      while (end < columns && cells[row * columns + end]!.fill === fill) end++
      const run = `M${column * cell} ${row * cell}h${(end - column) * cell}v${cell}H${column * cell}z`
      paths.set(fill, (paths.get(fill) ?? '') + run)
      column = end
    }
  return [...paths].map(([fill, path]) => `<path fill="${fill}" d="${path}"/>`).join('')
}

/** Draws thin lines between cells, thick ones between boxes, and a frame. */
function lines(board: Board, cell: number): string {
  const { rows, columns, look } = board
  const [width, height] = [columns * cell, rows * cell]
  const inner = (count: number): number[] => Array.from({ length: Math.max(0, count - 1) }, (_, i) => i + 1)
  const [boxRows, boxColumns] = look.box ?? [rows, columns]
  const thick = [
    ...inner(rows / boxRows).map((i) => `M0 ${i * boxRows * cell}h${width}`),
    ...inner(columns / boxColumns).map((i) => `M${i * boxColumns * cell} 0v${height}`),
  ].join('')
  return [
    `<path stroke="${look.lines}" stroke-width="${cell < 12 ? 0.5 : 1}" d="${thinLines(board, cell)}"/>`,
    thick === '' ? '' : `<path stroke="${RULE}" stroke-width="2" d="${thick}"/>`,
    `<rect width="${width}" height="${height}" fill="none" stroke="${look.box ? RULE : BESIDE}" stroke-width="${look.box ? 2 : 1}"/>`,
  ].join('')
}

/** Draws lines between all adjacent cells, except two cells of padding. */
function thinLines({ rows, columns, cells, look }: Board, cell: number): string {
  const padding = look.padding === null ? undefined : look.token(look.padding, true).fill
  const isEmpty = (row: number, column: number): boolean => cells[row * columns + column]!.fill === padding
  let path = ''
  for (let row = 1; row < rows; row++)
    for (const [from, to] of runs(columns, (i) => !(isEmpty(row - 1, i) && isEmpty(row, i))))
      path += `M${from * cell} ${row * cell}h${(to - from) * cell}`
  for (let column = 1; column < columns; column++)
    for (const [from, to] of runs(rows, (i) => !(isEmpty(i, column - 1) && isEmpty(i, column))))
      path += `M${column * cell} ${from * cell}v${(to - from) * cell}`
  return path
}

/** Returns the intervals where a condition holds: first index, and index after the last. */
function runs(count: number, holds: (i: number) => boolean): [from: number, to: number][] {
  const found: [number, number][] = []
  for (let i = 0; i < count; i++) {
    if (!holds(i)) continue
    const last = found.at(-1)
    if (last?.[1] === i) last[1] = i + 1
    else found.push([i, i + 1])
  }
  return found
}

function labels({ columns, cells }: Board, cell: number): string {
  const size = cell * 0.62
  const texts = cells.map(({ label, ink, mark }, i) => {
    if (label === '') return ''
    const x = ((i % columns) + 0.5) * cell
    const y = (Math.floor(i / columns) + 0.5) * cell + 0.36 * size
    return `<text x="${short(x)}" y="${short(y)}" fill="${mark === 'wrong' ? markLooks.wrong.color : ink}">${escapeXml(label)}</text>`
  })
  const shown = texts.join('')
  return shown === '' ? '' : `<g font-size="${short(size)}" text-anchor="middle">${shown}</g>`
}

/** Draws a frame inside each marked cell: solid with a filled corner if it is wrong, dashed if it has changed. */
function marks({ columns, cells }: Board, cell: number): string {
  const inset = Math.max(1, cell * 0.09)
  const corners = (kind: Mark): [number, number][] =>
    cells.flatMap(({ mark }, i): [number, number][] =>
      mark === kind ? [[(i % columns) * cell + inset, Math.floor(i / columns) * cell + inset]] : [],
    )
  const [side, width] = [cell - 2 * inset, Math.max(1.6, cell * 0.09)]
  return markOf('changed', corners('changed'), side, width) + markOf('wrong', corners('wrong'), side, width)
}

/** Draws a frame on white, so that it stands out from any colour. @param corners of the frames, upper left */
function markOf(
  kind: Exclude<Mark, 'none'>,
  corners: readonly (readonly [number, number])[],
  side: number,
  width: number,
): string {
  if (corners.length === 0) return ''
  const { color } = markLooks[kind]
  const path = corners
    .map(([x, y]) => `M${short(x)} ${short(y)}h${short(side)}v${short(side)}h-${short(side)}z`)
    .join('')
  const dash = kind === 'changed' ? ` stroke-dasharray="${short(side / 4)}"` : ''
  const bend = short(side * 0.42)
  const filled = corners.map(([x, y]) => `M${short(x + side - bend)} ${short(y)}h${bend}v${bend}z`).join('')
  return [
    `<path fill="none" stroke="#FFFFFF" stroke-width="${short(width * 2)}" d="${path}"/>`,
    `<path fill="none" stroke="${color}" stroke-width="${short(width)}"${dash} d="${path}"/>`,
    ...(kind === 'wrong' ? [`<path fill="${color}" d="${filled}"/>`] : []),
  ].join('')
}

function short(value: number): number {
  return Math.round(value * 100) / 100
}
