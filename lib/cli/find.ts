import { didYouMean } from '../options/nearest.js'
import { type Command, type CommandEntry, type CommandGroup, WrongUse } from './command.js'
import { commands } from './registry.js'

/** The command that a command line names. */
export interface Found {
  /** The words of its name, e.g. `data build`. */
  readonly path: readonly string[]
  readonly entry: CommandEntry
  readonly command: Command | CommandGroup
  /** The words after the command. */
  readonly rest: readonly string[]
}

/**
 * Finds and loads the command named by the first words.
 *
 * @param groupsToo whether the name of a group, such as `data`, is enough, as for help
 * @throws UserError (exit code 2) for an unknown command, with the most similar one.
 */
export async function findCommand(argv: readonly string[], groupsToo: boolean): Promise<Found> {
  const path: string[] = []
  let known = commands
  let argument: string | undefined
  for (;;) {
    const word = argv[path.length]
    const entry = word !== undefined && Object.hasOwn(known, word) ? known[word] : undefined
    if (word === undefined || !entry) throw unknownCommand(path, word, known, argument)
    path.push(word)
    const command = await entry.load()
    const next = argv[path.length]
    const isEnd = next === undefined || next.startsWith('-')
    const rest = argv.slice(path.length)
    if (!('commands' in command) || (groupsToo && isEnd)) return { path, entry, command, rest }
    if (command.alone && isEnd) return { path, entry, command: command.alone, rest }
    const isOther = next !== undefined && !Object.hasOwn(command.commands, next)
    if (command.otherwise && isOther) return { path, entry, command: command.otherwise, rest }
    known = command.commands
    argument = command.otherwise && argumentOf(entry, path)
  }
}

/** Returns the argument of a group's own command by its usage: `RUN|FILE` of `think RUN|FILE [key=value …]`. */
function argumentOf({ usage }: CommandEntry, path: readonly string[]): string | undefined {
  return usage.split(' ')[path.length]
}

function unknownCommand(
  path: readonly string[],
  word: string | undefined,
  known: Readonly<Record<string, CommandEntry>>,
  argument?: string,
): WrongUse {
  const names = path.length === 0 ? [...Object.keys(known), 'help'] : Object.keys(known)
  const isFlag = word?.startsWith('-') && path.length === 0
  const near =
    word === undefined
      ? undefined
      : isFlag
        ? didYouMean(word, ['--help', '--version'])
        : didYouMean(word, names, [...path, ''].join(' '))
  const what = argument === undefined ? 'a word' : `${argument} or a word`
  const expected = `${path.length === 0 ? 'a command' : `${what} after ${path.join(' ')}`} (${names.join(', ')})`
  const help = `See ${['recurlab', ...path, '--help'].join(' ')}.`
  return new WrongUse({ expected, found: word ?? 'nothing', todo: near ?? help })
}
