import type { CommandGroup } from '../command.js'
import { command, help } from './think/record.js'

/** `recurlab think RUN|FILE …` and `recurlab think show|list`. */
export const group: CommandGroup = {
  commands: {
    show: {
      usage: 'think show RECORDING [key=value …]',
      summary: 'Show what a stored recording says, by any selector.',
      load: async () => (await import('./think/show.js')).command,
    },
    list: {
      usage: 'think list',
      summary: 'List the stored recordings.',
      load: async () => (await import('./think/list.js')).command,
    },
  },
  otherwise: command,
  help,
  example: 'think sudoku-6x6 depth=32 rollouts=16 noise=0.3 puzzles=200',
}
