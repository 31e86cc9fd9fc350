import type { Augmentation } from './dataset.js'

/** The serialisable specification of an augmentation, from which another thread rebuilds it. */
export interface Recipe {
  /** Name of the task that rebuilds it. */
  readonly task: string
  /** Arguments of that task: numbers, strings, arrays and plain objects. */
  readonly parts: unknown
}

// A side table, not a property: a modified copy of the augmentation must not inherit the specification.
const recipes = new WeakMap<Augmentation, Recipe>()

/** Records the specification of an augmentation, and returns the augmentation. */
export function madeOf(recipe: Recipe, augment: Augmentation): Augmentation {
  recipes.set(augment, recipe)
  return augment
}

/** Returns the specification of an augmentation; null for one that exists only as a function of this thread. */
export function recipeOf(augment: Augmentation): Recipe | null {
  return recipes.get(augment) ?? null
}
