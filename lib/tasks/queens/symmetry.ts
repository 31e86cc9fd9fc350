import type { Augmentation } from '../../data/dataset.js'
import { madeOf } from '../../data/recipe.js'
import { dihedralAugment } from '../maze/symmetry.js'

/** The 8 turned and mirrored versions of each training puzzle and its answer: a completion stays one. */
export function queensAugment(size: number): Augmentation {
  return madeOf({ task: 'queens', parts: { size } }, { ...dihedralAugment(size) })
}
