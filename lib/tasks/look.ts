/** How a token is drawn. */
export interface TokenLook {
  /** For text without colours: a character, or as many for every token. */
  readonly symbol: string
  /** Text of the cell in a picture. */
  readonly label: string
  /** Colour of the cell, `#RRGGBB`. */
  readonly fill: string
  /** Colour of the text. */
  readonly ink: string
}

/** How the puzzles of a task are drawn, and what of a grid belongs to an answer. */
export interface PuzzleLook {
  readonly rows: number
  readonly columns: number
  /** Rows and columns of a box, where boxes are set apart by lines (Sudoku); null: there are none. */
  readonly box: readonly [rows: number, columns: number] | null
  /** Between two cells in text. */
  readonly gap: string
  /** Colour of the lines between cells. */
  readonly lines: string
  /** The token of padding: rows and columns at the end that hold nothing else are not drawn. null: all cells are drawn. */
  readonly padding: number | null
  /** Tokens that are no part of an answer's grid (ARC: padding and end of grid). Default: none, answers fill the board. */
  readonly margin?: readonly number[] | undefined
  /** The token of a cell that an answer fills in; null where answers may change any cell. */
  readonly blank: number | null
  /** @param given whether the puzzle has the token there, which an answer must keep */
  token(token: number, given: boolean): TokenLook
}

/** Colours that the tasks share. */
export const LOOK = { white: '#FFFFFF', ink: '#222222', answer: '#0072B2', lines: '#DDDDDD' } as const

/** A square where the tokens fill one, else one row. */
export function shapeOf(seqLen: number): { rows: number; columns: number } {
  const side = Math.sqrt(seqLen)
  return Number.isInteger(side) ? { rows: side, columns: side } : { rows: 1, columns: seqLen }
}

/**
 * The look of a task whose tokens have a symbol each: a grid of symbols, filled-in cells in another colour.
 *
 * @param symbols of tokens 1, 2, …; token 0 is padding
 * @param blank the token of a cell that an answer fills in
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
    box: null,
    gap: ' ',
    lines: LOOK.lines,
    padding: null,
    blank,
    token(token, given) {
      const symbol = symbols[token - 1] ?? '?'
      const ink = given ? LOOK.ink : LOOK.answer
      return { symbol: symbol.padStart(width), label: token === blank ? '' : symbol, fill: LOOK.white, ink }
    },
  }
}

/** The look of tokens that have numbers and nothing else: the number, on a grey that darkens with it. */
export function numberLook(seqLen: number, vocabSize: number): PuzzleLook {
  const width = String(vocabSize - 1).length
  return {
    ...shapeOf(seqLen),
    box: null,
    gap: ' ',
    lines: LOOK.lines,
    padding: null,
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

/** Rows and columns that are left of a grid without those at its end that hold nothing but `empty` tokens. */
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

/** Draws a puzzle or an answer as text, a line a row, boxes set apart. */
export function drawTokens(look: PuzzleLook, tokens: ArrayLike<number>): string {
  const [rows, columns] = look.padding === null ? [look.rows, look.columns] : extentOf(look, tokens, [look.padding])
  const [boxRows, boxColumns] = look.box ?? [rows, columns]
  const lines: string[] = []
  for (let row = 0; row < rows; row++) {
    const stacks: string[] = []
    for (let column = 0; column < columns; column += boxColumns)
      stacks.push(
        Array.from(
          { length: Math.min(boxColumns, columns - column) },
          (_, i) => look.token(tokens[row * look.columns + column + i]!, true).symbol,
        ).join(look.gap),
      )
    if (row > 0 && row % boxRows === 0) lines.push(ruleBetween(stacks.map(({ length }) => length)))
    lines.push(stacks.join(' | '))
  }
  return lines.join('\n')
}

/** The line between two bands of boxes: `----+----`. */
export function ruleBetween(widths: readonly number[]): string {
  return widths.map((width, i) => '-'.repeat(width + (i === 0 || i === widths.length - 1 ? 1 : 2))).join('+')
}
