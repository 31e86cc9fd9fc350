import type { Augmentation } from './dataset.js'

/** The serialisable specification of an augmentation, from which another thread rebuilds it. */
export interface AugmentationSpec {
  /** Name of the task that rebuilds it. */
  readonly task: string
  /** Arguments of that task: numbers, strings, arrays and plain objects. */
  readonly parts: unknown
}

// A side table, not a property: a modified copy of the augmentation must not inherit the specification.
const specs = new WeakMap<Augmentation, AugmentationSpec>()

/** Records the specification of an augmentation, and returns the augmentation. */
export function withSpec(spec: AugmentationSpec, augment: Augmentation): Augmentation {
  specs.set(augment, spec)
  return augment
}

/** Returns the specification of an augmentation; null for one that exists only as a function of this thread. */
export function specOf(augment: Augmentation): AugmentationSpec | null {
  return specs.get(augment) ?? null
}
