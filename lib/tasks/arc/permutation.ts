import { COLOURS } from './grid.js'

/** Number of permutations of the colours 1…9; colour 0 is fixed. */
export const PERMUTATIONS = 362_880

let all: Uint8Array | null = null

/**
 * Returns permutation number `rank` in lexicographic order, `[10]`: colour c becomes element c. The result is a view
 * into a table of all permutations, built on first use.
 */
export function permutationOf(rank: number): Uint8Array {
  if (!(Number.isInteger(rank) && rank >= 0 && rank < PERMUTATIONS)) throw new RangeError(`no permutation ${rank}`)
  all ??= allPermutations()
  return all.subarray(rank * COLOURS, (rank + 1) * COLOURS)
}

let digits: string | null = null

/** Returns permutation number `rank` as its ten digits: `0123456789` for rank 0. */
export function permutationText(rank: number): string {
  if (!(Number.isInteger(rank) && rank >= 0 && rank < PERMUTATIONS)) throw new RangeError(`no permutation ${rank}`)
  // Sliced from one text of all permutations: joining ten digits for each of a million names takes four times as long.
  all ??= allPermutations()
  digits ??= Buffer.from(all.map((colour) => 48 + colour)).toString('latin1')
  return digits.slice(rank * COLOURS, (rank + 1) * COLOURS)
}

/** Returns the rank of a permutation; null when the map is not a permutation that fixes 0. */
export function permutationRank(map: ArrayLike<number>): number | null {
  if (map.length !== COLOURS || map[0] !== 0) return null
  let used = 1
  let rank = 0
  for (let i = 1; i < COLOURS; i++) {
    const colour = map[i]!
    if (!(colour >= 1 && colour < COLOURS) || used & (1 << colour)) return null
    let smaller = 0
    for (let c = 1; c < colour; c++) if (!(used & (1 << c))) smaller++
    rank = rank * (COLOURS - i) + smaller
    used |= 1 << colour
  }
  return rank
}

/** Returns the inverse of a permutation, as a new array. */
export function invertPermutation(map: Uint8Array): Uint8Array {
  const inverse = new Uint8Array(COLOURS)
  map.forEach((to, from) => {
    inverse[to] = from
  })
  return inverse
}

function allPermutations(): Uint8Array {
  const table = new Uint8Array(PERMUTATIONS * COLOURS)
  const current = Uint8Array.from({ length: COLOURS }, (_, colour) => colour)
  for (let at = 0; ; at += COLOURS) {
    table.set(current, at)
    if (!advance(current)) return table
  }
}

/** Advances to the next permutation in lexicographic order, in place; returns false after the last one. */
function advance(p: Uint8Array): boolean {
  let i = p.length - 2
  while (i >= 1 && p[i]! > p[i + 1]!) i--
  if (i < 1) return false
  let j = p.length - 1
  while (p[j]! < p[i]!) j--
  swap(p, i, j)
  for (let a = i + 1, b = p.length - 1; a < b; a++, b--) swap(p, a, b)
  return true
}

function swap(p: Uint8Array, i: number, j: number): void {
  const kept = p[i]!
  p[i] = p[j]!
  p[j] = kept
}
