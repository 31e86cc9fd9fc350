import { COLOURS, type FlatGrid } from '../grid.js'
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
  rectangles,
  sprinkled,
} from './canvas.js'

const recolour: Family = {
  name: 'recolour',
  about: 'every colour becomes another one',
  smallest: 3,
  rule(random, size) {
    const palette = colours(random, between(random, 2, 4))
    const turned = [...palette.slice(1), palette[0]!]
    return (random) => {
      const input = sprinkled(random, 3, size, 0.5, palette)
      const output = { ...input, cells: input.cells.map((colour) => turned[palette.indexOf(colour)] ?? colour) }
      return { input, output }
    }
  },
}

const enclosed: Family = {
  name: 'fill',
  about: 'what a frame encloses is filled',
  smallest: 4,
  rule(random, size) {
    const [frame, inside] = colours(random, 2) as [number, number]
    return (random) => {
      const input = blank(random, 4, size)
      const output = copyOf(input)
      for (const { r, c, rows, columns } of rectangles(random, input, between(random, 1, 3), 3, 6)) {
        for (const grid of [input, output]) paint(grid, r, c, rows, columns, frame)
        paint(input, r + 1, c + 1, rows - 2, columns - 2, 0)
        paint(output, r + 1, c + 1, rows - 2, columns - 2, inside)
      }
      return { input, output }
    }
  },
}

const cropped: Family = {
  name: 'crop',
  about: 'the one object of the colour in question is cut out',
  smallest: 4,
  rule(random, size) {
    const [target, ...others] = colours(random, 4) as [number, ...number[]]
    return (random) => {
      const input = blank(random, 4, size)
      const [first, ...rest] = rectangles(random, input, 3, 2, Math.max(2, Math.floor(size / 2)))
      for (const { r, c, rows, columns } of rest) paint(input, r, c, rows, columns, pick(random, others))
      const { r, c, rows, columns } = first!
      paint(input, r, c, rows, columns, target)
      // A hole can make the object unique.
      if (rows > 2 && columns > 2) put(input, r + between(random, 1, rows - 2), c + between(random, 1, columns - 2), 0)
      return { input, output: make(rows, columns, (i, j) => at(input, r + i, c + j)) }
    }
  },
}

const count: Family = {
  name: 'count',
  about: 'as many cells in a row as there are objects',
  smallest: 4,
  rule(random, size) {
    const [object, mark] = colours(random, 2) as [number, number]
    const upright = random.int(2) === 1
    return (random) => {
      const input = blank(random, 4, size)
      const placed = rectangles(random, input, between(random, 1, Math.min(5, size)), 1, 2)
      for (const { r, c, rows, columns } of placed) paint(input, r, c, rows, columns, object)
      return { input, output: upright ? filled(placed.length, 1, mark) : filled(1, placed.length, mark) }
    }
  },
}

const halo: Family = {
  name: 'halo',
  about: 'every dot gets a ring, a cross or corners',
  smallest: 3,
  rule(random, size) {
    const [dot, ring] = colours(random, 2) as [number, number]
    const kind = random.int(3)
    return (random) => {
      const input = blank(random, 3, size)
      for (const { r, c } of rectangles(random, input, between(random, 1, 4), 1, 1)) put(input, r, c, dot)
      const output = make(input.rows, input.columns, (r, c) => {
        if (at(input, r, c) > 0) return dot
        for (let i = -1; i <= 1; i++)
          for (let j = -1; j <= 1; j++) {
            const straight = i === 0 || j === 0
            if ((kind === 0 || (kind === 1) === straight) && at(input, r + i, c + j) === dot) return ring
          }
        return 0
      })
      return { input, output }
    }
  },
}

const majority: Family = {
  name: 'majority',
  about: 'the grid is filled with its most frequent colour, or only that colour is kept',
  smallest: 3,
  rule(random, size) {
    const palette = colours(random, 3)
    const kept = random.int(2) === 1
    return (random) => {
      const { rows, columns } = blank(random, 3, size)
      const input = make(rows, columns, () => pick(random, palette))
      const often = mostFrequent(input, pick(random, palette))
      return { input, output: make(rows, columns, (r, c) => (!kept || at(input, r, c) === often ? often : 0)) }
    }
  },
}

const denoise: Family = {
  name: 'denoise',
  about: 'specks of one colour are removed, objects stay',
  smallest: 4,
  rule(random, size) {
    const [noise, ...objects] = colours(random, 3) as [number, ...number[]]
    return (random) => {
      const output = blank(random, 4, size)
      for (const { r, c, rows, columns } of rectangles(random, output, between(random, 1, 3), 2, 4))
        paint(output, r, c, rows, columns, pick(random, objects))
      const input = copyOf(output)
      const specks = between(random, 1, 1 + Math.floor(input.cells.length / 12))
      for (let i = 0; i < specks; i++) {
        const cell = random.int(input.cells.length)
        if (output.cells[cell] === 0) input.cells[cell] = noise
      }
      return { input, output }
    }
  },
}

const marker: Family = {
  name: 'marker',
  about: 'objects take the colour of the one dot in the corner',
  smallest: 4,
  rule(random, size) {
    const [object, ...marks] = colours(random, 5) as [number, ...number[]]
    const right = random.int(2) === 1
    return (random) => {
      const plain = sprinkled(random, 4, size, 0.35, [object])
      const mark = pick(random, marks)
      const column = right ? plain.columns - 1 : 0
      const input = copyOf(plain)
      put(input, 0, column, mark)
      const output = { ...input, cells: input.cells.map((colour) => (colour === object ? mark : colour)) }
      return { input, output }
    }
  },
}

/** Families about objects and colours. */
export const objectFamilies: readonly Family[] = [recolour, enclosed, cropped, count, halo, majority, denoise, marker]

/** Returns the most frequent colour of a grid, after repainting cells in `winner` until one colour leads. */
function mostFrequent(grid: FlatGrid, winner: number): number {
  for (let i = 0; ; i++) {
    const counts = new Int32Array(COLOURS)
    for (const colour of grid.cells) counts[colour]!++
    const most = Math.max(...counts)
    if (counts.filter((n) => n === most).length === 1) return counts.indexOf(most)
    grid.cells[i] = winner
  }
}
