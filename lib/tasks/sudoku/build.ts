import { type About, assembleDataset } from '../../data/assemble.js'
import type { Dataset } from '../../data/dataset.js'
import type { MakeOptions } from '../../data/progress.js'
import { sudokuAugment } from './augment.js'
import type { Geometry } from './box.js'
import { type SudokuSplits, sudokusFromFiles } from './files.js'
import { generateSplits } from './generate.js'
import { planSudoku, type SudokuOptions } from './options.js'
import { toTokens, vocabularySize } from './tokens.js'
import { type Sameness, samenessFor } from './twins.js'

/** Builds a Sudoku data set and reports progress to `make`; documented for cells in `experiment/data/make-data.ts`. */
export async function sudoku(options: SudokuOptions = {}, make: MakeOptions = {}): Promise<Dataset> {
  const { grid, seed, source, stored } = planSudoku(options)
  if (source.kind === 'generated') {
    const splits = await generateSplits(grid, { ...source, seed }, make)
    return assemble(grid, splits, {
      options: stored,
      seed,
      source: { kind: 'generated' },
      disjoint: describeDisjoint(samenessFor(grid), 0),
      solutions: 'every puzzle has exactly one solution (checked by solving)',
    })
  }
  const splits = await sudokusFromFiles(grid, source, seed, make)
  return assemble(grid, splits, {
    options: stored,
    seed,
    source: { kind: 'file', ...splits.source },
    disjoint: describeDisjoint(splits.sameness, splits.leftOut),
    solutions: describeSolutions(splits),
  })
}

function assemble(
  { box, cells }: Geometry,
  lists: Parameters<typeof assembleDataset>[0],
  about: Pick<About, 'options' | 'seed' | 'source' | 'disjoint' | 'solutions'>,
): Dataset {
  return assembleDataset(lists, {
    ...about,
    task: 'sudoku',
    vocabSize: vocabularySize(box),
    seqLen: cells,
    augment: sudokuAugment(box),
    toTokens,
  })
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
