import { withSpec } from '../../data/augmentation-spec.js'
import type { Augmentation } from '../../data/dataset.js'
import { dihedralAugment } from '../maze/symmetry.js'

/** Returns the 8 rotated and reflected versions of each training puzzle and its answer, which remains a completion. */
export function queensAugment(size: number): Augmentation {
  return withSpec({ task: 'queens', parts: { size } }, { ...dihedralAugment(size) })
}
