import { withSpec } from '../../data/augmentation-spec.js'
import type { Augmentation } from '../../data/dataset.js'
import { streamFamily } from '../../data/streams.js'
import type { Random } from '../../random.js'
import type { GridSymmetry } from '../task.js'
import { type Box, geometry } from './box.js'
import { applySymmetry, drawSymmetry, identity } from './symmetry.js'
import { BLANK } from './tokens.js'

/** Returns a draw of one of the symmetries that {@link sudokuAugment} draws from. */
export function sudokuSymmetries(box: Box): (random: Random) => GridSymmetry {
  const grid = geometry(box)
  const inOrder = Uint8Array.from({ length: grid.cells }, (_, cell) => cell)
  return (random) => {
    const symmetry = identity(grid)
    drawSymmetry(random, grid, symmetry)
    const cells = new Uint8Array(grid.cells)
    applySymmetry(symmetry, grid, inOrder, 0, cells, 0, inOrder)
    const tokens = Uint8Array.from({ length: grid.side + 1 + BLANK }, (_, token) => token)
    for (let digit = 1; digit <= grid.side; digit++) tokens[digit + BLANK] = symmetry.digits[digit]! + BLANK
    return { cells, tokens }
  }
}

/**
 * Returns the augmentation of Sudoku: version `a` is the puzzle under a symmetry drawn from (seed, puzzle, a). Versions
 * are unlimited and share the puzzle's identifier.
 *
 * Source: the published Sudoku builder (`shuffle_sudoku`); 6×6 grids are not transposed, because their boxes are not
 * square.
 */
export function sudokuAugment(box: Box): Augmentation {
  const grid = geometry(box)
  const symmetry = identity(grid)
  const tokens = Uint8Array.from({ length: grid.side + 2 }, (_, token) => token)
  let streams = streamFamily(0, 'version')
  let streamsSeed = 0
  return withSpec(
    { task: 'sudoku', parts: { box } },
    {
      versions: () => null,
      puzzleId: (split, puzzle) => split.puzzleIds[puzzle]!,
      write(split, puzzle, version, seed, inputs, labels, offset) {
        const from = puzzle * grid.cells
        if (version === 0) {
          for (let cell = 0; cell < grid.cells; cell++) {
            inputs[offset + cell] = split.inputs[from + cell]!
            labels[offset + cell] = split.labels[from + cell]!
          }
          return
        }
        if (seed !== streamsSeed) {
          streams = streamFamily(seed, 'version')
          streamsSeed = seed
        }
        drawSymmetry(streams(puzzle, version), grid, symmetry)
        for (let digit = 1; digit <= grid.side; digit++) tokens[digit + BLANK] = symmetry.digits[digit]! + BLANK
        applySymmetry(symmetry, grid, split.inputs, from, inputs, offset, tokens)
        applySymmetry(symmetry, grid, split.labels, from, labels, offset, tokens)
      },
    },
  )
}
