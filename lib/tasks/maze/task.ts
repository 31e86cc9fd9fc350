import { blankOnly } from '../../data/identifiers.js'
import { UserError } from '../../errors.js'
import { LOOK, type PuzzleLook, shapeOf } from '../look.js'
import type { PuzzleSpec, Task } from '../task.js'
import { maze } from './build.js'
import { mazeDownloads } from './downloads.js'
import { mazeOptions } from './options.js'
import { mazeTwins } from './parse.js'
import { poseMaze } from './pose.js'
import { mazePresets } from './presets.js'
import { pathFault } from './solve.js'
import { dihedralAugment, dihedralSymmetries } from './symmetry.js'
import { CHARACTERS, FREE, GOAL, PATH, START, VOCABULARY, WALL } from './tokens.js'

/** Mazes with a start, a goal, and a shortest path to mark. */
export const mazeTask: Task = {
  name: 'maze',
  title: 'a maze data set',
  builder: {
    options: mazeOptions,
    build: maze,
    example: 'size=12 train=200 test=100 augment=dihedral out=data/maze-12',
    keys: { size: 'size', minPath: 'minPath', trainPuzzles: 'train', testPuzzles: 'test', dataSeed: 'seed' },
  },
  presets: mazePresets,
  look: ({ seqLen }) => ({ ...shapeOf(seqLen), ...LOOK_OF_MAZES }),
  meaning: (token) => MEANINGS[token - 1],
  ratings: 'cells of the shortest path, including S and G',
  open(manifest) {
    const size = sizeOf(manifest)
    const augment = manifest.options.augment === 'dihedral' ? dihedralAugment(size) : null
    return { augment, identifiers: blankOnly, testTasks: null }
  },
  augmentation: (parts) => dihedralAugment((parts as { size: number }).size),
  symmetries: (spec) => dihedralSymmetries(sizeOf(spec), spec.vocabSize),
  judge: {
    criteria: {
      valid: 'walls, S and G are kept, and the marked cells form a path from S to G without shortcuts between them',
      optimal: 'the path is valid and as short as the shortest',
    },
    of(spec) {
      const size = sizeOf(spec)
      return (question, answer) => {
        const fault = pathFault(question, answer, size)
        const optimal = fault === null
        return { valid: optimal || (fault.kind === 'path' && fault.marked >= 0), optimal }
      }
    },
  },
  pose: (spec, text, choice) => poseMaze(spec, sizeOf(spec), text, choice),
  sameness: { byQuestion: true, twins: 'turned or mirrored', likeness: (spec) => mazeTwins(sizeOf(spec)) },
  downloads: mazeDownloads,
  published: {
    recognise({ vocabSize, seqLen }) {
      const side = seqLen === null ? Number.NaN : Math.sqrt(seqLen)
      if (vocabSize !== VOCABULARY || seqLen === null || !Number.isInteger(side)) return null
      return { seqLen, options: { size: side } }
    },
    rating: (label) => label.reduce((cells, token) => cells + (token === PATH ? 1 : 0), 2),
    countsGroups: true,
  },
}

const MEANINGS = ['wall (#)', 'free ( )', 'start (S)', 'goal (G)', 'path (o)']

/** Returns the side of a data set's mazes. @throws UserError when its length is not a square. */
function sizeOf({ seqLen }: Pick<PuzzleSpec, 'seqLen'>): number {
  const size = Math.sqrt(seqLen)
  if (Number.isInteger(size)) return size
  throw new UserError({
    where: 'manifest of the data set',
    expected: 'a square number of cells for mazes',
    found: String(seqLen),
    todo: 'Build the data set again.',
  })
}

const FILLS: Readonly<Record<number, string>> = {
  [WALL]: '#3B3B3B',
  [FREE]: LOOK.white,
  [START]: '#009E73',
  [GOAL]: '#D55E00',
  [PATH]: '#8CC8F0',
}

const LOOK_OF_MAZES: Omit<PuzzleLook, 'rows' | 'columns'> = {
  box: null,
  gap: '',
  lines: LOOK.lines,
  padding: null,
  blank: null,
  token: (token) => ({
    symbol: CHARACTERS[token - 1] ?? '?',
    label: token === START ? 'S' : token === GOAL ? 'G' : '',
    fill: FILLS[token] ?? '#F3D9F0',
    ink: LOOK.white,
  }),
}
