import type { FlatGrid } from '../grid.js'
import {
  at,
  between,
  blank,
  colours,
  copyOf,
  type Family,
  filled,
  make,
  paint,
  pick,
  put,
  sprinkled,
} from './canvas.js'

const gravity: Family = {
  name: 'gravity',
  about: 'all cells fall to one side',
  smallest: 3,
  rule(random, size) {
    const side = pick(random, ['down', 'up', 'right', 'left'] as const)
    const palette = colours(random, 3)
    return (random) => {
      const input = sprinkled(random, 3, size, 0.3, palette)
      return { input, output: fallen(input, side) }
    }
  },
}

const rays: Family = {
  name: 'rays',
  about: 'a line goes through every dot: along its row, its column, both or its diagonals',
  smallest: 4,
  rule(random, size) {
    const steps = pick(random, [
      [
        [0, 1],
        [0, -1],
      ],
      [
        [1, 0],
        [-1, 0],
      ],
      [[0, 1]],
      [[1, 0]],
      [
        [1, 1],
        [-1, -1],
      ],
      [
        [1, 1],
        [1, -1],
        [-1, 1],
        [-1, -1],
      ],
    ])
    const palette = colours(random, 3)
    return (random) => {
      const input = blank(random, 4, size)
      const output = copyOf(input)
      for (let dot = between(random, 1, 2); dot > 0; dot--) {
        const [r, c, colour] = [random.int(input.rows), random.int(input.columns), pick(random, palette)]
        put(input, r, c, colour)
        for (const [down = 0, right = 0] of steps)
          for (let i = 0; i < size; i++) put(output, r + i * down, c + i * right, colour)
      }
      // The dots of the input stay where lines cross.
      input.cells.forEach((colour, i) => {
        if (colour > 0) output.cells[i] = colour
      })
      return { input, output }
    }
  },
}

const connect: Family = {
  name: 'connect',
  about: 'two dots in one row (or column) are joined by a line',
  smallest: 3,
  rule(random, size) {
    const [dots, line] = colours(random, 2) as [number, number]
    const along = random.int(2) === 1
    const same = random.int(2) === 1
    return (random) => {
      const input = blank(random, 3, size)
      const output = copyOf(input)
      const [across, length] = along ? [input.rows, input.columns] : [input.columns, input.rows]
      for (let i = random.int(2); i < across; i += between(random, 2, 4)) {
        const from = random.int(length - 2)
        const to = between(random, from + 2, length - 1)
        for (let j = from; j <= to; j++) {
          const end = j === from || j === to
          const [r, c] = along ? [i, j] : [j, i]
          if (end) put(input, r, c, dots)
          put(output, r, c, end || same ? dots : line)
        }
      }
      return { input, output }
    }
  },
}

const bars: Family = {
  name: 'bars',
  about: 'bars that stand on the ground are put in order of their height',
  smallest: 3,
  rule(random, size) {
    const falling = random.int(2) === 1
    const [colour] = colours(random, 1) as [number]
    return (random) => {
      const { rows, columns } = blank(random, 3, size)
      const heights = Array.from({ length: columns }, () => random.int(rows + 1))
      const sorted = [...heights].sort((a, b) => (falling ? b - a : a - b))
      const draw = (of: readonly number[]): FlatGrid => make(rows, columns, (r, c) => (rows - r <= of[c]! ? colour : 0))
      return { input: draw(heights), output: draw(sorted) }
    }
  },
}

const stripes: Family = {
  name: 'stripes',
  about: 'the first row (or column) tells the colours of stripes over the whole grid',
  smallest: 3,
  rule(random, size) {
    const palette = colours(random, 5)
    const down = random.int(2) === 1
    const slanted = random.int(2) === 1
    return (random) => {
      const { rows, columns } = blank(random, 3, size)
      const length = down ? columns : rows
      const seed = Array.from({ length }, () => (random.float() < 0.7 ? pick(random, palette) : 0))
      seed[random.int(length)] = pick(random, palette)
      const colour = (along: number, across: number): number => seed[slanted ? (along + across) % length : along]!
      const input = make(rows, columns, (r, c) => (down ? (r === 0 ? seed[c]! : 0) : c === 0 ? seed[r]! : 0))
      return { input, output: make(rows, columns, (r, c) => (down ? colour(c, r) : colour(r, c))) }
    }
  },
}

const logic: Family = {
  name: 'logic',
  about: 'two halves on either side of a line are joined cell by cell: and, or, exclusive or, neither',
  smallest: 5,
  rule(random, size) {
    const [a, b, line, result] = colours(random, 4) as [number, number, number, number]
    const holds = pick(random, [
      (x: boolean, y: boolean) => x && y,
      (x: boolean, y: boolean) => x || y,
      (x: boolean, y: boolean) => x !== y,
      (x: boolean, y: boolean) => !x && !y,
    ])
    return (random) => {
      const columns = between(random, 2, Math.floor((size - 1) / 2))
      const rows = between(random, 2, size)
      const input = filled(rows, 2 * columns + 1)
      paint(input, 0, columns, rows, 1, line)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++) {
          if (random.int(2)) put(input, r, c, a)
          if (random.int(2)) put(input, r, columns + 1 + c, b)
        }
      const output = make(rows, columns, (r, c) =>
        holds(at(input, r, c) > 0, at(input, r, columns + 1 + c) > 0) ? result : 0,
      )
      return { input, output }
    }
  },
}

/** Families about rows, columns and lines. */
export const lineFamilies: readonly Family[] = [gravity, rays, connect, bars, stripes, logic]

/** Returns a grid whose cells have fallen to one side, in order. */
function fallen(grid: FlatGrid, side: 'down' | 'up' | 'right' | 'left'): FlatGrid {
  const { rows, columns } = grid
  const upright = side === 'down' || side === 'up'
  const [lines, length] = upright ? [columns, rows] : [rows, columns]
  const output = filled(rows, columns)
  for (let line = 0; line < lines; line++) {
    const cells = Array.from({ length }, (_, i) => (upright ? at(grid, i, line) : at(grid, line, i))).filter(
      (colour) => colour > 0,
    )
    const start = side === 'down' || side === 'right' ? length - cells.length : 0
    cells.forEach((colour, i) => {
      if (upright) put(output, start + i, line, colour)
      else put(output, line, start + i, colour)
    })
  }
  return output
}
