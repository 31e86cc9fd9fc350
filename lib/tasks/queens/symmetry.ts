import type { Augmentation } from '../../data/dataset.js'
import { madeOf } from '../../data/recipe.js'
import { dihedralAugment } from '../maze/symmetry.js'

/** Returns the 8 rotated and reflected versions of each training puzzle and its answer, which remains a completion. */
export function queensAugment(size: number): Augmentation {
  return madeOf({ task: 'queens', parts: { size } }, { ...dihedralAugment(size) })
}
