import { type About, assembleDataset } from '../../data/assemble.js'
import type { Dataset } from '../../data/dataset.js'
import type { MakeOptions } from '../../data/progress.js'
import { mazesFromFiles } from './files.js'
import { generateMazes } from './generate.js'
import { type MazeOptions, planMaze } from './options.js'
import { dihedralAugment } from './symmetry.js'
import { VOCABULARY } from './tokens.js'

/** Builds a maze data set and reports progress to `make`; documented for cells in `experiment/data/make-data.ts`. */
export async function maze(options: MazeOptions = {}, make: MakeOptions = {}): Promise<Dataset> {
  const { size, seed, dihedral, source, stored } = planMaze(options)
  if (source.kind === 'generated') {
    const lists = await generateMazes({ size, seed, ...source }, make)
    const solutions = 'every label marks a shortest path (found by breadth-first search)'
    return assemble(size, dihedral, lists, {
      options: stored,
      seed,
      source: { kind: 'generated' },
      disjoint: DISJOINT,
      solutions,
    })
  }
  const { source: files, leftOut, ...lists } = await mazesFromFiles(size, source, seed, make)
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
  lists: Parameters<typeof assembleDataset>[0],
  about: Pick<About, 'options' | 'seed' | 'source' | 'disjoint' | 'solutions'>,
): Dataset {
  return assembleDataset(lists, {
    ...about,
    task: 'maze',
    vocabSize: VOCABULARY,
    seqLen: size * size,
    augment: dihedral ? dihedralAugment(size) : null,
    augmentation: dihedral ? DIHEDRAL_WORDS : NONE_WORDS,
  })
}

const DIHEDRAL_WORDS =
  'dihedral: 8 turned and mirrored versions of each training maze, as the paper counts them (the published README builds without)'
const NONE_WORDS = 'none, as the published README builds Maze-Hard (the paper counts 8 turned and mirrored versions)'
