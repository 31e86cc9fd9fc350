import type { CommandGroup } from '../command.js'

/** `recurlab data build|fetch|info|export|solve`. */
export const group: CommandGroup = {
  commands: {
    build: {
      usage: 'data build TASK out=DIR [key=value …]',
      summary: 'Build a data set from generated puzzles or from files.',
      load: async () => (await import('./data/build.js')).command,
    },
    fetch: {
      usage: 'data fetch NAME',
      summary: 'Download the files of a published data set.',
      load: async () => (await import('./data/fetch.js')).command,
    },
    info: {
      usage: 'data info DIR [key=value …]',
      summary: 'Describe a data set, with a picture of one example.',
      load: async () => (await import('./data/info.js')).command,
    },
    export: {
      usage: 'data export DIR out=DIR2 [key=value …]',
      summary: 'Write a data set in the layout of the published builders.',
      load: async () => (await import('./data/export.js')).command,
    },
    solve: {
      usage: 'data solve FILE [key=value …]',
      summary: 'Solve every Sudoku of a file without a model.',
      load: async () => (await import('./data/solve-file.js')).command,
    },
  },
  help: [],
  example: 'data build sudoku box=2x2 clues=5 train=200 test=300 out=data/sudoku-4x4',
}
