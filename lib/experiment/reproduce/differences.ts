import { isDeepStrictEqual } from 'node:util'
import { isSpent } from '../../evaluate/metric-names.js'
import { type Cell, type Row, rowsOfTable } from '../../files/arrow-rows.js'
import { columnReader } from '../../files/arrow-values.js'
import type { JsonObject } from '../../files/json.js'
import { float32Tensors } from '../../files/safetensors.js'
import { loadCheckpoint, type RunRecord, readEvaluations, readMetrics, readOutcomes } from '../../results/run.js'

/** Part of a run's content. */
export type RunPart = 'metrics' | 'evaluations' | 'outcomes' | 'checkpoint'

/** Content of a run that differs in its repetition: a column of rows, or a tensor. */
export interface Difference {
  readonly part: RunPart
  /** The column, the tensor, or a part of the training state. */
  readonly name: string
  /** The first optimiser step in which it differs. */
  readonly step: number
  /** Values where it first differs; of a tensor, those that differ most. */
  readonly before: Cell
  readonly after: Cell
  /** The largest |after − before| / |before| of all values; of a tensor, the largest |after − before| over its largest |before|. null if a value is no number. */
  readonly relative: number | null
  /** Number of values that differ. */
  readonly differing: number
}

/** Counts of what was compared. */
export interface Compared {
  readonly metrics: number
  readonly evaluations: number
  readonly outcomes: number
  readonly tensors: number
}

/** The content of two runs side by side. */
export interface RunDifferences {
  readonly compared: Compared
  /** By step, in the order metrics, evaluations, outcomes, checkpoint; empty if the runs are equal bit for bit. */
  readonly differences: readonly Difference[]
  /** The last step whose logged values are all equal; 0 if none is. */
  readonly equalUntil: number
}

const PARTS: readonly RunPart[] = ['metrics', 'evaluations', 'outcomes', 'checkpoint']

/**
 * Compares the content of a run with that of its repetition, bit for bit, apart from times and energies: rows of metrics
 * and evaluations up to a step, outcomes, and the newest checkpoint with weights, EMA, moments, carry and generators.
 *
 * @param run the run; rows that only the repetition has do not count
 * @param until the last step to compare
 * @param atEnd whether checkpoints and outcomes are of that step in both; a published run has no checkpoints
 * @throws UserError when a file of either is damaged.
 */
export function runDifferences(
  run: RunRecord,
  repetition: RunRecord,
  { until, atEnd }: { readonly until: number; readonly atEnd: boolean },
): RunDifferences {
  const found: Difference[] = []
  const rows = (part: 'metrics' | 'evaluations', read: typeof readMetrics): Row[] => {
    const before = rowsOfTable(read(run)).filter((row) => Number(row.step) <= until)
    found.push(...rowDifferences(part, before, rowsOfTable(read(repetition))))
    return before
  }
  const metrics = rows('metrics', readMetrics)
  const evaluations = rows('evaluations', readEvaluations)
  const hasOutcomes = atEnd && run.status.files['outcomes.arrow'] && repetition.status.files['outcomes.arrow']
  const outcomes = hasOutcomes ? outcomeDifferences(run, repetition, until) : { count: 0, differences: [] }
  const hasTensors = atEnd && run.status.checkpoint !== null
  const tensors = hasTensors ? checkpointDifferences(run, repetition) : { count: 0, differences: [] }
  found.push(...outcomes.differences, ...tensors.differences)
  const differences = found.sort((a, b) => a.step - b.step || PARTS.indexOf(a.part) - PARTS.indexOf(b.part))
  const first = differences[0]?.step ?? Number.POSITIVE_INFINITY
  const steps = [...metrics, ...evaluations].map((row) => Number(row.step)).filter((step) => step < first)
  return {
    compared: {
      metrics: metrics.length,
      evaluations: evaluations.length,
      outcomes: outcomes.count,
      tensors: tensors.count,
    },
    differences,
    equalUntil: Math.max(0, ...steps),
  }
}

/** Collects the differences of one name: the first, the largest, and how many. */
class Collected {
  readonly #found = new Map<string, Difference>()
  readonly #part: RunPart

  constructor(part: RunPart) {
    this.#part = part
  }

  add(name: string, step: number, before: Cell, after: Cell): void {
    if (Object.is(before, after)) return
    const relative = relativeDifference(before, after)
    const one = this.#found.get(name) ?? { part: this.#part, name, step, before, after, relative, differing: 0 }
    const largest = one.relative === null || relative === null ? null : Math.max(one.relative, relative)
    this.#found.set(name, { ...one, relative: largest, differing: one.differing + 1 })
  }

