/** Token of an empty cell; in a puzzle, of a cell where an answer may place a queen. Token 0 is padding. */
export const EMPTY = 1

/** Token of a queen. */
export const QUEEN = 2

/** Symbols of tokens 1 and 2. */
export const SYMBOLS = ['.', 'Q'] as const

/** Vocabulary size: padding, empty and queen. */
export const VOCABULARY = SYMBOLS.length + 1
