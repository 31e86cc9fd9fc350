import type { ConfigInput } from '../config/schema.js'
import { preset } from '../tasks/presets.js'

/** A row of the paper's tables as a configuration. */
export interface Ablation {
  /** Table of arXiv 2510.04871. */
  readonly table: 1 | 2 | 3
  /** The method by the name that the reported results have. */
  readonly method: string
  /** T(n + 1)·layers as the paper prints it; null in Table 2, which has no such column. */
  readonly depth: number | null
  /** What is laid over the preset `sudoku-paper`. */
  readonly overrides: ConfigInput
}

/** HRM with its published settings; `positions` left open are rotary for attention. */
const hrm = {
  model: 'hrm',
  mixer: 'attention',
  positions: null,
  layers: 4,
  T: 2,
  n: 2,
  puzzleTokens: 0,
  epochs: 20_000,
  evalEvery: 2_000,
  ema: 0,
} as const satisfies ConfigInput

/** Table 1, ablations on Sudoku-Extreme. */
const table1: Ablation[] = [
  { table: 1, method: 'HRM', depth: 24, overrides: hrm },
  { table: 1, method: 'TRM (T=3, n=6)', depth: 42, overrides: {} },
  { table: 1, method: 'TRM with ACT (continue loss)', depth: 42, overrides: { halting: 'continue' } },
  { table: 1, method: 'TRM, separate fH, fL', depth: 42, overrides: { networks: 'separate' } },
  { table: 1, method: 'TRM, no EMA', depth: 42, overrides: { ema: 0 } },
  { table: 1, method: 'TRM, 4 layers, n=3', depth: 48, overrides: { layers: 4, n: 3 } },
  { table: 1, method: 'TRM, self-attention', depth: 42, overrides: { mixer: 'attention', positions: null } },
  { table: 1, method: 'TRM, T=2, n=2', depth: 12, overrides: { T: 2, n: 2 } },
  { table: 1, method: 'TRM, 1-step gradient', depth: 42, overrides: { gradient: 'one-step' } },
]

/** Table 2, latent features. */
const table2: Ablation[] = [
  { table: 2, method: 'TRM, y,z', depth: null, overrides: {} },
  { table: 2, method: 'TRM, multi-scale z', depth: null, overrides: { latents: 'multi' } },
  { table: 2, method: 'TRM, single z', depth: null, overrides: { latents: 'single' } },
]

/** k, T and the depths of HRM and TRM as printed; those of the first row are one more than T(n + 1)·layers. */
const recursions = [
  [1, 1, 9, 7],
  [2, 2, 24, 20],
  [3, 3, 48, 42],
  [4, 4, 80, 72],
  [6, 3, 84, 78],
  [3, 6, 96, 84],
  [6, 6, 168, 156],
] as const

/** Table 3, recursion: HRM with n = k and 4 layers, TRM with n = 2k and 2 layers. */
const table3: Ablation[] = recursions.flatMap(([k, T, depthOfHrm, depthOfTrm]): Ablation[] => [
  { table: 3, method: `HRM, k=${k}, T=${T}`, depth: depthOfHrm, overrides: { ...hrm, T, n: k } },
  { table: 3, method: `TRM, k=${k}, T=${T}`, depth: depthOfTrm, overrides: { T, n: 2 * k } },
])

/** Every row of the paper's Tables 1, 2 and 3, on Sudoku-Extreme. */
export const ablations: readonly Ablation[] = [...table1, ...table2, ...table3]

/**
 * The configurations of a table's rows by method: the preset `sudoku-paper` with the row's changes, and yours over
 * both, e.g. for smaller puzzles and networks.
 *
 * @example
 * const runs = Object.values(ablationConfigs(1, { hidden: 64, data: 'data/sudoku-6x6' }))
 */
export function ablationConfigs(table: Ablation['table'], changes: ConfigInput = {}): Record<string, ConfigInput> {
  const rows = ablations.filter((row) => row.table === table)
  return Object.fromEntries(
    rows.map(({ method, overrides }) => [method, { ...preset('sudoku-paper'), ...overrides, ...changes }]),
  )
}
