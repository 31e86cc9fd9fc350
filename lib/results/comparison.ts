import { isFollowing, differingKeys as keysThatDiffer } from '../config/effective.js'
import { isFunctionRecord, shownValue } from '../config/functions.js'
import { parseConfig } from '../config/parse.js'
import { recursionLabel, storedRecursion } from '../config/recursion-key.js'
import { UserError } from '../errors.js'
import { primaryRows } from '../evaluate/arms.js'
import { type Cell, type Row, rowsOfTable } from '../files/arrow-rows.js'
import { type RunLabel, readLabel } from './label.js'
import { type RunRecord, readEvaluations } from './record.js'
import type { EndReason } from './status.js'

/**
 * Returns one row per run: ID, state, what ended it if any run ended before its last step, its name, tags and note when any run has them, the last evaluation (`test.exact`,
 * `test.cells` and its other metrics, `step`, `trainSeconds`), the best `test.exact`, the seconds of all evaluations,
 * parameters, and the configuration keys that differ between these runs; unknown values are null. A configuration key
 * that is also the name of one of these columns becomes `config.KEY`.
 *
 * @throws UserError when the evaluations or the label of a run are damaged.
 */
export function compareRuns(runs: readonly RunRecord[]): Row[] {
  const results = runs.map((run) => resultsOf(run))
  const labels = labelColumns(runs.map((run) => readLabel(run.dir)))
  const early = endedColumn(runs.map(({ status }) => status.ended))
  const own = new Set(['id', 'state', 'ended', ...labels.flatMap(Object.keys), ...results.flatMap(Object.keys)])
  const configs = flattened(runs)
  const keys = variedKeys(runs)
  return runs.map((run, i) => {
    const varied = keys.map((key): [string, Cell] => [
      own.has(key) ? `config.${key}` : key,
      configs[i]!.get(key) ?? null,
    ])
    return { id: run.id, state: run.state, ...early[i], ...labels[i], ...results[i], ...Object.fromEntries(varied) }
  })
}

/** Returns what ended each run, if one of them ended before its last step; else no column. */
export function endedColumn(reasons: readonly (EndReason | null)[]): { readonly ended?: EndReason | null }[] {
  const early = reasons.some((reason) => reason !== null && reason !== 'trainSteps')
  return reasons.map((ended) => (early ? { ended } : {}))
}

/** Returns the configuration keys that differ between runs, without those whose values follow from others. */
function variedKeys(runs: readonly RunRecord[]): string[] {
  return differingKeys(flattened(runs)).filter((key) => !followsOthers(key, runs))
}

/** Returns the configuration keys among the columns of {@link compareRuns}. */
export function variedColumns(runs: readonly RunRecord[], rows: readonly Row[]): string[] {
  const keys = new Set(variedKeys(runs))
  return Object.keys(rows[0] ?? {}).filter((name) => keys.has(name) || keys.has(name.replace(/^config\./, '')))
}

/** Columns of evaluations that are not results. */
const NO_RESULTS = new Set(['step', 'weights', 'puzzles', 'evaluationSeconds'])

/** Returns the last evaluation, results first. */
function resultsOf(run: RunRecord): Row {
  const evaluations = rowsOfTable(readEvaluations(run))
  const last = evaluations.at(-1) ?? {}
  const { 'test.exact': exact = null, 'test.cells': cells = null, trainSeconds = null, ...others } = last
  const metrics = Object.entries(others).filter(([name]) => !NO_RESULTS.has(name))
  return {
    'test.exact': exact,
    'test.cells': cells,
    ...Object.fromEntries(metrics),
    step: last.step ?? run.status.step,
    trainSeconds,
    evaluationSeconds: totalOf(evaluations, 'evaluationSeconds'),
    'best test.exact': bestOf(primaryRows(evaluations), 'test.exact'),
    parameters: run.status.parameters,
  }
}

/** Returns name, tags and note of each run, with a column for each that any run has; null when a run has none. */
export function labelColumns(labels: readonly RunLabel[]): Row[] {
  const named = labels.some(({ name }) => name !== null)
  const tagged = labels.some(({ tags }) => tags.length > 0)
  const noted = labels.some(({ note }) => note !== null)
  return labels.map(({ name, tags, note }) => ({
    ...(named ? { name } : {}),
    ...(tagged ? { tags: tags.length > 0 ? tags.join(', ') : null } : {}),
    ...(noted ? { note } : {}),
  }))
}

/** Returns the maximum of a metric over the evaluations of a run; null when unknown. */
function bestOf(rows: readonly Row[], metric: string): number | null {
  const values = known(rows, metric)
  return values.length > 0 ? Math.max(...values) : null
}

/** Returns the sum of a metric over the evaluations of a run; null when unknown. */
export function totalOf<K extends string>(
  rows: readonly { readonly [key in K]?: unknown }[],
  metric: K,
): number | null {
  const values = known(rows, metric)
  return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) : null
}

function known<K extends string>(rows: readonly { readonly [key in K]?: unknown }[], metric: K): number[] {
  return rows.map((row) => row[metric]).filter((value) => typeof value === 'number' && !Number.isNaN(value)) as number[]
}

function differingKeys(configs: readonly ReadonlyMap<string, Cell>[]): string[] {
  const keys = new Set(configs.flatMap((config) => [...config.keys()]))
  return [...keys].filter((key) => new Set(configs.map((config) => config.get(key) ?? null)).size > 1)
}

/**
 * Returns whether a key's values follow from other keys in all of these runs (`puzzleLr` from `lr`), and are therefore
 * redundant.
 */
function followsOthers(key: string, runs: readonly RunRecord[]): boolean {
  try {
    return isFollowing(key) && !keysThatDiffer(runs.map((run) => parseConfig(run.config))).includes(key)
  } catch (error) {
    // Configurations of another version are shown unchanged.
    if (error instanceof UserError) return false
    throw error
  }
}

/**
 * Returns the configurations of several runs: the recursion by name or as pseudocode, each function by a label that
 * distinguishes it.
 */
function flattened(runs: readonly RunRecord[]): Map<string, Cell>[] {
  return runs.map(({ config }) => {
    const recursion = storedRecursion(config)
    const shown = Object.entries(config).map(([key, value]) => {
      if (key === 'recursion' && recursion) return [key, recursionLabel(recursion)]
      const among = isFunctionRecord(value) ? runs.map((run) => run.config[key]) : []
      return [key, shownValue(value, among)]
    })
    return flatten(Object.fromEntries(shown))
  })
}

/** Joins nested keys by dots; lists become JSON. */
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
