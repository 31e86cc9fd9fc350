import { EMPTY, QUEEN } from './tokens.js'

/** The fault of an answer that does not complete a puzzle. */
export type QueensFault =
  /** A given queen is missing, or a cell holds padding. */
  | { readonly kind: 'removed' | 'padding'; readonly cell: number }
  /** Two queens attack each other. */
  | { readonly kind: 'attack'; readonly cells: readonly [number, number] }
  /** No two queens attack each other, but there are too few of them. */
  | { readonly kind: 'count'; readonly queens: number }

/**
 * Returns the first fault of an answer; null when it completes the puzzle: every given queen is kept, and of `size`
 * queens no two share a row, column or diagonal. Every completion is correct, whichever is stored.
 *
 * @param question `[size²]` tokens, `answer` alike
 */
export function queensFault(question: ArrayLike<number>, answer: ArrayLike<number>, size: number): QueensFault | null {
  const queens: number[] = []
  for (let cell = 0; cell < size * size; cell++) {
    const token = answer[cell]
    if (question[cell] === QUEEN && token !== QUEEN) return { kind: 'removed', cell }
    if (token === QUEEN) queens.push(cell)
    else if (token !== EMPTY) return { kind: 'padding', cell }
  }
  const cells = attack(queens, size)
  if (cells) return { kind: 'attack', cells }
  return queens.length === size ? null : { kind: 'count', queens: queens.length }
}

/** Returns, for each cell, whether its queen attacks another one: `[size²]`. */
export function attackers(tokens: ArrayLike<number>, size: number): boolean[] {
  const queens = Array.from({ length: size * size }, (_, cell) => cell).filter((cell) => tokens[cell] === QUEEN)
  const found = new Set(queens.filter((a) => queens.some((b) => a !== b && attacks(a, b, size))))
  return Array.from({ length: size * size }, (_, cell) => found.has(cell))
}

/** Returns two cells whose queens attack each other, or null. */
function attack(cells: readonly number[], size: number): [number, number] | null {
  for (const [i, a] of cells.entries()) for (const b of cells.slice(i + 1)) if (attacks(a, b, size)) return [a, b]
  return null
}

function attacks(a: number, b: number, size: number): boolean {
  const down = Math.floor(b / size) - Math.floor(a / size)
  const right = (b % size) - (a % size)
  return down === 0 || right === 0 || Math.abs(down) === Math.abs(right)
}
