import { visible } from './escape/visible.js'

/** The parts of a message that tells a user how to correct a mistake. */
export interface UserErrorParts {
  /** The valid input, e.g. `81 characters`. */
  expected: string
  /** The actual input, e.g. `80 characters`. */
  found: string
  /** The file, line, key or command at fault, e.g. `puzzles.csv, line 3`. */
  where?: string
  /** The remedy. */
  todo?: string
  /** 1: the work failed; 2: the command line is invalid. */
  exitCode?: 1 | 2
}

/**
 * An error caused by the user's input or the machine, not by a bug: printed as one message, without a stack trace.
 *
 * @example
 * throw new UserError({ where: 'a.csv, line 3', expected: '81 characters', found: '80', todo: 'Correct the line.' })
 */
export class UserError extends Error {
  override readonly name: string = 'UserError'
  readonly exitCode: 1 | 2
  /** The parts of the message; a message that was given as one text is `found`. */
  readonly parts: UserErrorParts

  constructor(parts: UserErrorParts | string, options?: ErrorOptions) {
    super(typeof parts === 'string' ? parts : describe(parts), options)
    this.parts = typeof parts === 'string' ? { expected: '', found: parts } : parts
    this.exitCode = typeof parts === 'string' ? 1 : (parts.exitCode ?? 1)
  }
}

/** Work that the user interrupted. The message says how far it got, what was saved, and how to resume it. */
export class Interrupted extends UserError {
  override readonly name = 'Interrupted'
}

function describe({ where, expected, found, todo }: UserErrorParts): string {
  return `${where ? `${shown(where)}: ` : ''}expected ${shown(expected)}, found ${shown(found)}.${todo ? ` ${shown(todo)}` : ''}`
}

/** Most characters of a part that a message repeats: what a file says can have millions. */
const LONGEST = 2000

function shown(part: string): string {
  return visible(part.length > LONGEST ? `${part.slice(0, LONGEST / 2)}… (${part.length} characters)` : part)
}