  all(): Difference[] {
    return [...this.#found.values()]
  }
}

function relativeDifference(before: Cell, after: Cell): number | null {
  if (typeof before !== 'number' || typeof after !== 'number') return null
  return Math.abs(after - before) / (Math.abs(before) || 1)
}

function rowDifferences(part: 'metrics' | 'evaluations', before: readonly Row[], after: readonly Row[]): Difference[] {
  // Evaluations of live weights beside the EMA have the same step.
  const keyOf = ({ step, weights = null }: Row): string => JSON.stringify([step, weights])
  const others = new Map(after.map((row) => [keyOf(row), row]))
  const collected = new Collected(part)
  for (const row of before) {
    const step = Number(row.step)
    const other = others.get(keyOf(row))
    if (!other) {
      collected.add('row', step, 'a row', 'none')
      continue
    }
    for (const name of new Set([...Object.keys(row), ...Object.keys(other)]))
      if (!isSpent(name)) collected.add(name, step, row[name] ?? null, other[name] ?? null)
  }
  return collected.all()
}

function outcomeDifferences(
  run: RunRecord,
  repetition: RunRecord,
  step: number,
): { count: number; differences: Difference[] } {
  const [before, after] = [readOutcomes(run), readOutcomes(repetition)]
  const collected = new Collected('outcomes')
  if (before.numRows !== after.numRows) collected.add('number of puzzles', step, before.numRows, after.numRows)
  for (const { name } of before.schema.fields) {
    const [a, b] = [before.getChild(name), after.getChild(name)]
    if (!a || !b) {
      collected.add(name, step, 'a column', 'none')
      continue
    }
    const [readA, readB] = [columnReader(a), columnReader(b)]
    for (let i = 0; i < Math.min(before.numRows, after.numRows); i++) {
      const [x, y] = [readA(i), readB(i)]
      if (!isDeepStrictEqual(x, y)) collected.add(name, step, shown(x), shown(y))
    }
  }
  return { count: before.numRows, differences: collected.all() }
}

/** Returns a value of an outcome as a cell; lists, such as predictions, as text. */
function shown(value: unknown): Cell {
  return typeof value === 'number' || typeof value === 'boolean' || value === null ? value : JSON.stringify(value)
}

function checkpointDifferences(run: RunRecord, repetition: RunRecord): { count: number; differences: Difference[] } {
  const [one, other] = [loadCheckpoint(run), loadCheckpoint(repetition)]
  const { step } = one.state
  const [tensors, others] = [float32Tensors(one.tensors), float32Tensors(other.tensors)]
  const collected = new Collected('checkpoint')
  const [state, otherState] = [timelessState(one.state), timelessState(other.state)]
  for (const name of new Set([...Object.keys(state), ...Object.keys(otherState)]))
    if (!isDeepStrictEqual(state[name], otherState[name]))
      collected.add(
        `state ${name}`,
        step,
        JSON.stringify(state[name]) ?? null,
        JSON.stringify(otherState[name]) ?? null,
      )
  const differences = collected.all()
  for (const name of new Set([...tensors.keys(), ...others.keys()])) {
    const [a, b] = [tensors.get(name), others.get(name)]
    if (!a || !b || a.data.length !== b.data.length) {
      const [before, after] = [a, b].map((tensor) => (tensor ? `[${tensor.shape.join(', ')}]` : 'none'))
      differences.push({ part: 'checkpoint', name, step, before: before!, after: after!, relative: null, differing: 1 })
      continue
    }
    const difference = tensorDifference(a.data, b.data)
    if (difference) differences.push({ part: 'checkpoint', name, step, ...difference })
  }
  return { count: tensors.size, differences }
}

function timelessState({ spent: _, ...state }: JsonObject): JsonObject {
  return state
}

/** Returns where two arrays of equal length differ most; null if they are equal bit for bit. */
export function tensorDifference(
  before: Float32Array,
  after: Float32Array,
): Pick<Difference, 'before' | 'after' | 'relative' | 'differing'> | null {
  let [differing, most, at, largest] = [0, -1, 0, 0]
  for (let i = 0; i < before.length; i++) {
    const [a, b] = [before[i]!, after[i]!]
    largest = Math.max(largest, Math.abs(a))
    if (Object.is(a, b)) continue
    differing++
    const distance = Math.abs(b - a)
    if (!(distance <= most)) {
      most = distance
      at = i
    }
  }
  if (differing === 0) return null
  return { before: before[at]!, after: after[at]!, relative: most / (largest || 1), differing }
}
