import { UserError } from '../errors.js'
import { didYouMean } from '../options/nearest.js'
import type { HelpBlock } from './help.js'

/** A `recurlab` command, loaded when the command line names it. */
export interface Command {
  /** The help between the summary and the example; `helpOf` lays it out. */
  readonly help: readonly HelpBlock[]
  /** A valid command line, without `npx`. */
  readonly example: string
  /** `--name` options with a value (true) or without (false); includes `json` if the command prints a table. */
  readonly flags: Readonly<Record<string, boolean>>
  /** Whether `key=` without a value is allowed, as for the parameters of a notebook. Default false. */
  readonly emptyValues?: boolean
  /**
   * The line printed for a signal that comes before the command has something to save. Default: signals have their default effect, as a
   * command needs that computes without a turn of the event loop.
   */
  readonly onSignal?: string
  /**
   * Does the work. Resolves to the exit code: 0, 1 (failed), 69 (nobody to ask) or 75 (stopped and saved). Wrong usage is a
   * {@link UserError} with exitCode 2.
   */
  run(args: Args): number | Promise<number>
}

/** Commands under one word, such as `recurlab data build` and `recurlab data info`. */
export interface CommandGroup {
  /** The commands by their second word. */
  readonly commands: Readonly<Record<string, CommandEntry>>
  /** The command without a second word, as `recurlab weights`. */
  readonly alone?: Command
  /** The command for any other second word, as in `recurlab sweep PRESET`. */
  readonly otherwise?: Command
  /** The help below the list of commands. */
  readonly help: readonly HelpBlock[]
  readonly example: string
}

/** A line in the list of commands. */
export interface CommandEntry {
  /** The words after `recurlab`, e.g. `train PRESET [key=value …]`. */
  readonly usage: string
  /** One sentence. */
  readonly summary: string
  load(): Promise<Command | CommandGroup>
}

/** A parsed command line. */
export interface Args {
  /** Words after the command's name, neither options nor `key=value`. */
  readonly words: readonly string[]
  /** `key=value` pairs in order, each key once. */
  readonly pairs: ReadonlyMap<string, string>
  /** `--flag` (true) and `--flag value`. */
  readonly flags: ReadonlyMap<string, string | true>
}

/** Wrong usage of a command: exit code 2. */
export class WrongUse extends UserError {
  readonly #parts: { readonly expected: string; readonly found: string; readonly todo?: string }

  constructor(parts: { readonly expected: string; readonly found: string; readonly todo?: string }) {
    super({ where: 'command line', ...parts, exitCode: 2 })
    this.#parts = parts
  }

  /** Adds the command's help if the error does not say what to do. */
  withHelp(path: readonly string[]): WrongUse {
    return new WrongUse({ todo: `See ${['recurlab', ...path, '--help'].join(' ')}.`, ...this.#parts })
  }
}

/** Returns a {@link WrongUse} to throw. */
export function wrongUse(expected: string, found: string, todo?: string): WrongUse {
  return new WrongUse({ expected, found, ...(todo === undefined ? {} : { todo }) })
}

/** Includes letters of any script, so that a misspelt key is reported as an unknown key. */
const PAIR = /^[\p{L}_$][\p{L}\p{N}_$.-]*=/u

/**
 * Parses a command line.
 *
 * @throws UserError (exit code 2) for options that are unknown, repeated, or missing their value.
 */
export function parseArgs(
  argv: readonly string[],
  { flags, emptyValues = false }: Pick<Command, 'flags' | 'emptyValues'>,
): Args {
  const words: string[] = []
  const pairs = new Map<string, string>()
  const given = new Map<string, string | true>()
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i]!
    // Usually an empty shell variable.
    if (arg.trim() === '') throw wrongUse('non-empty words', JSON.stringify(arg))
    if (/^-+\p{L}/u.test(arg)) {
      const [name, inline] = splitOnce(arg.replace(/^-+/, ''), '=')
      const takesValue = arg.startsWith('--') && Object.hasOwn(flags, name) ? flags[name] : undefined
      if (takesValue === undefined) throw unknownFlag(arg, name, flags)
      if (given.has(name)) throw wrongUse(`--${name} once`, 'it twice')
      if (!takesValue) {
        if (inline !== undefined) throw wrongUse(`--${name} without a value`, arg)
        given.set(name, true)
      } else {
        const value = inline ?? argv[++i]
        if (value === undefined || value === '') throw wrongUse(`a value after --${name}`, 'none')
        if (inline === undefined && value.startsWith('--')) throw wrongUse(`a value after --${name}`, value)
        given.set(name, value)
      }
    } else if (PAIR.test(arg)) {
      const [key, value = ''] = splitOnce(arg, '=')
      if (pairs.has(key)) throw wrongUse(`${key}= once`, 'it twice')
      if (value === '' && !emptyValues) throw wrongUse(`a value after ${key}=`, 'none')
      pairs.set(key, value)
    } else words.push(arg)
  }
  return { words, pairs, flags: given }
}

/**
 * Returns the one word that a command takes, e.g. a run.
 *
 * @param what its description, e.g. `one run`
 * @throws UserError unless there is exactly one.
 */
export function oneWord(words: readonly string[], what: string): string {
  const [word, ...more] = words
  if (word !== undefined && more.length === 0) return word
  throw wrongUse(what, words.length === 0 ? 'none' : `${words.length}: ${words.join(' ')}`)
}

/** Refuses words for a command without any. @throws UserError */
export function noWords(words: readonly string[]): void {
  if (words.length > 0) throw wrongUse('no word', words.join(' '))
}

function unknownFlag(arg: string, name: string, flags: Command['flags']): UserError {
  const known = ['help', ...Object.keys(flags)]
  const [exact] = known.filter((flag) => flag === name)
  const near = exact === undefined ? didYouMean(name, known, '--') : `Did you mean --${exact}?`
  return wrongUse(`one of ${known.map((flag) => `--${flag}`).join(', ')}`, splitOnce(arg, '=')[0], near)
}

function splitOnce(text: string, at: string): [string, string | undefined] {
  const i = text.indexOf(at)
  return i < 0 ? [text, undefined] : [text.slice(0, i), text.slice(i + at.length)]
}
