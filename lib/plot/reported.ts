/** A number that others published, for drawing beside our own. */
export interface ReportedResult {
  readonly kind: 'reported'
  readonly method: string
  /** Data set, e.g. `Sudoku-Extreme`. */
  readonly task: string
  /** What was measured, and its unit. */
  readonly metric: 'test accuracy (%)'
  readonly value: number
  /** Parameters of the model, as published. */
  readonly parameters: string
  /** Layers of computation: T (n + 1) · layers. */
  readonly depth: number
  readonly source: string
}

const SOURCE = 'Jolicoeur-Martineau, "Less is More: Recursive Reasoning with Tiny Networks", arXiv 2510.04871, table 1'

const row = (method: string, value: number, depth: number, parameters: string): ReportedResult => ({
  kind: 'reported',
  method,
  task: 'Sudoku-Extreme',
  metric: 'test accuracy (%)',
  value,
  parameters,
  depth,
  source: SOURCE,
})

/** The ablation on Sudoku-Extreme. Self-attention and 4 layers differ from `TRM` in just that. */
export const reportedSudoku = {
  hrm: row('HRM', 55.0, 24, '27M'),
  trm: row('TRM (MLP, T=3, n=6, 2 layers)', 87.4, 42, '5M'),
  continueLoss: row('TRM with ACT (continue loss)', 86.1, 42, '5M'),
  separateNetworks: row('TRM with separate networks fH, fL', 82.4, 42, '10M'),
  noEma: row('TRM without EMA', 79.9, 42, '5M'),
  fourLayers: row('TRM with 4 layers, n=3', 79.5, 48, '10M'),
  selfAttention: row('TRM with self-attention', 74.7, 42, '7M'),
  lessRecursion: row('TRM with T=2, n=2', 73.7, 12, '5M'),
  oneStepGradient: row('TRM with 1-step gradient', 56.5, 42, '5M'),
} as const
