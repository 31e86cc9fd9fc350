import { csvOptions, type Download } from '../downloads.js'

/** Published data sets of mazes, by name. */
export const mazeDownloads: Readonly<Record<string, Download>> = {
  'maze-hard': {
    kind: 'hub',
    title: 'Maze-Hard',
    repository: 'sapientinc/maze-30x30-hard-1k',
    files: ['train.csv', 'test.csv'],
    build: (dir) => `size=30 ${csvOptions(dir)} out=data/maze-30x30-hard-1k`,
  },
}
