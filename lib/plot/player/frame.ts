import { escapeXml } from '../../escape/xml.js'
import type { Board, Mark } from '../puzzle-board.js'
import { markLooks } from '../puzzle-marks.js'
import { drawBoard, fills, legend } from '../puzzle-svg.js'
import { deltaChart, haltingChart, planeChart } from './charts.js'
import { bitAt, cellNumberAt, decodeTokens, shareAt } from './codes.js'
import type { PlayerData, PlayerMap, PlayerPosition } from './data.js'
import { BOARD_TOP, COLUMNS, label, percent, short, WIDTH } from './layout.js'

/** Size of a frame in pixels. */
export const FRAME = { width: 880, height: 536 } as const

const FONT = 'Helvetica, Arial, &quot;Liberation Sans&quot;, sans-serif'
/** Levels of the colour of a map, so that neighbours of a level share a path. */
const LEVELS = 10

/** Returns the supervision step of a frame; 0 at the start. */
export function stepOf({ updates }: Pick<PlayerData, 'updates'>, frame: number): number {
  return Math.ceil(frame / updates)
}

/** Returns the maps of the frame's step. */
export function mapsAt(data: PlayerData, frame: number): readonly PlayerMap[] {
  return data.steps[Math.max(1, stepOf(data, frame)) - 1]!.maps
}

/** Returns a map's name, e.g. `update of y, block 1`. */
export function mapName({ latents }: PlayerData, { latent, block }: PlayerMap): string {
  return `update of ${latents[latent]}, block ${block + 1}`
}

/** Returns the frame at which a latent was changed last, at or before a frame. */
function changedAt(data: PlayerData, latent: number, frame: number): number {
  while (frame > 0 && data.frames[frame]!.tokens[latent] === undefined) frame--
  return frame
}

/** Returns the frame that a frame's cells are compared with; null at the start. */
function comparedWith(data: PlayerData, { frame, by }: PlayerPosition, latent: number): number | null {
  if (by === 'step') return frame === 0 ? null : (stepOf(data, frame) - 1) * data.updates
  const made = changedAt(data, latent, frame)
  return made === 0 ? null : made - 1
}

interface Cells {
  readonly tokens: readonly number[]
  readonly marks: readonly Mark[]
  readonly changed: number
  readonly wrong: number
}

/** Returns a latent's tokens with their marks. A wrong cell is not marked as changed. */
export function cellsAt(data: PlayerData, at: PlayerPosition, latent: number): Cells {
  const made = changedAt(data, latent, at.frame)
  const { tokens: own, wrong: bits } = data.frames[made]!
  const tokens = decodeTokens(own[latent]!)
  const from = comparedWith(data, at, latent)
  const before = from === null ? null : decodeTokens(data.frames[changedAt(data, latent, from)]!.tokens[latent]!)
  // At its end a step's own changes count; during a step, those of an update that did not touch the latent do not.
  const counts = at.by === 'step' || made === at.frame
  let [changed, wrong] = [0, 0]
  const marks = tokens.map((token, cell): Mark => {
    const differs = counts && before !== null && before[cell] !== token
    const isWrong = bitAt(bits[latent] ?? '', cell)
    if (differs) changed++
    if (isWrong) wrong++
    return isWrong ? 'wrong' : differs ? 'changed' : 'none'
  })
  return { tokens, marks, changed, wrong }
}

/** Returns the frame in words, for its heading and for screen readers. */
export function describeFrame(data: PlayerData, at: PlayerPosition): string {
  const { frames, steps, updates, texts } = data
  const { text, halting } = frames[at.frame]!
  const { changed, wrong } = cellsAt(data, at, 0)
  const step = stepOf(data, at.frame)
  const cells = (count: number): string => `${count} ${count === 1 ? 'cell' : 'cells'}`
  const isEnd = at.frame > 0 && at.frame % updates === 0
  const place =
    step === 0
      ? 'Start'
      : `Supervision step ${step} of ${steps.length}` +
        (at.by === 'update' ? `, update ${at.frame - (step - 1) * updates} of ${updates}: ${texts[text]}` : '')
  return [
    place,
    `answer: ${step === 0 ? '' : `${cells(changed)} changed, `}${cells(wrong)} wrong`,
    `halting probability ${halting.toFixed(3)}`,
    ...(isEnd ? [steps[step - 1]!.verdict] : []),
  ].join(' · ')
}

