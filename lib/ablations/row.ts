import { hrmModel } from '../config/paper-settings.js'
import type { ConfigInput } from '../config/schema.js'
import type { ReportedRow } from '../results/reported/row.js'

/** A row of the paper's ablation tables: a change to the model, and the number reported for it. */
export interface Ablation {
  /** Table of arXiv 2510.04871. */
  readonly table: 1 | 2 | 3
  /** The row's name in the table, e.g. `TRM, no EMA`. */
  readonly method: string
  /** Keys in which the row differs from the paper's TRM; `{}` for the TRM itself. */
  readonly changes: ConfigInput
  /** The preset of the paper's own run of the row: its data, batch, epochs and evaluations. */
  readonly preset: 'sudoku-paper' | 'sudoku-hrm-paper'
  /** The row as published: accuracy in percent, depth, forward passes, parameters. */
  readonly reported: ReportedRow
}

/** Returns a row of the TRM: two layers with T = 3 and n = 6, except for its changes. */
export function trmRow(table: Ablation['table'], reported: ReportedRow, changes: ConfigInput = {}): Ablation {
  return { table, method: reported.method, changes, preset: 'sudoku-paper', reported }
}

/** Returns a row of HRM: its published model without EMA; T = 2 and n = 2 by default. */
export function hrmRow(
  table: Ablation['table'],
  reported: ReportedRow,
  recursion: Pick<ConfigInput, 'T' | 'n'> = {},
): Ablation {
  const changes = { ...hrmModel, positions: null, ...recursion }
  return { table, method: reported.method, changes, preset: 'sudoku-hrm-paper', reported }
}
