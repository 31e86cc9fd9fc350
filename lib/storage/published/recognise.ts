import { VOCABULARY as ARC_VOCABULARY } from '../../tasks/arc/encode.js'
import { LARGEST } from '../../tasks/arc/grid.js'
import { VOCABULARY as MAZE_VOCABULARY, PATH } from '../../tasks/maze/tokens.js'
import { type Box, geometry } from '../../tasks/sudoku/box.js'
import { isSolvedGrid } from '../../tasks/sudoku/tokens.js'
import type { PublishedFields } from './fields.js'

/** What the numbers of a published folder say about its task. */
export interface Recognised {
  readonly task: 'sudoku' | 'maze' | 'arc' | 'tokens'
  /** Options that the task's own data sets have in their manifest. */
  readonly options: Readonly<Record<string, unknown>>
}

const SUDOKU: readonly (readonly [name: string, box: Box])[] = [
  ['3x3', [3, 3]],
  ['2x3', [2, 3]],
  ['2x2', [2, 2]],
]

/**
 * The task of a published folder, which names none: by vocabulary and length. A maze of 4×4 and a Sudoku of 4×4 have both
 * in common, and are told apart by the first answer.
 *
 * @param answer `[seqLen]` tokens of the first label, or null where there is none
 */
export function recognise(fields: PublishedFields, answer: Uint8Array | null): Recognised {
  const { vocab_size: vocabulary, seq_len: cells } = fields
  for (const [name, box] of SUDOKU) {
    const grid = geometry(box)
    if (grid.cells !== cells || grid.side + 2 !== vocabulary) continue
    const isMaze =
      vocabulary === MAZE_VOCABULARY &&
      answer !== null &&
      !isSolvedGrid(
        answer.map((t) => t - 1),
        box,
      )
    if (!isMaze) return { task: 'sudoku', options: { box: name } }
  }
  const side = Math.sqrt(cells)
  if (vocabulary === MAZE_VOCABULARY && Number.isInteger(side)) return { task: 'maze', options: { size: side } }
  if (vocabulary === ARC_VOCABULARY && cells === LARGEST ** 2) return { task: 'arc', options: {} }
  return { task: 'tokens', options: {} }
}

/** Difficulty of each example: for a maze the cells of its path, S and G counted; 0 where none is known. */
export function ratingsOf(task: Recognised['task'], labels: Uint8Array, seqLen: number): Float64Array {
  const ratings = new Float64Array(labels.length / seqLen)
  if (task !== 'maze') return ratings
  for (let i = 0; i < ratings.length; i++) {
    let cells = 2
    for (let at = i * seqLen; at < (i + 1) * seqLen; at++) if (labels[at] === PATH) cells++
    ratings[i] = cells
  }
  return ratings
}
