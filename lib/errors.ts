/** What a person needs in order to mend a mistake of theirs. */
export interface UserErrorParts {
  /** What would have been right, e.g. `81 characters`. */
  expected: string
  /** What was there instead, e.g. `80 characters`. */
  found: string
  /** File, line, key or command where it was found, e.g. `puzzles.csv, line 3`. */
  where?: string
  /** What to do about it. */
  todo?: string
  /** 1: the work failed; 2: the command was used wrongly. */
  exitCode?: 1 | 2
}

/**
 * A mistake of the user's, or of the machine: printed as one message, never with a stack trace.
 *
 * @example
 * throw new UserError({ where: 'a.csv, line 3', expected: '81 characters', found: '80', todo: 'Mend the line.' })
 */
export class UserError extends Error {
  override readonly name: string = 'UserError'
  readonly exitCode: 1 | 2

  constructor(parts: UserErrorParts | string, options?: ErrorOptions) {
    super(typeof parts === 'string' ? parts : describe(parts), options)
    this.exitCode = typeof parts === 'string' ? 1 : (parts.exitCode ?? 1)
  }
}

/** Work that the user has stopped. The message says how far it got, what was kept, and how it goes on. */
export class Interrupted extends UserError {
  override readonly name = 'Interrupted'
}

function describe({ where, expected, found, todo }: UserErrorParts): string {
  return `${where ? `${where}: ` : ''}expected ${expected}, found ${found}.${todo ? ` ${todo}` : ''}`
}
