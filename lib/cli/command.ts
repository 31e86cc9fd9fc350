import { UserError } from '../errors.js'

/** One `recurlab` command. */
export interface Command {
  /** What follows `recurlab`, e.g. `train PRESET key=value …`. */
  readonly usage: string
  /** One line for the list of commands. */
  readonly summary: string
  /** The rest of the help: every option with its default and an example. */
  readonly help: string
  /** `--name` options that take a value (true) or none (false); `json`, where the command prints a table, is one of them. */
  readonly flags: Readonly<Record<string, boolean>>
  /** Does the work. Resolves to the exit code: 0, or 1 (failed). Wrong use is a {@link UserError} with exitCode 2. */
  run(args: Args): Promise<number>
}

/** A command line, taken apart. */
export interface Args {
  /** Words that are neither options nor `key=value`. */
  readonly words: readonly string[]
  /** `key=value` pairs in order; a key given twice is refused before this. */
  readonly pairs: ReadonlyMap<string, string>
  /** `--flag` (true) and `--flag value`. */
  readonly flags: ReadonlyMap<string, string | true>
}

/** Takes a command line apart. @throws UserError (exit code 2) for unknown or repeated options. */
export function parseArgs(argv: readonly string[], flags: Command['flags']): Args {
  const words: string[] = []
  const pairs = new Map<string, string>()
  const given = new Map<string, string | true>()
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!
    if (arg.startsWith('--')) {
      const [name, inline] = splitOnce(arg.slice(2), '=')
      const takesValue = flags[name]
      if (takesValue === undefined) throw wrongUse(`one of ${listFlags(flags)}`, `--${name}`)
      if (!takesValue) given.set(name, true)
      else {
        const value = inline ?? argv[++i]
        if (value === undefined) throw wrongUse(`a value after --${name}`, 'the end of the line')
        given.set(name, value)
      }
    } else if (/^[A-Za-z][A-Za-z0-9.]*=/.test(arg)) {
      const [key, value] = splitOnce(arg, '=')
      if (pairs.has(key)) throw wrongUse(`${key} once`, 'it twice')
      pairs.set(key, value ?? '')
    } else words.push(arg)
  }
  return { words, pairs, flags: given }
}

/** A {@link UserError} that exits with 2. */
export function wrongUse(expected: string, found: string, todo = 'See --help.'): UserError {
  return new UserError({ where: 'command line', expected, found, todo, exitCode: 2 })
}

function listFlags(flags: Command['flags']): string {
  return ['help', ...Object.keys(flags)].map((name) => `--${name}`).join(', ')
}

function splitOnce(text: string, at: string): [string, string | undefined] {
  const i = text.indexOf(at)
  return i < 0 ? [text, undefined] : [text.slice(0, i), text.slice(i + at.length)]
}
