import type { Augmentation } from './dataset.js'

/** The plain data that an augmentation is made of, which another thread can be given. */
export interface Recipe {
  /** The task that makes it. */
  readonly task: string
  /** Read by that task alone; numbers, texts, arrays and objects of them. */
  readonly parts: unknown
}

/** Kept beside the augmentation, not in it: a copy that somebody changed must not pass for the original. */
const recipes = new WeakMap<Augmentation, Recipe>()

/** The augmentation, with its recipe noted. */
export function madeOf(recipe: Recipe, augment: Augmentation): Augmentation {
  recipes.set(augment, recipe)
  return augment
}

/** The recipe of an augmentation; null for one that only a function of this thread can make. */
export function recipeOf(augment: Augmentation): Recipe | null {
  return recipes.get(augment) ?? null
}
