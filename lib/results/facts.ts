import { Bool, type DataType, Float64, TimestampMillisecond, Utf8 } from 'apache-arrow'
import { z } from 'zod'
import { bestMetricOf, isBetter } from '../config/best-metric.js'
import { isFunctionRecord, shownValue } from '../config/functions.js'
import { configSchema } from '../config/schema.js'
import { primaryRows } from '../evaluate/arms.js'
import { isShare } from '../evaluate/metric-names.js'
import type { Row } from '../files/arrow-rows.js'
import { type Cell, cellOf, cellText } from '../files/cell.js'
import { isJsonObject, type JsonObject } from '../files/json.js'
import { type StoredRun, sumIn } from './comparison.js'
import { keyValues } from './key-values.js'

/** Type of the values of a column, null where there is none. */
type Kind = 'text' | 'number' | 'boolean' | 'date'

/** A column with a value per run, all of one type or null. */
export interface FactColumn {
  readonly name: string
  readonly values: readonly Cell[]
  readonly type: DataType
}

const TYPES: Readonly<Record<Kind, DataType>> = {
  text: new Utf8(),
  number: new Float64(),
  boolean: new Bool(),
  date: new TimestampMillisecond('UTC'),
}

const BEFORE_RESULTS = {
  id: 'text',
  state: 'text',
  ended: 'text',
  name: 'text',
  tags: 'text',
  note: 'text',
  started: 'date',
  step: 'number',
} as const satisfies Readonly<Record<string, Kind>>

/** Results of every run; others follow where runs have them. */
const RESULTS = {
  'test.exact': 'number',
  'best test.exact': 'number',
  bestStep: 'number',
  'test.cells': 'number',
  'train.loss': 'number',
  parameters: 'number',
  trainSeconds: 'number',
  trainCpuSeconds: 'number',
  trainMacs: 'number',
  evaluationSeconds: 'number',
  evaluationCpuSeconds: 'number',
  evaluationMacs: 'number',
  supervisionSteps: 'number',
  puzzles: 'number',
  scored: 'number',
} as const satisfies Readonly<Record<string, Kind>>

const PROVENANCE = {
  commit: 'text',
  codeHash: 'text',
  dataHash: 'text',
  backend: 'text',
  threads: 'number',
  host: 'text',
  cpu: 'text',
  recurlab: 'text',
  node: 'text',
  dir: 'text',
} as const satisfies Readonly<Record<string, Kind>>

const CONFIG: Readonly<Record<string, Kind>> = Object.fromEntries(
  Object.entries(configSchema.shape).map(([key, type]) => [key, kindOfKey(key, type)]),
)

/** The names of the columns that every table of runs has, in order; metrics that only some runs have follow the results. */
export const FACT_NAMES: readonly string[] = [BEFORE_RESULTS, RESULTS, CONFIG, PROVENANCE].flatMap(Object.keys)

type Kinds = typeof BEFORE_RESULTS & typeof RESULTS & typeof PROVENANCE

/** The types of the columns that every table of runs has beside the keys of the configuration. */
export type FactValues = {
  readonly [N in keyof Kinds]: { text: string; number: number; boolean: boolean; date: Date }[Kinds[N]]
}

/**
 * Returns everything about a stored run as one flat row. Shares are fractions; unknown values are null.
 *
 * - `id`, `state`, `ended`, its label, `started`, and `step`, the last logged one;
 * - `train.…` of that step, the metrics of the last evaluation (`test.exact`), the best value of each share and of
 *   `bestMetric` (`best test.exact`) and the step of the latter (`bestStep`);
 * - `parameters`, and totals by the names of their columns: of training (`trainSeconds`) and, summed, of all evaluations
 *   (`evaluationSeconds`);
 * - the effective value of every key of the configuration, a recursion by its text and a function by its name;
 * - the provenance at the start of the run, and `dir`.
 *
 * @param lastMetrics the last row of `metrics.arrow`; null without one
 * @param all the runs beside it, among which a function's name may need the beginning of its hash
 */
export function runFacts(run: StoredRun, lastMetrics: Row | null, all: readonly Pick<StoredRun, 'config'>[]): Row {
  const { id, dir, state, status, label, parameters, ended, provenance } = run
  return {
    id,
    state,
    ended,
    name: label.name,
    tags: label.tags.length > 0 ? label.tags.join(', ') : null,
    note: label.note,
    started: new Date(status.started),
    step: status.step,
    ...resultFacts(run, lastMetrics),
    parameters,
    ...configFacts(run, all),
    ...provenanceFacts(provenance),
    dir,
  }
}

/**
 * Returns rows of {@link runFacts} as columns, each of one type whatever the rows: the columns that every table has, in
 * order and without rows too, and after the results those that only some runs have.
 */
