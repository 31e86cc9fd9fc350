import type { Table } from 'apache-arrow'
import type { Dataset, DatasetManifest, Split } from '../data/dataset.js'
import { blankOnly } from '../data/identifiers.js'
import { UserError } from '../errors.js'
import { arcTask } from './arc/task.js'
import { dihedralAugment } from './maze/symmetry.js'
import { drawMaze } from './maze/tokens.js'
import { sudokuAugment } from './sudoku/augment.js'
import { BOXES, type Box } from './sudoku/box.js'
import { drawSudoku } from './sudoku/tokens.js'

/** What a data set's folder holds beside its manifest. */
export interface StoredParts {
  readonly train: Split
  readonly test: Split
  /** Tables named in the manifest's `files`; null where it names none. */
  readonly identifiers: Table | null
  readonly tests: Table | null
}

/** The parts of a data set that follow from its task. */
export type TaskParts = Pick<Dataset, 'augment' | 'identifiers' | 'testTasks' | 'tables'>

/** What is known about a task beside its puzzles. */
export interface Task {
  /** How puzzles are varied and named, and what votes are counted for. */
  open(parts: StoredParts): TaskParts
  /** A puzzle or an answer as text. */
  draw(tokens: ArrayLike<number>): string
}

/** The task of a data set. @throws UserError when its manifest names none that is known. */
export function taskOf(manifest: DatasetManifest): Task {
  if (manifest.task === 'tokens')
    return { open: () => ({ augment: null, identifiers: blankOnly, testTasks: null }), draw: drawTokens }
  if (manifest.task === 'maze') return mazeTask(manifest)
  if (manifest.task === 'arc') return arcTask(manifest)
  if (manifest.task !== 'sudoku') throw unknown('a known task (sudoku, maze, arc)', manifest.task)
  const box = sudokuBox(manifest)
  return {
    open: () => ({ augment: sudokuAugment(box), identifiers: blankOnly, testTasks: null }),
    draw: (tokens) => drawSudoku(tokens, box),
  }
}

function mazeTask({ options, seqLen }: DatasetManifest): Task {
  const size = Math.sqrt(seqLen)
  if (!Number.isInteger(size)) throw unknown('a square number of cells for mazes', String(seqLen))
  const augment = options.augment === 'dihedral' ? dihedralAugment(size) : null
  return {
    open: () => ({ augment, identifiers: blankOnly, testTasks: null }),
    draw: (tokens) => drawMaze(tokens, size),
  }
}

/** Tokens as numbers, in a square where they fill one, else in one line. */
function drawTokens(tokens: ArrayLike<number>): string {
  const side = Math.sqrt(tokens.length)
  const row = Number.isInteger(side) ? side : tokens.length
  const texts = Array.from(tokens, (token) => String(token))
  const width = Math.max(0, ...texts.map((text) => text.length))
  const lines: string[] = []
  for (let at = 0; at < texts.length; at += row)
    lines.push(
      texts
        .slice(at, at + row)
        .map((text) => text.padStart(width))
        .join(' '),
    )
  return lines.join('\n')
}

/** The box of a Sudoku data set. @throws UserError when the manifest does not name one that fits its length. */
export function sudokuBox({ options, seqLen }: Pick<DatasetManifest, 'options' | 'seqLen'>): Box {
  const name = String(options.box)
  const box = Object.hasOwn(BOXES, name) ? BOXES[name as keyof typeof BOXES] : undefined
  if (!box || (box[0] * box[1]) ** 2 !== seqLen)
    throw unknown(`a box (${Object.keys(BOXES).join(', ')}) that fits ${seqLen} cells`, name)
  return box
}

function unknown(expected: string, found: string): UserError {
  return new UserError({ where: 'manifest of the data set', expected, found, todo: 'Build the data set again.' })
}
