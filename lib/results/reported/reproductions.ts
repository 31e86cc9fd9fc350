import { ACCURACY, type ReportedRow, reported } from './row.js'

const table = 'reproductions'
const alphaxiv = { table, source: 'alphaXiv, an independent reproduction' }
const nanoTrm = { table, method: 'TRM (nano-trm)', metric: ACCURACY, source: 'nano-trm, an independent reproduction' }
const hrm = {
  table,
  method: 'HRM',
  task: 'Sudoku-Extreme',
  metric: ACCURACY,
  source: 'independent reproductions of HRM',
}
const analysis = { table: 'analyses', method: 'TRM', task: 'ARC-AGI-1', source: 'arXiv 2512.11847' }
const arcPrize = { table: 'analyses', method: 'HRM', task: 'ARC-AGI-1', source: 'ARC Prize, analysis of HRM' }

/** Independent reproductions, for error bars and sanity checks. */
export const reproductions: readonly ReportedRow[] = [
  reported({
    ...alphaxiv,
    method: 'TRM-MLP',
    task: 'Sudoku-Extreme',
    metric: ACCURACY,
    value: 79.4,
    uncertainty: 0.1,
  }),
  reported({ ...alphaxiv, method: 'TRM', task: 'ARC-AGI-1', metric: 'pass@2 (%)', value: 43.0, uncertainty: 0.2 }),
  reported({ ...nanoTrm, task: 'Sudoku-Extreme', value: 87 }),
  reported({ ...nanoTrm, task: 'Maze-Hard', value: 75 }),
  reported({ ...hrm, value: 55.4, note: 'the lower of two runs' }),
  reported({ ...hrm, value: 57.5, note: 'the higher of two runs' }),
]

/** Analyses of the published models by others. */
export const analyses: readonly ReportedRow[] = [
  reported({
    ...analysis,
    metric: 'gain in pass@1 (points)',
    value: 11,
    note: 'about; by voting over 1,000 samples',
  }),
  reported({ ...analysis, metric: 'pass@1 (%)', value: 0, note: 'with a blank or random puzzle identifier' }),
  reported({
    ...analysis,
    metric: 'pass@1 (%)',
    value: null,
    note: 'most of the accuracy is there after the first supervision step',
  }),
  reported({
    ...arcPrize,
    metric: 'loss of accuracy (points)',
    value: 5,
    note: 'at most about; a plain transformer of the same size instead of HRM',
  }),
  reported({
    ...arcPrize,
    metric: 'loss of accuracy (%)',
    value: 4,
    note: 'at most; 30 augmentations instead of 1,000',
  }),
  reported({ ...arcPrize, metric: ACCURACY, value: null, note: 'the outer refinement loop gives most of the gain' }),
]