export function factColumns(rows: readonly Row[]): FactColumn[] {
  const known: Readonly<Record<string, Kind>> = { ...BEFORE_RESULTS, ...RESULTS, ...CONFIG, ...PROVENANCE }
  const others = [...new Set(rows.flatMap(Object.keys))].filter((name) => !Object.hasOwn(known, name))
  const names = [BEFORE_RESULTS, RESULTS, Object.fromEntries(others.map((name) => [name])), CONFIG, PROVENANCE]
  return names.flatMap(Object.keys).map((name) => {
    const cells = rows.map((row) => (Object.hasOwn(row, name) ? (row[name] ?? null) : null))
    const kind = Object.hasOwn(known, name) ? known[name]! : commonKind(cells)
    return { name, values: ofKind(cells, kind), type: TYPES[kind] }
  })
}

/** Returns the kind of a key's values; text where numbers and words are possible. */
function kindOfKey(key: string, type: z.ZodType): Kind {
  if (key === 'recursion') return 'text'
  const kinds = kindsOf(z.toJSONSchema(type, { io: 'input' }) as Shape).filter((kind) => kind !== 'null')
  if (kinds.every((kind) => kind === 'integer' || kind === 'number')) return 'number'
  return kinds.every((kind) => kind === 'boolean') ? 'boolean' : 'text'
}

/** The parts of a JSON Schema that tell types. */
interface Shape {
  readonly type?: string
  readonly anyOf?: readonly Shape[]
}

function kindsOf({ type, anyOf }: Shape): string[] {
  return anyOf ? anyOf.flatMap(kindsOf) : [type ?? 'string']
}

function commonKind(cells: readonly Cell[]): Kind {
  const kinds = new Set(cells.flatMap((cell) => (cell === null ? [] : [typeof cell])))
  const [kind] = kinds
  if (kinds.size !== 1) return kinds.size === 0 ? 'number' : 'text'
  return kind === 'number' || kind === 'boolean' ? kind : 'text'
}

function ofKind(cells: readonly Cell[], kind: Kind): Cell[] {
  const fits = (cell: Cell): boolean => (kind === 'date' ? cell instanceof Date : typeof cell === kind)
  return cells.map((cell) => {
    if (cell === null) return null
    if (kind === 'text') return cellText(cell)
    return fits(cell) ? cell : null
  })
}

/** Names of quantities that add up over evaluations: `evaluationSeconds`. */
const OF_EVALUATIONS = /^evaluation[A-Z]/

function resultFacts({ evaluations, config }: StoredRun, lastMetrics: Row | null): Row {
  const { step: lastStep = 0, ...last } = evaluations.at(-1) ?? {}
  const results: Record<string, Cell> = { ...last }
  for (const name of Object.keys(last).filter((each) => OF_EVALUATIONS.test(each)))
    results[name] = sumIn(evaluations, name)
  const isNewer = Number(lastMetrics?.step ?? 0) >= Number(lastStep)
  for (const [name, value] of Object.entries(lastMetrics ?? {}))
    if (name.startsWith('train')) results[name] = isNewer ? value : (results[name] ?? value)
  const primary = primaryRows(evaluations)
  const chosen = bestMetricOf(config)
  const shares = Object.keys(last).filter((name) => name.startsWith('test.') && isShare(name))
  for (const metric of new Set([...shares, chosen.metric])) {
    const choice = metric === chosen.metric ? chosen : { metric, better: 'higher' as const }
    let best: { readonly step: Cell; readonly value: number } | null = null
    for (const { step = null, [metric]: value } of primary)
      if (typeof value === 'number' && !Number.isNaN(value) && isBetter(choice, value, best?.value ?? null))
        best = { step, value }
    results[`best ${metric}`] = best?.value ?? null
    if (metric === chosen.metric) results.bestStep = best?.step ?? null
  }
  return results
}

/** Returns the effective values of all keys; a function by its name. */
function configFacts(run: StoredRun, all: readonly Pick<StoredRun, 'config'>[]): Row {
  const values = keyValues(run)
  const shown = (key: string): unknown =>
    isFunctionRecord(values[key])
      ? shownValue(
          values[key],
          all.map(({ config }) => config[key]),
        )
      : values[key]
  return Object.fromEntries(Object.keys(configSchema.shape).map((key) => [key, cellOf(shown(key))]))
}

function provenanceFacts(provenance: StoredRun['provenance']): Row {
  const objectAt = (key: string): JsonObject => (isJsonObject(provenance[key]) ? provenance[key] : {})
  const [code, backend, machine] = [objectAt('code'), objectAt('backend'), objectAt('machine')]
  return {
    commit: cellOf(code.commit),
    codeHash: cellOf(code.hash),
    dataHash: cellOf(provenance.dataHash),
    backend: cellOf(backend.name),
    threads: cellOf(backend.threads),
    host: cellOf(machine.host),
    cpu: cellOf(machine.cpu),
    recurlab: cellOf(provenance.recurlab),
    node: cellOf(provenance.node),
  }
}
