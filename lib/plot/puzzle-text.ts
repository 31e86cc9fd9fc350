import { visible } from '../escape/visible.js'
import { displayWidth, pad } from '../results/text-width.js'
import { layOutCells } from '../tasks/look.js'
import type { Board, BoardCell } from './puzzle-board.js'
import { markLooks } from './puzzle-marks.js'

/** Options of {@link boardsText}. */
export interface TextOptions {
  /** With ANSI colours (24 bit), for a terminal. Default false. */
  readonly color?: boolean
  /** Boards per row. Default: all. */
  readonly perRow?: number
}

/**
 * Draws boards side by side as text, each under its title. `!` follows a digit that is wrong, `*` one that has changed; in
 * colour, marked cells other than digits show `><` and `··`.
 */
export function boardsText(
  boards: readonly Board[],
  { color = false, perRow = boards.length }: TextOptions = {},
): string {
  const rows: string[] = []
  for (let at = 0; at < boards.length; at += perRow) rows.push(rowText(boards.slice(at, at + perRow), color))
  return rows.join('\n\n')
}

function rowText(boards: readonly Board[], color: boolean): string {
  const blocks = boards.map((board) => [visible(board.title), ...(color ? coloured(board) : plain(board))])
  const widths = blocks.map((block) => Math.max(...block.map(visibleWidth)))
  const height = Math.max(0, ...blocks.map((block) => block.length))
  return Array.from({ length: height }, (_, line) =>
    blocks
      .map((block, i) => {
        const text = block[line] ?? ''
        return text + ' '.repeat(widths[i]! - visibleWidth(text))
      })
      .join('     ')
      .trimEnd(),
  ).join('\n')
}

function plain(board: Board): string[] {
  const { look, cells } = board
  const marked = cells.some(({ mark }) => mark !== 'none')
  return layOut(board, marked ? '' : look.gap, ({ symbol, mark }) => (marked ? symbol + signOf(mark) : symbol))
}

/** Draws two terminal columns per cell, so that cells are about square. */
function coloured(board: Board): string[] {
  const boxed = board.look.box !== null
  return layOut(board, '', ({ symbol, label, fill, ink, mark }) => {
    // Symbols in boxes have the terminal's own background; only filled-in or marked ones are coloured.
    if (boxed) {
      const text = `${symbol}${signOf(mark)}`
      if (mark !== 'none') return paint(text, MARK_INK, markLooks[mark].fill)
      return ink === '#222222' ? text : paint(text, FILLED_IN)
    }
    if (mark === 'none') return paint(pad(label, 2, 'left'), ink, fill)
    return paint(markLooks[mark].cell, contrast(fill), fill)
  })
}

const MARK_INK = '#FFFFFF'
const FILLED_IN = '#4DA6E8'

function signOf(mark: BoardCell['mark']): string {
  return mark === 'none' ? ' ' : markLooks[mark].sign
}

/** Returns the legend of the marks on such boards, in one line. */
export function legendText({ look }: Pick<Board, 'look'>, { color = false }: Pick<TextOptions, 'color'> = {}): string {
  const { wrong, changed } = markLooks
  if (!color) return [wrong, changed].map(({ sign, words }) => `${sign} ${words}`).join(', ')
  if (look.box === null)
    return [wrong, changed].map(({ cell, words }) => `${paint(cell, '#000000', GREY)} ${words}`).join('   ')
  const marks = [wrong, changed].map(({ sign, fill, words }) => `${paint(`5${sign}`, MARK_INK, fill)} ${words}`)
  return [...marks, `${paint('5', FILLED_IN)} filled in`].join('   ')
}

const GREY = '#A8A8A8'

function layOut(board: Board, gap: string, draw: (cell: BoardCell) => string): string[] {
  const { rows, columns, cells, look } = board
  const drawAt = (row: number, column: number): string => draw(shownCell(cells[row * columns + column]!))
  return layOutCells({ rows, columns, box: look.box, gap }, drawAt, visibleWidth)
}

/** Returns a cell without control characters, which the symbols of a vocabulary must not send to the terminal. */
function shownCell(cell: BoardCell): BoardCell {
  return { ...cell, symbol: visible(cell.symbol), label: visible(cell.label) }
}

function paint(text: string, ink: string, fill?: string): string {
  const rgb = (hex: string): string => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(';')
  return `\u001b[38;2;${rgb(ink)}${fill === undefined ? '' : `;48;2;${rgb(fill)}`}m${text}\u001b[0m`
}

/** Returns black for light colours, white for dark ones. */
function contrast(fill: string): string {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(fill.slice(at, at + 2), 16))
  return 0.299 * r! + 0.587 * g! + 0.114 * b! > 140 ? '#000000' : '#FFFFFF'
}

const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g')

function visibleWidth(text: string): number {
  return displayWidth(text.replace(COLOURS, ''))
}
