import type { CommandGroup } from '../command.js'

/** `recurlab notebooks sync|refresh`. */
export const group: CommandGroup = {
  commands: {
    sync: {
      usage: 'notebooks sync [FILE …]',
      summary: 'Keep a text form (.ts) beside each notebook, in both directions.',
      load: async () => (await import('./notebooks/sync.js')).command,
    },
    refresh: {
      usage: 'notebooks refresh [FILE …]',
      summary: 'Execute notebooks and store their new outputs in them.',
      load: async () => (await import('./notebooks/refresh.js')).command,
    },
  },
  help: [],
  example: 'notebooks sync --check',
}
