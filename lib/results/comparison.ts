import { isFollowing, differingKeys as keysThatDiffer } from '../config/effective.js'
import { parseConfig } from '../config/parse.js'
import { UserError } from '../errors.js'
import { type Cell, type Row, rowsOfTable } from '../files/arrow-rows.js'
import { type RunRecord, readEvaluations } from './record.js'

/** Columns of a comparison that are not keys of the configuration. */
const OWN = new Set([
  'id',
  'state',
  'parameters',
  'step',
  'test.exact',
  'best test.exact',
  'test.cells',
  'trainSeconds',
  'evaluationSeconds',
])

/**
 * One row a run: ID, state, the keys of the configuration that differ between these runs, parameters, the last evaluation
 * (`step`, `test.exact`, `test.cells`, `trainSeconds`), the best `test.exact` and the seconds of all evaluations; what is not
 * known is null. A configuration key that is also the name of one of
 * these columns is written `config.KEY`.
 */
export function compareRuns(runs: readonly RunRecord[]): Row[] {
  const configs = runs.map((run) => flatten(run.config))
  const keys = differingKeys(configs).filter((key) => !followsOthers(key, runs))
  return runs.map((run, i) => {
    const evaluations = evaluationRows(run)
    const last = evaluations.at(-1)
    const varied = keys.map((key): [string, Cell] => [
      OWN.has(key) ? `config.${key}` : key,
      configs[i]!.get(key) ?? null,
    ])
    return {
      id: run.id,
      state: run.state,
      ...Object.fromEntries(varied),
      parameters: run.status.parameters,
      step: last?.step ?? run.status.step,
      'test.exact': last?.['test.exact'] ?? null,
      'best test.exact': best(evaluations, 'test.exact'),
      'test.cells': last?.['test.cells'] ?? null,
      trainSeconds: last?.trainSeconds ?? null,
      evaluationSeconds: total(evaluations, 'evaluationSeconds'),
    }
  })
}

/** The evaluations of a run, oldest first; where both EMA and live weights were evaluated, those of the EMA. */
export function evaluationRows(run: Pick<RunRecord, 'dir'>): Row[] {
  const rows = rowsOfTable(readEvaluations(run))
  const ema = rows.filter((row) => row.weights === 'ema')
  return ema.length > 0 ? ema : rows
}

function best(rows: readonly Row[], metric: string): number | null {
  const values = known(rows, metric)
  return values.length > 0 ? Math.max(...values) : null
}

function total(rows: readonly Row[], metric: string): number | null {
  const values = known(rows, metric)
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) : null
}

function known(rows: readonly Row[], metric: string): number[] {
  return rows.flatMap((row) => (typeof row[metric] === 'number' && !Number.isNaN(row[metric]) ? [row[metric]] : []))
}

function differingKeys(configs: readonly ReadonlyMap<string, Cell>[]): string[] {
  const keys = new Set(configs.flatMap((config) => [...config.keys()]))
  return [...keys].filter((key) => new Set(configs.map((config) => config.get(key) ?? null)).size > 1)
}

/** Whether a key's values follow from those of other keys in all of these runs (`puzzleLr` from `lr`), and say nothing more. */
function followsOthers(key: string, runs: readonly RunRecord[]): boolean {
  try {
    return isFollowing(key) && !keysThatDiffer(runs.map((run) => parseConfig(run.config))).includes(key)
  } catch (error) {
    // Configurations of another version are shown as they are.
    if (error instanceof UserError) return false
    throw error
  }
}

/** Nested keys with dots between; lists as JSON. */
function flatten(config: Readonly<Record<string, unknown>>, prefix = ''): Map<string, Cell> {
  const flat = new Map<string, Cell>()
  for (const [key, value] of Object.entries(config)) {
    const name = prefix + key
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') flat.set(name, value)
    else if (Array.isArray(value)) flat.set(name, JSON.stringify(value))
    else if (value !== null && typeof value === 'object')
      for (const [inner, cell] of flatten(value as Record<string, unknown>, `${name}.`)) flat.set(inner, cell)
  }
  return flat
}
