import type { Augmentation, Batch } from '../data/dataset.js'
import type { Recipe } from '../data/recipe.js'
import { type SamplerState, trainingBatches } from '../data/sampler.js'
import { arcAugment } from '../tasks/arc/augment.js'
import { arcIdentifiers } from '../tasks/arc/identifiers.js'
import { dihedralAugment } from '../tasks/maze/symmetry.js'
import { sudokuAugment } from '../tasks/sudoku/augment.js'
import { COUNTERS, type Preparation } from './ahead.js'

/** Batches that wait at most. */
const AHEAD = 2

/** Prepares batches from the position on that it is sent, without end, and never more than `AHEAD` before they are taken. */
export function prepareBatches({ data, recipe, options, counters, port }: Preparation): void {
  const batches = trainingBatches({ ...data, augment: recipe && augmentOf(recipe) }, options)
  port.once('message', (position: SamplerState) => {
    batches.restore(position)
    for (let made = 1; ; made++) {
      const batch = batches.next()
      port.postMessage({ batch, state: batches.state() }, buffersOf(batch))
      Atomics.add(counters, COUNTERS.made, 1)
      Atomics.notify(counters, COUNTERS.made)
      for (;;) {
        const taken = Atomics.load(counters, COUNTERS.taken)
        if (made - taken < AHEAD) break
        Atomics.wait(counters, COUNTERS.taken, taken)
      }
    }
  })
  Atomics.store(counters, COUNTERS.ready, 1)
}

function augmentOf(recipe: Recipe): Augmentation {
  if (recipe.kind === 'sudoku') return sudokuAugment(recipe.box)
  if (recipe.kind === 'dihedral') return dihedralAugment(recipe.size)
  const { tasks, taskOf, codeOf, seed, board } = recipe
  return arcAugment({ identifiers: arcIdentifiers(tasks, taskOf, codeOf), seed, board })
}

function buffersOf({ inputs, labels, puzzleIds, rows, versions }: Batch): ArrayBuffer[] {
  return [inputs, labels, puzzleIds, rows, versions].map(({ buffer }) => buffer as ArrayBuffer)
}
