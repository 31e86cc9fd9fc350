import type { DatasetManifest } from '../../data/dataset.js'
import { blankOnly } from '../../data/identifiers.js'
import { UserError } from '../../errors.js'
import { LOOK, type PuzzleLook } from '../look.js'
import type { Task } from '../task.js'
import { sudokuAugment, sudokuSymmetries } from './augment.js'
import { BOXES, type Box, geometry } from './box.js'
import { sudoku } from './build.js'
import { sudokuDownloads } from './downloads.js'
import { sudokuOptions } from './options.js'
import { poseSudoku } from './pose.js'
import { sudokuPresets } from './presets.js'
import { isSolution, isSolvedGrid } from './rules.js'
import { BLANK, toDigits, vocabularySize } from './tokens.js'
import { likenessOf } from './twins.js'

/** Sudoku, 4×4 to 9×9. */
export const sudokuTask: Task = {
  name: 'sudoku',
  title: 'a Sudoku data set',
  builder: {
    options: sudokuOptions,
    build: sudoku,
    example: 'box=2x2 clues=5 train=200 test=300 seed=0 out=data/sudoku-4x4',
    keys: { box: 'box', clues: 'clues', trainPuzzles: 'train', testPuzzles: 'test', dataSeed: 'seed' },
  },
  presets: sudokuPresets,
  look: (spec) => sudokuLook(boxOf(spec)),
  meaning: (token) => (token === BLANK ? 'blank' : `digit ${token - BLANK}`),
  ratings: 'backtracks of an exact solver, or the ratings of a file',
  open: (manifest) => ({ augment: sudokuAugment(boxOf(manifest)), identifiers: blankOnly, testTasks: null }),
  augmentation: (parts) => sudokuAugment((parts as { box: Box }).box),
  augments: true,
  symmetries: (spec) => sudokuSymmetries(boxOf(spec)),
  judge: {
    criteria: { valid: 'every clue is kept, and every digit occurs once in each row, column and box' },
    of(spec) {
      const box = boxOf(spec)
      return (question, answer) => ({ valid: isSolution(question, answer, box) })
    },
  },
  pose: (spec, text, choice) => poseSudoku(spec, boxOf(spec), text, choice),
  sameness: {
    byQuestion: true,
    twins: 'relabelled or permuted',
    likeness(spec) {
      const { key, form } = likenessOf(geometry(boxOf(spec)), 'twins')
      const inDigits = (puzzle: Parameters<typeof key>[0]): typeof puzzle => ({
        ...puzzle,
        clues: toDigits(puzzle.clues),
        solution: toDigits(puzzle.solution),
      })
      return { key: (puzzle) => key(inDigits(puzzle)), form: (puzzle) => form(inDigits(puzzle)) }
    },
  },
  downloads: sudokuDownloads,
  published: {
    recognise({ vocabSize, seqLen }, answer) {
      const fits = Object.entries(BOXES).filter(([, box]) => vocabularySize(box) === vocabSize)
      const [name, box] = fits.find(([, box]) => seqLen === null || geometry(box).cells === seqLen) ?? []
      if (name === undefined || box === undefined) return null
      // Mazes have as many tokens as a 4×4 grid: only the length, or an answer, distinguishes them.
      if (box === BOXES['2x2'] && (seqLen === null || (answer && !isSolvedGrid(toDigits(answer), box)))) return null
      return { seqLen: geometry(box).cells, options: { box: name } }
    },
    countsGroups: true,
  },
}

/** Returns the box of a Sudoku data set. @throws UserError when the manifest names none that fits its length. */
function boxOf({ options, seqLen }: Pick<DatasetManifest, 'options' | 'seqLen'>): Box {
  const name = String(options.box)
  const box = Object.hasOwn(BOXES, name) ? BOXES[name as keyof typeof BOXES] : undefined
  if (box && geometry(box).cells === seqLen) return box
  throw new UserError({
    where: 'manifest of the data set',
    expected: `a box (${Object.keys(BOXES).join(', ')}) that fits ${seqLen} cells`,
    found: options.box === undefined ? 'none' : name,
    todo: 'Build the data set again.',
  })
}

function sudokuLook(box: Box): PuzzleLook {
  const { side } = geometry(box)
  return {
    rows: side,
    columns: side,
    box,
    gap: ' ',
    lines: '#B8B8B8',
    padding: null,
    blank: BLANK,
    token(token, given) {
      const digit = token > BLANK ? String(token - BLANK) : ''
      return {
        symbol: digit || (token === BLANK ? '.' : '?'),
        label: digit,
        fill: LOOK.white,
        ink: given ? LOOK.ink : LOOK.answer,
      }
    },
  }
}