/** Returns a frame as one SVG, with all text escaped. */
export function frameSvg(data: PlayerData, at: PlayerPosition, ink: string, inside = ''): string {
  return `${svgStart()}${inside}${frameBody(data, at, ink)}</svg>`
}

/** Returns the start of a frame's SVG. */
export function svgStart(): string {
  const { width, height } = FRAME
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" style="max-width: 100%; height: auto" font-family="${FONT}">`
}

/**
 * Returns the elements of a frame: the answer, another latent as the output head reads it, a map, and three charts.
 *
 * @param ink colour of texts and axes
 */
export function frameBody(data: PlayerData, at: PlayerPosition, ink: string): string {
  const second = data.latents.length > 1 ? Math.max(1, Math.min(at.latent, data.latents.length - 1)) : 0
  const maps = mapsAt(data, at.frame)
  const map = maps[Math.min(at.map, maps.length - 1)]
  return [
    label(COLUMNS[0], 20, data.title, ink, 'font-size="14" font-weight="bold"'),
    label(COLUMNS[0], 42, describeFrame(data, at), ink),
    panel(data, at, 0, COLUMNS[0], `answer ${data.latents[0]}`, ink),
    second > 0 ? panel(data, at, second, COLUMNS[1], `${data.latents[second]}, read as an answer`, ink) : '',
    map ? mapPanel(data, at, map, COLUMNS[2], ink) : '',
    legend(['wrong', 'changed'], 360),
    label(380, 371, data.settings, ink, 'font-size="11"'),
    haltingChart(data, at, ink),
    deltaChart(data, at, ink),
    planeChart(data, at, ink),
  ].join('')
}

/** Side of a cell below which a marked cell has a small square instead of a frame. */
const SMALLEST_FRAME = 12
/** Side of a cell below which a board has no lines and letters. */
const SMALLEST_LETTER = 6

/** Returns the answer's board of a frame as an SVG of its own. */
export function answerSvg(data: PlayerData, at: PlayerPosition, size: number): string {
  const { rows, columns } = data.board
  const side = Math.max(2, Math.floor(size / Math.max(rows, columns)))
  const [width, height] = [columns * side + 2, rows * side + 2]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 ${width} ${height}" width="${width}" height="${height}" font-family="${FONT}">${markedBoard(data, cellsAt(data, at, 0), side)}</svg>`
}

/** Draws a board from (0, 0), its marks so that they are readable at this size. */
function markedBoard(data: PlayerData, { tokens, marks }: Pick<Cells, 'tokens' | 'marks'>, side: number): string {
  if (side >= SMALLEST_FRAME) return drawBoard(boardOf(data, { tokens, marks }), side)
  const { columns, cells } = boardOf(data, { tokens, marks })
  const isTiny = side < SMALLEST_LETTER
  const inset = isTiny ? 0 : 2
  const square = `h${side - 2 * inset}v${side - 2 * inset}h-${side - 2 * inset}z`
  const squares = (['changed', 'wrong'] as const).map((kind) => {
    const path = cells.map(({ mark }, i) =>
      mark === kind ? `M${(i % columns) * side + inset} ${Math.floor(i / columns) * side + inset}${square}` : '',
    )
    return `<path fill="${markLooks[kind].color}" fill-opacity="0.85" d="${path.join('')}"/>`
  })
  const board = boardOf(data, { tokens, marks: [] })
  return (isTiny ? fills(board, side) : drawBoard(board, side)) + squares.join('')
}

/** Returns the cell of the map's panel at a point of the frame; -1 outside. */
export function mapCellAt({ board }: PlayerData, x: number, y: number): number {
  const side = cellSide(board)
  const [column, row] = [Math.floor((x - COLUMNS[2]) / side), Math.floor((y - BOARD_TOP) / side)]
  const isInside = row >= 0 && row < board.rows && column >= 0 && column < board.columns
  return isInside ? row * board.stride + column : -1
}

function cellSide({ rows, columns }: PlayerData['board']): number {
  return Math.max(4, Math.min(64, Math.floor(WIDTH / Math.max(rows, columns))))
}

