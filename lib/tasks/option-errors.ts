import { UserError } from '../errors.js'

/** Returns the error for an option that excludes another one that was given. */
export function conflict(key: string, other: string): UserError {
  return new UserError({ where: `key ${key}`, expected: `${key} or ${other}`, found: 'both', exitCode: 2 })
}

/** Returns the error for an option that needs another one, which is missing. */
export function lacks(key: string, other: string): UserError {
  return new UserError({ where: `key ${key}`, expected: `${other} beside it`, found: 'it alone', exitCode: 2 })
}

/**
 * Returns the error for a data set without puzzles.
 *
 * @param puzzles their plural, e.g. `mazes`
 * @param found `0 of both`; `neither` when the number of a split follows from the other
 */
export function nothingAsked(puzzles: string, found: '0 of both' | 'neither'): UserError {
  return new UserError({
    where: 'keys train, test',
    expected: `a number of ${puzzles} for at least one split`,
    found,
    ...(found === 'neither' ? { todo: 'Puzzles that one split leaves go to the other.' } : {}),
    exitCode: 2,
  })
}
