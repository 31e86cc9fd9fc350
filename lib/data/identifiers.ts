import type { Identifiers } from './dataset.js'

/** Name of row 0 of every puzzle embedding. */
export const BLANK_IDENTIFIER = '<blank>'

/** Returns the identifiers for a list of names, with `<blank>` first. */
export function listedIdentifiers(names: readonly string[]): Identifiers {
  return {
    count: names.length,
    name(id) {
      const name = names[id]
      if (name === undefined) throw new RangeError(`no identifier ${id} among ${names.length}`)
      return name
    },
  }
}

/** Identifiers of a task whose puzzles all share row 0. */
export const blankOnly: Identifiers = listedIdentifiers([BLANK_IDENTIFIER])
