import { overlaid } from '../config/recursion-key.js'
import type { ConfigInput } from '../config/schema.js'
import { UserError } from '../errors.js'
import { nearest } from '../options/nearest.js'
import { preset } from '../tasks/presets.js'
import type { Ablation } from './row.js'
import { table1 } from './table1.js'
import { table2 } from './table2.js'
import { table3 } from './table3.js'

export type { Ablation } from './row.js'

/** Every row of Tables 1, 2 and 3 of arXiv 2510.04871, all on Sudoku-Extreme. */
export const ablations: readonly Ablation[] = [...table1, ...table2, ...table3]

// The network and recursion of the paper's TRM; all other model keys stay open.
const trm = {
  model: 'trm',
  latents: null,
  networks: null,
  gradient: null,
  recursion: null,
  halting: null,
  layersH: null,
  layers: 2,
  T: 3,
  n: 6,
} as const satisfies ConfigInput

/** Options of {@link ablationConfig}. */
export interface AblationOptions {
  /**
   * Base configuration: data, width, batch, length and optimiser. Default: the preset of the paper's own run of the
   * row.
   */
  readonly over?: ConfigInput
  /** Keys that override those of the row; a recursion also its T, n, latents and gradient. Default: none. */
  readonly changes?: ConfigInput
}

/**
 * Returns the configuration of a row: its model and recursion laid over a base configuration. Rows over the same base
 * differ only in their own changes, and have the depth that the paper prints.
 *
 * @example
 * await train(ablationConfig(ablationNamed('TRM, no EMA'), { over: preset('sudoku-pocket') }))
 */
export function ablationConfig(row: Ablation, { over, changes = {} }: AblationOptions = {}): ConfigInput {
  return overlaid({ ...(over ?? preset(row.preset)), ...trm, ...row.changes }, changes)
}

/**
 * Returns the configurations of a table's rows, by method, in the order of the table.
 *
 * @example
 * const configs = ablationConfigs(1, { over: preset('sudoku-pocket') })
 * await train(configs['TRM, no EMA'])
 * @throws UserError (exit code 2) for an unknown table.
 */
export function ablationConfigs(table: Ablation['table'], options: AblationOptions = {}): Record<string, ConfigInput> {
  const rows = ablations.filter((row) => row.table === table)
  if (rows.length === 0)
    throw new UserError({ where: 'ablations, table', expected: '1, 2 or 3', found: String(table), exitCode: 2 })
  return Object.fromEntries(rows.map((row) => [row.method, ablationConfig(row, options)]))
}

/**
 * Returns the row of a name, ignoring case; the first one if several tables have it.
 *
 * @throws UserError (exit code 2) naming the nearest row, if there is none of that name.
 */
export function ablationNamed(method: string): Ablation {
  const asked = method.trim().toLowerCase()
  const found = ablations.find((row) => row.method.toLowerCase() === asked)
  if (found) return found
  const methods = [...new Set(ablations.map((row) => row.method))]
  const near = nearest(method, methods) ?? methods.find((name) => asked !== '' && name.toLowerCase().includes(asked))
  throw new UserError({
    where: 'ablation',
    expected: 'a row of Table 1, 2 or 3 of the paper',
    found: JSON.stringify(method),
    todo: near === undefined ? 'recurlab ablations lists them.' : `Did you mean '${near}'?`,
    exitCode: 2,
  })
}
