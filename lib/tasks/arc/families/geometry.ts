import { dihedral, TRANSFORM_NAMES } from '../dihedral.js'
import type { FlatGrid } from '../grid.js'
import { at, between, colours, type Family, filled, make, pick, put, sprinkled } from './canvas.js'

const mirror: Family = {
  name: 'mirror',
  about: `the grid is turned or flipped: ${TRANSFORM_NAMES.slice(1).join('; ')}`,
  smallest: 3,
  rule(random, size) {
    const transform = between(random, 1, 7)
    const palette = colours(random, 4)
    return (random) => {
      const input = sprinkled(random, 2, size, 0.5, palette)
      return { input, output: dihedral(input, transform) }
    }
  },
}

const symmetry: Family = {
  name: 'symmetry',
  about: 'the mirror image is put beside the grid, or below it',
  smallest: 4,
  rule(random, size) {
    const palette = colours(random, 3)
    const below = random.int(2) === 1
    const first = random.int(2) === 1
    return (random) => {
      const input = sprinkled(random, 2, Math.floor(size / 2), 0.6, palette)
      const image = dihedral(input, below ? 5 : 4)
      const [a, b] = first ? [image, input] : [input, image]
      return { input, output: below ? stacked(a, b) : sideBySide(a, b) }
    }
  },
}

const scale: Family = {
  name: 'scale',
  about: 'every cell becomes a block of k × k',
  smallest: 4,
  rule(random, size) {
    const k = between(random, 2, Math.min(4, Math.floor(size / 2)))
    const palette = colours(random, 4)
    return (random) => {
      const input = sprinkled(random, 2, Math.max(2, Math.floor(size / k)), 0.6, palette)
      const output = make(input.rows * k, input.columns * k, (r, c) => at(input, Math.floor(r / k), Math.floor(c / k)))
      return { input, output }
    }
  },
}

const tile: Family = {
  name: 'tile',
  about: 'the grid is repeated a × b times; every other copy may be flipped',
  smallest: 4,
  rule(random, size) {
    const most = Math.min(3, Math.floor(size / 2))
    const [down, right] = pick(
      random,
      most < 3
        ? [
            [1, 2],
            [2, 1],
            [2, 2],
          ]
        : [
            [1, 2],
            [2, 1],
            [2, 2],
            [3, 1],
            [1, 3],
            [3, 3],
          ],
    )
    const flipped = random.int(2) === 1
    const palette = colours(random, 4)
    const [a, b] = [down!, right!]
    return (random) => {
      const input = sprinkled(random, 2, Math.floor(size / Math.max(a, b)), 0.6, palette)
      const { rows, columns } = input
      const output = make(rows * a, columns * b, (r, c) => {
        const column = flipped && Math.floor(c / columns) % 2 === 1 ? columns - 1 - (c % columns) : c % columns
        const row = flipped && Math.floor(r / rows) % 2 === 1 ? rows - 1 - (r % rows) : r % rows
        return at(input, row, column)
      })
      return { input, output }
    }
  },
}

const shift: Family = {
  name: 'shift',
  about: 'all cells move by the same step, around the edge or over it',
  smallest: 3,
  rule(random, size) {
    const [down, right] = pick(random, [
      [0, 1],
      [1, 0],
      [0, -1],
      [-1, 0],
      [1, 1],
      [1, -1],
      [0, 2],
      [2, 0],
    ])
    const around = random.int(2) === 1
    const palette = colours(random, 3)
    return (random) => {
      const input = sprinkled(random, 3, size, 0.3, palette)
      const { rows, columns } = input
      const output = make(rows, columns, (r, c) => {
        const [fromRow, fromColumn] = [r - down!, c - right!]
        if (around) return at(input, (fromRow + 2 * rows) % rows, (fromColumn + 2 * columns) % columns)
        return Math.max(0, at(input, fromRow, fromColumn))
      })
      return { input, output }
    }
  },
}

const quarter: Family = {
  name: 'quarter',
  about: 'one quarter of the grid is kept',
  smallest: 4,
  rule(random, size) {
    const [low, left] = [random.int(2), random.int(2)]
    const palette = colours(random, 4)
    return (random) => {
      const half = Math.floor(size / 2)
      const [rows, columns] = [between(random, 1, half), between(random, 2, half)]
      const input = filled(rows * 2, columns * 2)
      for (let i = 0; i < input.cells.length; i++)
        if (random.float() < 0.7) put(input, Math.floor(i / (2 * columns)), i % (2 * columns), pick(random, palette))
      return { input, output: make(rows, columns, (r, c) => at(input, r + low * rows, c + left * columns)) }
    }
  },
}

/** Families that move whole grids. */
export const geometryFamilies: readonly Family[] = [mirror, symmetry, scale, tile, shift, quarter]

function sideBySide(a: FlatGrid, b: FlatGrid): FlatGrid {
  return make(a.rows, a.columns + b.columns, (r, c) => (c < a.columns ? at(a, r, c) : at(b, r, c - a.columns)))
}

function stacked(a: FlatGrid, b: FlatGrid): FlatGrid {
  return make(a.rows + b.rows, a.columns, (r, c) => (r < a.rows ? at(a, r, c) : at(b, r - a.rows, c)))
}
