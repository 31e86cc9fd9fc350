import { assembleDataset } from '../../data/assemble.js'
import type { Dataset } from '../../data/dataset.js'
import { generateSplits } from './generate.js'
import { planQueens, type QueensOptions } from './options.js'
import { queensAugment } from './symmetry.js'
import { VOCABULARY } from './tokens.js'

/** Builds a data set of n-queens completion; documented for cells in `experiment/data/make-data.ts`. */
export async function queens(options: QueensOptions = {}): Promise<Dataset> {
  const plan = planQueens(options)
  const { size, given, seed, dihedral } = plan
  const { train, test, all } = generateSplits(plan)
  const several = [train, test].map((list) => {
    let count = 0
    for (let i = 0; i < list.count; i++) if (list.at(i).rating > 1) count++
    return count
  })
  return assembleDataset(
    { train, test },
    {
      task: 'queens',
      options: {
        size,
        clues: given.length === 1 ? given[0] : null,
        train: train.count,
        test: test.count,
        augment: dihedral ? 'dihedral' : 'none',
        seed,
      },
      seed,
      source: { kind: 'generated' },
      vocabSize: VOCABULARY,
      seqLen: size * size,
      disjoint: dihedral
        ? `no puzzle occurs twice, in one split or across both, nor does a turned or mirrored twin of one (${all} there are)`
        : `no puzzle occurs twice, in one split or across both (split by unique input, of ${all} there are, as published); turned or mirrored twins of one may`,
      solutions: `every label is one completion, drawn among all of them; ${several[0]} training and ${several[1]} test puzzles have several (the rating counts them)`,
      augment: dihedral ? queensAugment(size) : null,
      augmentation: dihedral ? '8 turned and mirrored versions of each training puzzle' : 'none, as published',
    },
  )
}
