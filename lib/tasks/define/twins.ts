import { bytesHash, type Likeness, latin1 } from '../../data/puzzle-index.js'
import { mapped, type SymmetryGroup } from './group.js'

/**
 * The question that comes first in order among those that a group's maps make of one; the same for puzzles that are turned
 * into one another exactly where the group is whole.
 */
export function formUnder({ maps }: Pick<SymmetryGroup, 'maps'>, question: Uint8Array): Uint8Array {
  let least = question
  for (const { from, values } of maps) {
    // Most maps differ from the least in the first cells: no grid is made of those.
    let order = 0
    for (let cell = 0; cell < from.length && order === 0; cell++) order = values[question[from[cell]!]!]! - least[cell]!
    if (order < 0) least = mapped({ from, values }, question)
  }
  return least
}

/** Puzzles are twins when a map of the group turns the question of one into that of the other. */
export function twinsUnder(group: SymmetryGroup): Likeness {
  // A sample of a group makes no form that all twins share: then only copies are told.
  const form = ({ clues }: { readonly clues: Uint8Array }): Uint8Array =>
    group.whole ? formUnder(group, clues) : clues
  return { key: (puzzle) => bytesHash(form(puzzle)), form: (puzzle) => latin1(form(puzzle)) }
}
