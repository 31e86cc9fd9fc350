import type { Augmentation } from './dataset.js'

/** What an augmentation is made of, as data that another thread can be given. */
export type Recipe =
  | { readonly kind: 'sudoku'; readonly box: readonly [rows: number, columns: number] }
  | { readonly kind: 'dihedral'; readonly size: number }
  | {
      readonly kind: 'arc'
      readonly tasks: readonly string[]
      readonly taskOf: Int32Array
      readonly codeOf: Int32Array
      readonly seed: number
      readonly board: number
    }

/** Beside the augmentation, not in it: a copy that somebody changed must not pass for what it was. */
const recipes = new WeakMap<Augmentation, Recipe>()

/** The augmentation, with what it is made of. */
export function madeOf(recipe: Recipe, augment: Augmentation): Augmentation {
  recipes.set(augment, recipe)
  return augment
}

/** What an augmentation is made of; null for one that is not of this library. */
export function recipeOf(augment: Augmentation): Recipe | null {
  return recipes.get(augment) ?? null
}
