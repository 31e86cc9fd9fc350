import type { DatasetManifest } from '../data/dataset.js'
import { ARC_COLOURS } from '../tasks/arc/colours.js'
import { END, FIRST_COLOUR, PAD } from '../tasks/arc/encode.js'
import { CHARACTERS, FREE, GOAL, PATH, START, WALL } from '../tasks/maze/tokens.js'
import { sudokuBox } from '../tasks/registry.js'
import { geometry } from '../tasks/sudoku/box.js'
import { BLANK } from '../tasks/sudoku/tokens.js'

/** How a token is drawn. */
export interface TokenLook {
  /** For text without colours: a character, or as many for every token. */
  readonly symbol: string
  /** What a picture has written in the cell. */
  readonly label: string
  /** Colour of the cell, `#RRGGBB`. */
  readonly fill: string
  /** Colour of what is written. */
  readonly ink: string
}

/** How the puzzles of a task are drawn. */
export interface PuzzleLook {
  readonly rows: number
  readonly columns: number
  /** Rows and columns of a Sudoku's box. */
  readonly box: readonly [rows: number, columns: number] | null
  /** Between two cells in text. */
  readonly gap: string
  /** Colour of the lines between cells. */
  readonly lines: string
  /** Rows and columns that hold nothing but this token at the end need not be drawn. */
  readonly padding: number | null
  /** @param given whether the puzzle has the token there, which an answer must keep */
  token(token: number, given: boolean): TokenLook
}

const WHITE = '#FFFFFF'
const INK = '#222222'
/** What is filled in by an answer. */
const ANSWER = '#0072B2'

/** How the puzzles of a data set are drawn. @throws UserError for a Sudoku without a box that fits. */
export function puzzleLook(manifest: Pick<DatasetManifest, 'task' | 'seqLen' | 'options' | 'vocabSize'>): PuzzleLook {
  switch (manifest.task) {
    case 'sudoku':
      return sudokuLook(sudokuBox(manifest))
    case 'maze':
      return { ...shapeOf(manifest.seqLen), ...mazeLook }
    case 'arc':
      return { ...shapeOf(manifest.seqLen), ...arcLook }
    default:
      return { ...shapeOf(manifest.seqLen), ...tokensLook(manifest.vocabSize) }
  }
}

function sudokuLook(box: readonly [number, number]): PuzzleLook {
  const { side } = geometry(box)
  return {
    rows: side,
    columns: side,
    box,
    gap: ' ',
    lines: '#B8B8B8',
    padding: null,
    token(token, given) {
      const digit = token > BLANK ? String(token - 1) : ''
      return {
        symbol: digit || (token === BLANK ? '.' : '?'),
        label: digit,
        fill: WHITE,
        ink: given ? INK : ANSWER,
      }
    },
  }
}

type Look = Omit<PuzzleLook, 'rows' | 'columns'>

const MAZE_FILLS: Readonly<Record<number, string>> = {
  [WALL]: '#3B3B3B',
  [FREE]: WHITE,
  [START]: '#009E73',
  [GOAL]: '#D55E00',
  [PATH]: '#8CC8F0',
}

const mazeLook: Look = {
  box: null,
  gap: '',
  lines: '#DDDDDD',
  padding: null,
  token: (token) => ({
    symbol: CHARACTERS[token - 1] ?? '?',
    label: token === START ? 'S' : token === GOAL ? 'G' : '',
    fill: MAZE_FILLS[token] ?? '#F3D9F0',
    ink: WHITE,
  }),
}

const arcLook: Look = {
  box: null,
  gap: ' ',
  lines: '#555555',
  padding: PAD,
  token(token) {
    if (token === PAD) return { symbol: '.', label: '', fill: '#F2F2F2', ink: INK }
    if (token === END) return { symbol: '|', label: '', fill: '#D6D6D6', ink: INK }
    const colour = ARC_COLOURS[token - FIRST_COLOUR]
    const symbol = colour === undefined ? '?' : String(token - FIRST_COLOUR)
    return { symbol, label: '', fill: colour ?? WHITE, ink: WHITE }
  },
}

/** Tokens that only their numbers tell: the number, on a grey that grows with it. */
function tokensLook(vocabSize: number): Look {
  return {
    box: null,
    gap: ' ',
    lines: '#DDDDDD',
    padding: null,
    token(token) {
      const grey = Math.round(255 - (120 * token) / Math.max(1, vocabSize - 1))
      const hex = grey.toString(16).padStart(2, '0')
      return {
        symbol: String(token).padStart(String(vocabSize - 1).length),
        label: String(token),
        fill: `#${hex}${hex}${hex}`,
        ink: INK,
      }
    },
  }
}

/** A square where the tokens fill one, else one row. */
function shapeOf(seqLen: number): { rows: number; columns: number } {
  const side = Math.sqrt(seqLen)
  return Number.isInteger(side) ? { rows: side, columns: side } : { rows: 1, columns: seqLen }
}
