import { blankOnly } from '../../data/identifiers.js'
import { UserError } from '../../errors.js'
import { type PuzzleLook, symbolLook } from '../look.js'
import { mazeTwins } from '../maze/parse.js'
import { dihedralSymmetries } from '../maze/symmetry.js'
import type { PuzzleSpec, Task } from '../task.js'
import { queens } from './build.js'
import { queensOptions } from './options.js'
import { poseQueens } from './pose.js'
import { queensPresets } from './presets.js'
import { queensFault } from './rules.js'
import { SIZES } from './solutions.js'
import { queensAugment } from './symmetry.js'
import { EMPTY, QUEEN, SYMBOLS, VOCABULARY } from './tokens.js'

/** n-queens completion: some of n non-attacking queens are given, and every completion is correct. */
export const queensTask: Task = {
  name: 'queens',
  title: 'a queens data set',
  builder: {
    options: queensOptions,
    build: queens,
    example: 'size=8 seed=0 out=data/queens-8',
    keys: { size: 'size', clues: 'clues', trainPuzzles: 'train', testPuzzles: 'test', dataSeed: 'seed' },
  },
  presets: queensPresets,
  symbols: () => SYMBOLS,
  look: (spec) => queensLook(sizeOf(spec)),
  meaning: (token) => MEANINGS[token - 1],
  ratings: 'number of completions of the puzzle',
  open(manifest) {
    const augment = manifest.options.augment === 'dihedral' ? queensAugment(sizeOf(manifest)) : null
    return { augment, identifiers: blankOnly, testTasks: null }
  },
  augmentation: (parts) => queensAugment((parts as { size: number }).size),
  symmetries: (spec) => dihedralSymmetries(sizeOf(spec), spec.vocabSize),
  judge: {
    criteria: { valid: 'every given queen is kept, and no two of the n queens share a row, column or diagonal' },
    of(spec) {
      const size = sizeOf(spec)
      return (question, answer) => ({ valid: queensFault(question, answer, size) === null })
    },
  },
  pose: (spec, text, choice) => poseQueens(spec, sizeOf(spec), queensLook(sizeOf(spec)), text, choice),
  sameness: { byQuestion: true, twins: 'turned or mirrored', likeness: (spec) => mazeTwins(sizeOf(spec)) },
  published: {
    recognise({ vocabSize, seqLen }, answer) {
      const size = Math.sqrt(seqLen ?? Number.NaN)
      // Other tasks have three tokens too: only an answer decides.
      if (vocabSize !== VOCABULARY || !isSize(size) || !answer || queensFault(answer, answer, size)) return null
      return { seqLen: size * size, options: { size } }
    },
  },
}

const MEANINGS = ['empty (.)', 'queen (Q)']

function isSize(size: number): boolean {
  return Number.isInteger(size) && size >= SIZES.least && size <= SIZES.greatest
}

/** Returns the side of a data set's boards. @throws UserError when no board has its length. */
function sizeOf({ seqLen }: Pick<PuzzleSpec, 'seqLen'>): number {
  const size = Math.sqrt(seqLen)
  if (isSize(size)) return size
  throw new UserError({
    where: 'manifest of the data set',
    expected: `a square number of cells from ${SIZES.least ** 2} to ${SIZES.greatest ** 2} for queens`,
    found: String(seqLen),
    todo: 'Build the data set again.',
  })
}

/** Returns a look with the given queens in black, and those of the answer in colour. */
function queensLook(size: number): PuzzleLook {
  const look = symbolLook({ rows: size, columns: size }, SYMBOLS, EMPTY)
  return {
    ...look,
    token: (token, given) => ({ ...look.token(token, given), label: token === QUEEN ? '♛' : '' }),
  }
}
