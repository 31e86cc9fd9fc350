import { csvOptions, type Download } from '../downloads.js'

/** Published data sets of Sudokus, by name. */
export const sudokuDownloads: Readonly<Record<string, Download>> = {
  'sudoku-extreme': {
    kind: 'hub',
    title: 'Sudoku-Extreme',
    repository: 'sapientinc/sudoku-extreme',
    files: ['train.csv', 'test.csv'],
    build: (dir) => `box=3x3 ${csvOptions(dir)} train=1000 out=data/sudoku-extreme-1k`,
  },
}
