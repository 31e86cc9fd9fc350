import type { Found } from './find.js'
import { commandLines, type HelpBlock, type HelpRow, helpWidth, layOut } from './help.js'
import { commandGroups } from './registry.js'

/** Returns the text of `recurlab --help`: every command in its group. */
export function overview(): string {
  const lists = Object.entries(commandGroups).map(([title, group]): HelpBlock => {
    const rows = Object.entries(group).map(([name, { summary }]): HelpRow => [name, summary])
    return { title, rows: title === 'Tools' ? [...rows, ['help COMMAND', 'Show how a command is used.']] : rows }
  })
  return layOut([
    'recurlab COMMAND …',
    'Recursive reasoning models: train, evaluate, compare, in notebooks and here.',
    ...lists,
    { title: 'Example', command: 'train sudoku-pocket T=2 n=2 trainSteps=20' },
    'recurlab COMMAND --help shows details; recurlab --version prints the version. Exit code: 0, 1 (failed), 2 (wrong usage) or 75 (stopped and saved: recurlab resume continues).',
  ])
}

/** Returns the text of `--help` for a command or a group of commands. */
export function helpOf({ path, entry, command }: Found): string {
  const lists: HelpBlock[] =
    'commands' in command
      ? [
          {
            title: 'Commands',
            rows: Object.entries(command.commands).map(([name, { summary }]) => [`${path.join(' ')} ${name}`, summary]),
          },
        ]
      : []
  return layOut([
    commandLines(`recurlab ${entry.usage}`, helpWidth()).join('\n'),
    entry.summary,
    ...lists,
    ...command.help,
    { title: 'Example', command: command.example },
    ...('commands' in command ? [`recurlab ${path.join(' ')} COMMAND --help shows details.`] : []),
  ])
}
