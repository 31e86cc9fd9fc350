import { type Dataset, type DatasetManifest, type Split, singles } from '../dataset.js'
import { datasetHash, describeFiles } from '../hash.js'
import { blankOnly } from '../identifiers.js'
import type { Puzzles } from '../puzzles.js'
import { mazesFromFiles } from './files.js'
import { generateMazes } from './generate.js'
import { type MazeOptions, planMaze } from './options.js'
import { dihedralAugment } from './symmetry.js'
import { PAD, VOCABULARY } from './tokens.js'

/**
 * A maze data set: generated as Maze-Hard was, or out of files. The same options (and files) give the same data set,
 * byte for byte.
 *
 * @example
 * const data = await maze({ size: 12, train: 200, test: 100, seed: 0 })
 * @throws UserError for wrong options, bad lines of a file, and more mazes than there are.
 */
export async function maze(options: MazeOptions = {}): Promise<Dataset> {
  const { size, seed, dihedral, source, stored } = planMaze(options)
  if (source.kind === 'generated') {
    const lists = generateMazes({ size, seed, ...source })
    const solutions = 'every label marks a shortest path (found by breadth-first search)'
    return assemble(size, dihedral, lists, {
      options: stored,
      seed,
      source: { kind: 'generated' },
      disjoint: DISJOINT,
      solutions,
    })
  }
  const { source: files, leftOut, ...lists } = await mazesFromFiles(size, source, seed)
  return assemble(size, dihedral, lists, {
    options: stored,
    seed,
    source: { kind: 'file', ...files },
    disjoint: leftOut > 0 ? `${DISJOINT} (${leftOut} left out for that)` : DISJOINT,
    solutions: 'every label marks a shortest path (checked by breadth-first search)',
  })
}

const DISJOINT = 'no maze occurs twice, in one split or across both, nor does a turned or mirrored twin of one'

function assemble(
  size: number,
  dihedral: boolean,
  lists: { train: Puzzles; test: Puzzles },
  about: Pick<DatasetManifest, 'options' | 'seed' | 'source' | 'disjoint' | 'solutions'>,
): Dataset {
  const train = splitOf(size, 'train', lists.train)
  const test = splitOf(size, 'test', lists.test)
  const manifest: DatasetManifest = {
    formatVersion: 1,
    task: 'maze',
    options: about.options,
    source: about.source,
    seed: about.seed,
    vocabSize: VOCABULARY,
    seqLen: size * size,
    padId: PAD,
    ignoreLabelId: PAD,
    blankId: 0,
    puzzleIdentifiers: 1,
    counts: { train: train.count, test: test.count },
    disjoint: about.disjoint,
    solutions: about.solutions,
    augmentation: dihedral ? DIHEDRAL_WORDS : NONE_WORDS,
    files: describeFiles(train, test),
  }
  return {
    manifest,
    hash: datasetHash(manifest),
    train,
    test,
    augment: dihedral ? dihedralAugment(size) : null,
    identifiers: blankOnly,
    testTasks: null,
  }
}

const DIHEDRAL_WORDS =
  'dihedral: 8 turned and mirrored versions of each training maze, as the paper counts them (the published README builds without)'
const NONE_WORDS = 'none, as the published README builds Maze-Hard (the paper counts 8 turned and mirrored versions)'

/** Mazes as a split; all share the one puzzle identifier 0. */
function splitOf(size: number, name: Split['name'], list: Puzzles): Split {
  const { count } = list
  const seqLen = size * size
  const inputs = new Uint8Array(count * seqLen)
  const labels = new Uint8Array(count * seqLen)
  const ratings = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const { clues, solution, rating } = list.at(i)
    inputs.set(clues, i * seqLen)
    labels.set(solution, i * seqLen)
    ratings[i] = rating
  }
  const puzzleIds = new Int32Array(count)
  const [puzzleStarts, groupStarts] = [singles(count), singles(count)]
  return { name, count, seqLen, inputs, labels, ratings, puzzleIds, puzzleStarts, groupStarts }
}
