import { mix } from '../../data/streams.js'
import { Random } from '../../random.js'
import { dihedralWalk, TRANSFORMS } from './dihedral.js'
import { COLOURS, type FlatGrid, type FlatPair, gridHash, LARGEST } from './grid.js'
import { PERMUTATIONS } from './permutation.js'
import { coloursOf, transformOf, type VersionCode } from './version.js'

/** Maximum number of draws per version: a task of few colours has too few distinct versions. */
const DRAWS_PER_VERSION = 5

/**
 * Returns the versions of a task: itself (code 0), then up to `count` others in draw order, distinct as whole puzzles.
 * A pure function of (seed, name, content).
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
 * Returns a hasher of a whole puzzle in a version (two 32-bit halves), independent of the order of its pairs, without
 * computing the version: for each pair, transform, colour and new colour it stores a hash of the recoloured positions,
 * and a version's hash sums over colours and pairs. The next call overwrites the returned array.
 */
export function puzzleHasher(pairs: readonly FlatPair[]): (code: VersionCode) => Int32Array {
  const tables = pairs.map(pairTable)
  const sum = new Int32Array(2)
  return (code) => {
    const transform = transformOf(code)
    const colours = coloursOf(code)
    sum[0] = 0
    sum[1] = 0
    for (const { shapes, present, hashes } of tables) {
      let low = mix(shapes[transform]!)
      let high = mix(shapes[transform]! + 1)
      for (let i = 0; i < present.length; i++) {
        const entry = 2 * ((transform * present.length + i) * COLOURS + colours[present[i]!]!)
        low = (low + hashes[entry]!) | 0
        high = (high + hashes[entry + 1]!) | 0
      }
      sum[0] += mix(low)
      sum[1] += mix(high)
    }
    return sum
  }
}

/** Precomputed hashes of a pair. */
interface PairTable {
  /** `[transforms]` heights and widths of input and output. */
  readonly shapes: Int32Array
  /** Colours that occur. */
  readonly present: Uint8Array
  /** `[transforms, colours that occur, new colours, 2]` hashes of the positions of each recoloured colour. */
  readonly hashes: Int32Array
}

function pairTable({ input, output }: FlatPair): PairTable {
  const shapes = new Int32Array(TRANSFORMS)
  const positions = new Int32Array(TRANSFORMS * COLOURS * 2)
  for (let t = 0; t < TRANSFORMS; t++) {
    shapes[t] = addPositions(input, t, 0, positions) * 1024 + addPositions(output, t, 1024, positions)
  }
  const present = Uint8Array.from(new Set([...input.cells, ...output.cells]))
  const hashes = new Int32Array(TRANSFORMS * present.length * COLOURS * 2)
  let to = 0
  for (let t = 0; t < TRANSFORMS; t++)
    for (const colour of present)
      for (let becomes = 1; becomes <= COLOURS; becomes++)
        for (let half = 0; half < 2; half++)
          hashes[to++] = mix(positions[(t * COLOURS + colour) * 2 + half]! + Math.imul(becomes, 0x9e3779b1))
  return { shapes, present, hashes }
}

/**
 * Adds the hashes of each colour's positions in a grid under a transform.
 *
 * @param from number of the grid's first position: input and output have separate positions
 * @param sums `[transforms, colours, 2]`
 * @returns the transformed grid's shape as a number
 */
function addPositions(grid: FlatGrid, transform: number, from: number, sums: Int32Array): number {
  const { rows, columns, start, down, right } = dihedralWalk(grid.rows, grid.columns, transform)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) {
      const at = (transform * COLOURS + grid.cells[start + r * down + c * right]!) * 2
      const position = 2 * (from + r * 32 + c)
      sums[at]! += POSITIONS[position]!
      sums[at + 1]! += POSITIONS[position + 1]!
    }
  return rows * (LARGEST + 1) + columns
}

/** `[2 · 1024, 2]` hash of each position of input and output. */
const POSITIONS = Int32Array.from({ length: 4096 }, (_, i) => mix(mix(i + 1) ^ 0x2545f491))

/** Returns a set of 64-bit hashes with room for `count`, by open addressing, at a million insertions a second. */
function hashSet(count: number): { add(hash: Int32Array): boolean } {
  const slots = 2 ** Math.ceil(Math.log2(count * 2 + 2))
  const halves = new Int32Array(slots * 2)
  const used = new Uint8Array(slots)
  return {
    add(hash) {
      // By index: destructuring runs an iterator, which would dominate the cost.
      const low = hash[0]!
      const high = hash[1]!
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
