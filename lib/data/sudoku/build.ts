import { type Dataset, type DatasetManifest, type Split, singles } from '../dataset.js'
import { datasetHash, describeFiles } from '../hash.js'
import { blankOnly } from '../identifiers.js'
import type { Puzzles } from '../puzzles.js'
import { sudokuAugment } from './augment.js'
import type { Geometry } from './box.js'
import { type SudokuSplits, sudokusFromFiles } from './files.js'
import { generateSplits } from './generate.js'
import { planSudoku, type SudokuOptions } from './options.js'
import { PAD, toTokens, vocabularySize } from './tokens.js'
import { type Sameness, samenessFor } from './twins.js'

/**
 * A Sudoku data set: generated, or out of files. The same options (and files) give the same data set, byte for byte.
 *
 * @example
 * const data = await sudoku({ box: [2, 2], clues: 5, train: 200, test: 300, seed: 0 })
 * @throws UserError for wrong options, bad lines of a file, and more puzzles than there are.
 */
export async function sudoku(options: SudokuOptions = {}): Promise<Dataset> {
  const { grid, seed, source, stored } = planSudoku(options)
  if (source.kind === 'generated') {
    const splits = generateSplits(grid, { ...source, seed })
    return assemble(grid, splits, {
      options: stored,
      seed,
      source: { kind: 'generated' },
      disjoint: describeDisjoint(samenessFor(grid), 0),
      solutions: 'every puzzle has exactly one solution (checked by solving)',
    })
  }
  const splits = await sudokusFromFiles(grid, source, seed)
  return assemble(grid, splits, {
    options: stored,
    seed,
    source: { kind: 'file', ...splits.source },
    disjoint: describeDisjoint(splits.sameness, splits.leftOut),
    solutions: describeSolutions(splits),
  })
}

function assemble(
  grid: Geometry,
  lists: { train: Puzzles; test: Puzzles },
  about: Pick<DatasetManifest, 'options' | 'seed' | 'source' | 'disjoint' | 'solutions'>,
): Dataset {
  const train = splitOf(grid, 'train', lists.train)
  const test = splitOf(grid, 'test', lists.test)
  const manifest: DatasetManifest = {
    formatVersion: 1,
    task: 'sudoku',
    options: about.options,
    source: about.source,
    seed: about.seed,
    vocabSize: vocabularySize(grid.box),
    seqLen: grid.cells,
    padId: PAD,
    ignoreLabelId: PAD,
    blankId: 0,
    puzzleIdentifiers: 1,
    counts: { train: train.count, test: test.count },
    disjoint: about.disjoint,
    solutions: about.solutions,
    files: describeFiles(train, test),
  }
  return {
    manifest,
    hash: datasetHash(manifest),
    train,
    test,
    augment: sudokuAugment(grid.box),
    identifiers: blankOnly,
    testTasks: null,
  }
}

/** Puzzles as tokens; all share the one puzzle identifier 0. */
function splitOf({ cells }: Geometry, name: Split['name'], list: Puzzles): Split {
  const { count } = list
  const inputs = new Uint8Array(count * cells)
  const labels = new Uint8Array(count * cells)
  const ratings = new Float64Array(count)
  for (let i = 0; i < count; i++) {
    const { clues, solution, rating } = list.at(i)
    inputs.set(toTokens(clues), i * cells)
    labels.set(toTokens(solution), i * cells)
    ratings[i] = rating
  }
  const puzzleIds = new Int32Array(count)
  const [puzzleStarts, groupStarts] = [singles(count), singles(count)]
  return { name, count, seqLen: cells, inputs, labels, ratings, puzzleIds, puzzleStarts, groupStarts }
}

function describeDisjoint(sameness: Sameness, leftOut: number): string {
  const held =
    sameness === 'twins'
      ? 'no puzzle occurs twice, in one split or across both, nor does a relabelled or permuted twin of one'
      : 'no puzzle occurs twice, in one split or across both; relabelled or permuted twins may occur (too few classes, or too many rows, to tell them apart)'
  return leftOut > 0 ? `${held} (${leftOut} left out for that)` : held
}

function describeSolutions({ solved }: SudokuSplits): string {
  return solved
    ? 'every puzzle has exactly one solution (checked by solving)'
    : 'every answer is valid and fits its puzzle; whether it is the only one was not checked in splits of more than 20,000'
}
