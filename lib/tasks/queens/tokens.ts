/** Token of an empty cell; in a puzzle, of a cell that an answer may put a queen in. Token 0 is padding. */
export const EMPTY = 1

/** Token of a queen. */
export const QUEEN = 2

/** Symbols of the tokens 1 and 2. */
export const SYMBOLS = ['.', 'Q'] as const

/** Tokens of a board: padding, empty and queen. */
export const VOCABULARY = SYMBOLS.length + 1
