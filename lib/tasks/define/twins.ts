import { bytesHash, type Likeness, latin1 } from '../../data/puzzle-index.js'
import { mapped, type SymmetryGroup } from './group.js'

/**
 * Returns the least question in order under the maps of a group; equal exactly for equivalent puzzles when the group is
 * complete.
 */
export function formUnder({ maps }: Pick<SymmetryGroup, 'maps'>, question: Uint8Array): Uint8Array {
  let least = question
  for (const { from, values } of maps) {
    // Most maps already differ from the least in the first cells, so their grids are not computed.
    let order = 0
    for (let cell = 0; cell < from.length && order === 0; cell++) order = values[question[from[cell]!]!]! - least[cell]!
    if (order < 0) least = mapped({ from, values }, question)
  }
  return least
}

/** Returns the equivalence under which puzzles are twins when a map of the group turns one question into the other. */
export function twinsUnder(group: SymmetryGroup): Likeness {
  // An incomplete group gives no canonical form: only copies are detected then.
  const form = ({ clues }: { readonly clues: Uint8Array }): Uint8Array =>
    group.whole ? formUnder(group, clues) : clues
  return { key: (puzzle) => bytesHash(form(puzzle)), form: (puzzle) => latin1(form(puzzle)) }
}