function boardOf(data: PlayerData, { tokens, marks }: Pick<Cells, 'tokens' | 'marks'>): Board {
  const { rows, columns, stride, box, lines, padding, given } = data.board
  const lookAt = (token: number, isGiven: boolean) => {
    const [text, fill, ink] = data.looks[token]![isGiven ? 1 : 0]
    return { symbol: text, label: text, fill, ink }
  }
  const cells = Array.from({ length: rows * columns }, (_, i) => {
    const at = Math.floor(i / columns) * stride + (i % columns)
    return { ...lookAt(tokens[at]!, bitAt(given, at)), mark: marks[at] ?? 'none' }
  })
  return {
    title: '',
    look: { rows, columns, box, gap: '', lines, padding, blank: null, token: lookAt },
    rows,
    columns,
    cells,
  }
}

function panel(data: PlayerData, at: PlayerPosition, latent: number, x: number, title: string, ink: string): string {
  const cells = cellsAt(data, at, latent)
  const counts = latent === 0 ? '' : ` · ${cells.changed} changed, ${cells.wrong} wrong`
  const board = markedBoard(data, cells, cellSide(data.board))
  return `${label(x, BOARD_TOP - 10, title + counts, ink)}<g transform="translate(${x} ${BOARD_TOP})">${board}</g>`
}

function mapPanel(data: PlayerData, at: PlayerPosition, map: PlayerMap, x: number, ink: string): string {
  const { rows, columns, stride } = data.board
  const side = cellSide(data.board)
  const [width, height] = [columns * side, rows * side]
  const all = Array.from({ length: rows * columns }, (_, i) => Math.floor(i / columns) * stride + (i % columns))
  const focused = at.cell >= 0 && all.includes(at.cell)
  const shown = new Map<number, number>()
  if (focused)
    for (let i = 0; i < data.kept; i++) {
      const place = at.cell * data.kept + i
      shown.set(cellNumberAt(map.sources, place), shareAt(map.shares, place))
    }
  else for (const cell of all) shown.set(cell, shareAt(map.received, cell))
  const most = Math.max(1e-9, ...shown.values())
  const paths = new Map<number, string>()
  for (const [i, cell] of all.entries()) {
    const level = Math.round((LEVELS * (shown.get(cell) ?? 0)) / most)
    if (level === 0) continue
    const path = `M${(i % columns) * side} ${Math.floor(i / columns) * side}h${side}v${side}h-${side}z`
    paths.set(level, (paths.get(level) ?? '') + path)
  }
  const color = focused ? '#D55E00' : '#0072B2'
  const fills = [...paths].map(
    ([level, path]) => `<path fill="${color}" fill-opacity="${level / LEVELS}" d="${path}"/>`,
  )
  const [row, column] = [Math.floor(at.cell / stride), at.cell % stride]
  const frame = focused
    ? `<rect x="${column * side}" y="${row * side}" width="${side}" height="${side}" fill="none" stroke="#222222" stroke-width="2"/>`
    : ''
  const lines = side >= 12 ? grid(rows, columns, side) : ''
  const { tokens } = cellsAt(data, at, 0)
  const texts =
    side < 14
      ? []
      : all.map((cell, i) => {
          const [text] = data.looks[tokens[cell]!]![0]
          const [x, y] = [((i % columns) + 0.5) * side, (Math.floor(i / columns) + 0.62) * side]
          return text === '' ? '' : `<text x="${short(x)}" y="${short(y)}">${escapeXml(text)}</text>`
        })
  const name = `${data.latents[map.latent]}, block ${map.block + 1}`
  const title = focused
    ? `${name}: what row ${row + 1}, column ${column + 1} reads`
    : `${name}: share read, ${percent(map.range[0])}–${percent(map.range[1])} %`
  return [
    label(x, BOARD_TOP - 10, title, ink),
    `<g transform="translate(${x} ${BOARD_TOP})"><rect width="${width}" height="${height}" fill="#FFFFFF"/>`,
    ...fills,
    `<path stroke="#DDDDDD" fill="none" d="${lines}"/>${frame}`,
    `<g font-size="${short(side * 0.36)}" text-anchor="middle" fill="#222222" fill-opacity="0.6">${texts.join('')}</g>`,
    `<rect width="${width}" height="${height}" fill="none" stroke="#797979"/></g>`,
    label(x, 371, data.mapMeaning ?? '', ink, 'font-size="11"'),
  ].join('')
}

function grid(rows: number, columns: number, side: number): string {
  const across = Array.from({ length: rows - 1 }, (_, i) => `M0 ${(i + 1) * side}h${columns * side}`)
  const down = Array.from({ length: columns - 1 }, (_, i) => `M${(i + 1) * side} 0v${rows * side}`)
  return [...across, ...down].join('')
}
