import { Random } from '../../random.js'
import { mix } from '../streams.js'
import { dihedralWalk, TRANSFORMS } from './dihedral.js'
import { COLOURS, type FlatGrid, type FlatPair, gridHash, LARGEST } from './grid.js'
import { PERMUTATIONS } from './permutation.js'
import { coloursOf, transformOf, type VersionCode } from './version.js'

/** Draws for each version that is wanted, at most: a task of few colours has not as many. */
export const DRAWS_PER_VERSION = 5

/**
 * The versions of a task: itself (code 0), then up to `count` others in the order in which they were drawn, distinct as
 * whole puzzles. A pure function of (seed, name, content).
 */
export function drawVersions(
  task: { readonly name: string; readonly pairs: readonly FlatPair[] },
  count: number,
  seed: number,
): Int32Array {
  const codes = new Int32Array(count + 1)
  if (count === 0) return codes
  const content = task.pairs.flatMap(({ input, output }) => [gridHash(input), gridHash(output)])
  const random = Random.of(seed, 'arc versions', task.name, ...content)
  const hash = puzzleHasher(task.pairs)
  const seen = hashSet(count + 1)
  seen.add(hash(0))
  let found = 1
  for (let draw = 0; draw < DRAWS_PER_VERSION * count && found <= count; draw++) {
    const code = random.int(TRANSFORMS) * PERMUTATIONS + random.int(PERMUTATIONS)
    if (seen.add(hash(code))) codes[found++] = code
  }
  return codes.slice(0, found)
}

/**
 * The hash (two 32-bit halves) of a whole puzzle in a version, whatever the order of its pairs, without making it: for each
 * pair, transform and colour a hash of the positions of that colour is kept; a version's hash sums over colours and pairs.
 * The array that is returned is used again by the next call.
 */
export function puzzleHasher(pairs: readonly FlatPair[]): (code: VersionCode) => Int32Array {
  const tables = [positionTable(pairs, 0x2545f491), positionTable(pairs, 0x6c8e9cf5)]
  const present = new Uint8Array(pairs.length * COLOURS)
  pairs.forEach(({ input, output }, pair) => {
    for (const { cells } of [input, output]) for (const colour of cells) present[pair * COLOURS + colour] = 1
  })
  const shapes = new Int32Array(pairs.length * TRANSFORMS)
  pairs.forEach(({ input, output }, pair) => {
    for (let t = 0; t < TRANSFORMS; t++) shapes[pair * TRANSFORMS + t] = shapeOf(input, t) * 1024 + shapeOf(output, t)
  })
  const sum = new Int32Array(2)
  return (code) => {
    const transform = transformOf(code)
    const colours = coloursOf(code)
    for (let half = 0; half < 2; half++) {
      const table = tables[half]!
      let whole = 0
      for (let pair = 0; pair < pairs.length; pair++) {
        const from = (pair * TRANSFORMS + transform) * COLOURS
        let one = mix(shapes[pair * TRANSFORMS + transform]! + half)
        for (let colour = 0; colour < COLOURS; colour++)
          if (present[pair * COLOURS + colour])
            one = (one + mix(table[from + colour]! + Math.imul(colours[colour]! + 1, 0x9e3779b1))) | 0
        whole = (whole + mix(one)) | 0
      }
      sum[half] = whole
    }
    return sum
  }
}

function shapeOf({ rows, columns }: FlatGrid, transform: number): number {
  const walk = dihedralWalk(rows, columns, transform)
  return walk.rows * (LARGEST + 1) + walk.columns
}

/** `[pairs, transforms, colours]` sums of the hashes of the positions that a colour has, input and output together. */
function positionTable(pairs: readonly FlatPair[], salt: number): Int32Array {
  const table = new Int32Array(pairs.length * TRANSFORMS * COLOURS)
  pairs.forEach(({ input, output }, pair) => {
    for (let t = 0; t < TRANSFORMS; t++)
      for (const [grid, part] of [
        [input, 0],
        [output, 1],
      ] as const) {
        const { rows, columns, start, down, right } = dihedralWalk(grid.rows, grid.columns, t)
        const from = (pair * TRANSFORMS + t) * COLOURS
        for (let r = 0; r < rows; r++)
          for (let c = 0; c < columns; c++)
            table[from + grid.cells[start + r * down + c * right]!]! += mix((part * 1024 + r * 32 + c + 1) ^ salt)
      }
  })
  return table
}

/** A set of 64-bit hashes with room for `count`, by open addressing: a million are told apart a second. */
function hashSet(count: number): { add(hash: Int32Array): boolean } {
  const slots = 2 ** Math.ceil(Math.log2(count * 2 + 2))
  const halves = new Int32Array(slots * 2)
  const used = new Uint8Array(slots)
  return {
    add([low = 0, high = 0]) {
      for (let slot = low & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
        if (!used[slot]) {
          used[slot] = 1
          halves[2 * slot] = low
          halves[2 * slot + 1] = high
          return true
        }
        if (halves[2 * slot] === low && halves[2 * slot + 1] === high) return false
      }
    },
  }
}
