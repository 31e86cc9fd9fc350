import type { DatasetManifest } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { LOOK, type PuzzleLook, shapeOf } from '../look.js'
import type { StoredParts, Task, TaskParts } from '../task.js'
import { arcAugment, arcAugmentOf } from './augment.js'
import { arc } from './build.js'
import { ARC_COLOUR_NAMES, ARC_COLOURS } from './colours.js'
import { arcDownloads } from './downloads.js'
import { boardOf } from './draw.js'
import { END, FIRST_COLOUR, PAD, VOCABULARY } from './encode.js'
import { LARGEST } from './grid.js'
import { arcOptions } from './options.js'
import { poseArc } from './pose.js'
import { arcPresets } from './presets.js'
import { identifiersFromTable, identifiersTable, testsTable, testTasksFromTable } from './tables.js'
import { testPuzzles } from './test-puzzles.js'
import { arcVotes } from './votes.js'
import { withheldAnswers } from './withheld.js'

/** ARC-AGI-1 and ARC-AGI-2, and tasks like theirs. The rules are unknown, so that only the stored answer is correct. */
export const arcTask: Task = {
  name: 'arc',
  title: 'an ARC data set',
  builder: {
    options: arcOptions,
    build: arc,
    example: 'set=arc-1 dir=ARC-AGI/data augment=1000 out=data/arc-1',
    keys: { size: 'board', versions: 'augment', trainPuzzles: 'train', testPuzzles: 'test', dataSeed: 'seed' },
    fixed: { set: 'generated' },
  },
  presets: arcPresets,
  look: ({ seqLen }) => ({ ...shapeOf(seqLen), ...LOOK_OF_BOARDS }),
  meaning(token) {
    if (token === END) return 'end of grid'
    return `colour ${token - FIRST_COLOUR} (${ARC_COLOUR_NAMES[token - FIRST_COLOUR] ?? 'none'})`
  },
  open,
  augmentation: arcAugmentOf,
  votes: arcVotes,
  pose: (spec, text, choice) => poseArc(spec, boardOf(spec), text, choice),
  downloads: arcDownloads,
  published: {
    recognise({ vocabSize, seqLen, testsFile }) {
      const length = seqLen ?? LARGEST ** 2
      // Sizes alone are ARC's only for the board of the published builder; its file of test tasks settles it for others.
      const known = length === LARGEST ** 2 || testsFile === testPuzzles.file
      return vocabSize === VOCABULARY && known && Number.isInteger(Math.sqrt(length))
        ? { seqLen: length, options: {} }
        : null
    },
    tests: testPuzzles,
  },
}

/**
 * Opens a stored data set. Without `augmentation` in its manifest, all versions are stored and none are made.
 *
 * @throws UserError when its identifiers or test tasks are missing or damaged, or its board is not a square.
 */
function open(manifest: DatasetManifest, stored: StoredParts): TaskParts {
  const board = boardOf(manifest)
  const { seed, augmentation } = manifest
  if (!stored.identifiers || !stored.tests)
    throw new UserError({
      where: 'manifest of the data set',
      expected: 'identifiers and tests among its files',
      found: stored.identifiers ? 'no tests' : 'no identifiers',
      todo: 'Build the data set again.',
    })
  const identifiers = identifiersFromTable(stored.identifiers)
  const testTasks = testTasksFromTable(stored.tests)
  const augment = augmentation === undefined ? null : arcAugment({ identifiers, seed, board })
  const tables = { identifiers: identifiersTable(identifiers), tests: testsTable(testTasks) }
  return { augment, identifiers, testTasks, withheld: withheldAnswers(stored.test, identifiers, testTasks), tables }
}

const LOOK_OF_BOARDS: Omit<PuzzleLook, 'rows' | 'columns'> = {
  box: null,
  gap: ' ',
  lines: '#555555',
  padding: PAD,
  margin: [PAD, END],
  blank: null,
  token(token) {
    if (token === PAD) return { symbol: '.', label: '', fill: '#F2F2F2', ink: LOOK.ink }
    if (token === END) return { symbol: '|', label: '', fill: '#D6D6D6', ink: LOOK.ink }
    const colour = ARC_COLOURS[token - FIRST_COLOUR]
    const symbol = colour === undefined ? '?' : String(token - FIRST_COLOUR)
    return { symbol, label: '', fill: colour ?? LOOK.white, ink: LOOK.white }
  },
}
