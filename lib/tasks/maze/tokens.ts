/** Characters of a maze; the token of a character is its index plus one, 0 is padding. */
export const CHARACTERS = '# SGo'

/** Padding token, and the stored label that the loss ignores. */
const PAD = 0
export const WALL = 1
export const FREE = 2
export const START = 3
export const GOAL = 4
/** Token of a cell on the shortest path; in labels only. */
export const PATH = 5

/** Vocabulary size: padding and the {@link CHARACTERS}. */
export const VOCABULARY = CHARACTERS.length + 1

/**
 * Draws a maze or a label as text, one line per row: `#` wall, space free, `S` start, `G` goal, `o` path; `?` for any
 * other token.
 */
export function drawMaze(tokens: ArrayLike<number>, size: number): string {
  return Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (_, column) => symbol(tokens[row * size + column])).join(''),
  ).join('\n')
}

function symbol(token: number | undefined): string {
  return token === undefined || token === PAD ? '?' : (CHARACTERS[token - 1] ?? '?')
}
