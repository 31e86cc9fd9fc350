import { ACCURACY, type ReportedRow, reported, TRM_PAPER } from './row.js'

/** A row of this table; every column of it is filled. */
type Ablation = ReportedRow & { readonly value: number; readonly depth: number; readonly parameters: string }

function row(method: string, value: number, depth: number, nfp: number, parameters: string): Ablation {
  const source = `${TRM_PAPER}, table 1`
  const made = { table: '1', method, task: 'Sudoku-Extreme', metric: ACCURACY, value, depth, nfp, parameters, source }
  return { ...reported(made), depth, parameters }
}

/** Table 1: the ablation on Sudoku-Extreme; each row after `trm` differs from it only as its name says. */
export const table1 = {
  hrm: row('HRM', 55.0, 24, 2, '27M'),
  trm: row('TRM (T=3, n=6)', 87.4, 42, 1, '5M'),
  continueLoss: row('TRM with ACT (continue loss)', 86.1, 42, 2, '5M'),
  separateNetworks: row('TRM, separate fH, fL', 82.4, 42, 1, '10M'),
  noEma: row('TRM, no EMA', 79.9, 42, 1, '5M'),
  fourLayers: row('TRM, 4 layers, n=3', 79.5, 48, 1, '10M'),
  selfAttention: row('TRM, self-attention', 74.7, 42, 1, '7M'),
  lessRecursion: row('TRM, T=2, n=2', 73.7, 12, 1, '5M'),
  oneStepGradient: row('TRM, 1-step gradient', 56.5, 42, 1, '5M'),
} as const
