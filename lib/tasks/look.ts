/** Appearance of a token. */
export interface TokenLook {
  /** Symbol in text without colours: one character, or the same number for every token. */
  readonly symbol: string
  /** Label of the cell in a picture. */
  readonly label: string
  /** Colour of the cell, `#RRGGBB`. */
  readonly fill: string
  /** Colour of the label. */
  readonly ink: string
}

/** Appearance of a task's puzzles, and the extent of an answer in the grid. */
export interface PuzzleLook {
  readonly rows: number
  readonly columns: number
  /** Rows and columns of a box, when lines separate boxes (Sudoku); null without boxes. */
  readonly box: readonly [rows: number, columns: number] | null
  /** Separator between two cells in text. */
  readonly gap: string
  /** Colour of the lines between cells. */
  readonly lines: string
  /** Padding token: trailing rows and columns that contain nothing else are not drawn. null: all cells are drawn. */
  readonly padding: number | null
  /** Tokens outside an answer's grid (ARC: padding and end of grid). Default: none, answers fill the board. */
  readonly margin?: readonly number[] | undefined
  /** Token of a cell that an answer fills in; null when answers may change any cell. */
  readonly blank: number | null
  /**
   * Returns the appearance of a token.
   *
   * @param given whether the puzzle has the token there, which an answer must keep
   */
  token(token: number, given: boolean): TokenLook
}

/** Colours common to all tasks. */
export const LOOK = { white: '#FFFFFF', ink: '#222222', answer: '#0072B2', lines: '#DDDDDD' } as const

/** Returns a square when `seqLen` is one, else a single row. */
export function shapeOf(seqLen: number): { rows: number; columns: number } {
  const side = Math.sqrt(seqLen)
  return Number.isInteger(side) ? { rows: side, columns: side } : { rows: 1, columns: seqLen }
}

/**
 * Returns the look of a task with one symbol per token: a grid of symbols, filled-in cells in another colour.
 *
 * @param symbols symbols of tokens 1, 2, …; token 0 is padding
 * @param blank token of a cell that an answer fills in
 */
export function symbolLook(
  { rows, columns }: { readonly rows: number; readonly columns: number },
  symbols: readonly string[],
  blank: number | null = null,
): PuzzleLook {
  const width = Math.max(...symbols.map((symbol) => symbol.length))
  return {
    rows,
    columns,
    ...PLAIN,
    blank,
    token(token, given) {
      const symbol = symbols[token - 1] ?? '?'
      const ink = given ? LOOK.ink : LOOK.answer
      return { symbol: symbol.padStart(width), label: token === blank ? '' : symbol, fill: LOOK.white, ink }
    },
  }
}

/** Returns the look of tokens without symbols: their number, on a grey that darkens with it. */
export function numberLook(seqLen: number, vocabSize: number): PuzzleLook {
  const width = String(vocabSize - 1).length
  return {
    ...PLAIN,
    ...shapeOf(seqLen),
    blank: null,
    token(token) {
      const grey = Math.round(255 - (120 * token) / Math.max(1, vocabSize - 1))
      const hex = grey.toString(16).padStart(2, '0')
      return {
        symbol: String(token).padStart(width),
        label: String(token),
        fill: `#${hex}${hex}${hex}`,
        ink: LOOK.ink,
      }
    },
  }
}

/** A grid without boxes whose cells are all drawn. */
const PLAIN = { box: null, gap: ' ', lines: LOOK.lines, padding: null } as const

/** Returns the rows and columns of a grid without trailing ones that contain only `empty` tokens. */
export function extentOf(
  { rows, columns }: Pick<PuzzleLook, 'rows' | 'columns'>,
  tokens: ArrayLike<number>,
  empty: readonly number[],
): [rows: number, columns: number] {
  let [height, width] = [0, 0]
  for (let at = 0; at < rows * columns; at++) {
    if (empty.includes(tokens[at]!)) continue
    height = Math.max(height, Math.floor(at / columns) + 1)
    width = Math.max(width, (at % columns) + 1)
  }
  return [height, width]
}

/**
 * Returns the lines of a grid of drawn cells, with boxes separated.
 *
 * @param width columns that a drawn text takes. Default: its length
 */
export function layOutCells(
  { rows, columns, box, gap }: Pick<PuzzleLook, 'rows' | 'columns' | 'box' | 'gap'>,
  drawAt: (row: number, column: number) => string,
  width: (text: string) => number = ({ length }) => length,
): string[] {
  const [boxRows, boxColumns] = box ?? [rows, columns]
  const lines: string[] = []
  for (let row = 0; row < rows; row++) {
    const stacks: string[] = []
    for (let column = 0; column < columns; column += boxColumns)
      stacks.push(
        Array.from({ length: Math.min(boxColumns, columns - column) }, (_, i) => drawAt(row, column + i)).join(gap),
      )
    if (row > 0 && row % boxRows === 0) lines.push(ruleBetween(stacks.map(width)))
    lines.push(stacks.join(' | '))
  }
  return lines
}

/** Returns the line between two bands of boxes: `----+----`. */
function ruleBetween(widths: readonly number[]): string {
  return widths.map((width, i) => '-'.repeat(width + (i === 0 || i === widths.length - 1 ? 1 : 2))).join('+')
}
