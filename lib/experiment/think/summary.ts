import type { CurveRow } from '../../recording/curves.js'
import type { RecordingFacts } from '../../recording/facts.js'
import { pairedBy } from '../../recording/paired.js'
import type { Extent, Select } from '../../recording/points.js'
import { SELECTORS, type Selector } from '../../recording/selectors.js'
import type { Estimate } from '../../statistics/estimate.js'
import { halfWidth, plusMinus } from '../../statistics/rounding.js'
import type { RolloutRecording } from './rollout-recording.js'

/** Options of {@link RolloutRecording.summary}. */
export interface RecordingSummaryOptions extends Extent {
  /** Default: every selector that the recording can answer. */
  readonly select?: Selector | readonly Selector[]
}

/** Accuracy and compute of the answers that a selector chooses. */
export interface RecordingSummaryRow {
  /** How the answer is chosen; `one rollout` for the first, `deterministic` for one without noise. */
  readonly select: Select | 'one rollout' | 'deterministic'
  /** K */
  readonly rollouts: number
  /** D */
  readonly depth: number
  /** Shares of puzzles with their intervals, by metric: `exact` where answers are known, then the criteria of the task's judge. */
  readonly accuracies: Readonly<Record<string, Estimate>>
  /** Puzzles that exact accuracy leaves out because their answer is not known. */
  readonly unknown: number
  /**
   * Difference of exact accuracy to one rollout, deterministic where that was recorded, with its paired interval; in
   * [−1, 1]. null for that rollout itself, for guided particles without a deterministic rollout beside them, and where no
   * answer is known.
   */
  readonly gain: { readonly value: number; readonly low: number | null; readonly high: number | null } | null
  /** Seconds of computation per puzzle on the machine of the recording. */
  readonly seconds: number
  /** Multiply-accumulates per puzzle; null if unknown. */
  readonly macs: number | null
}

/** Returns the selectors that a recording can answer. */
export function selectorsOf(facts: RecordingFacts): Selector[] {
  return (Object.keys(SELECTORS) as Selector[]).filter(
    (selector) =>
      (selector !== 'verifier' || facts.criteria.includes('valid')) && (selector !== 'guided' || facts.guided),
  )
}

/** Returns the rows of {@link RolloutRecording.summary}. */
export function summaryRows(recording: RolloutRecording, options: RecordingSummaryOptions = {}): RecordingSummaryRow[] {
  const { facts, plain } = recording
  const { depth = facts.settings.depth, rollouts = facts.settings.rollouts } = options
  const select = typeof options.select === 'string' ? [options.select] : (options.select ?? selectorsOf(facts))
  const after = recording.exactShares(select, { depth, rollouts })
  const isUnknown = facts.recorded > 0 && after.length > 0 && after.every(({ size }) => size === 0)
  const metrics = isUnknown ? facts.criteria : ['exact', ...facts.criteria]
  if (metrics.length === 0) return []
  const rowsAt = (
    from: Pick<RolloutRecording, 'curveRows'>,
    selects: readonly Selector[],
    width: number,
  ): RecordingSummaryRow[] => {
    const byMetric = metrics.map((metric) =>
      from.curveRows({ x: 'depth', depth, rollouts: width, select: selects, metric }),
    )
    return selects.map((name, i) =>
      rowOf(
        name,
        byMetric.map((rows) => rows[i]!),
      ),
    )
  }
  const selected = rowsAt(recording, select, rollouts)
  // One of several particles depends on the others: it is no baseline.
  if (plain === null && facts.guided && facts.settings.rollouts > 1) return selected
  const one = plain ?? recording
  const base: RecordingSummaryRow = { ...rowsAt(one, ['q'], 1)[0]!, select: plain ? 'deterministic' : 'one rollout' }
  if (plain === null && rollouts === 1 && options.select === undefined) return [base]
  const [before] = one.exactShares(['q'], { depth, rollouts: 1 })
  return [base, ...selected.map((row, i) => ({ ...row, gain: pairedBy(after[i]!, before!) }))]
}

function rowOf(select: Selector, rows: readonly CurveRow[]): RecordingSummaryRow {
  const [{ depth, rollouts, seconds, macs, metric, n, unknown: leftOut }] = rows as [CurveRow]
  const unknown = metric === 'exact' ? leftOut : n
  const accuracies = Object.fromEntries(rows.map((row): [string, Estimate] => [row.metric, estimateOf(row)]))
  return { select, rollouts, depth, accuracies, unknown, gain: null, seconds, macs }
}

function estimateOf({ value, low, high, n }: CurveRow): Estimate {
  return { value, low, high, n, sd: null, method: 'wilson', level: 0.95 }
}

/** Returns a summary as a table of texts: percentages with half of their interval, gains in points, milliseconds, MMAC. */
export function summaryTable(rows: readonly RecordingSummaryRow[]): Record<string, string | number>[] {
  const percent = (share: Pick<Estimate, 'value' | 'low' | 'high'>): string => {
    const half = halfWidth(share)
    return plusMinus(100 * share.value, half === null ? null : 100 * half)
  }
  return rows.map(({ select, rollouts, depth, accuracies, gain, seconds, macs }) => ({
    select,
    K: rollouts,
    D: depth,
    ...Object.fromEntries(Object.entries(accuracies).map(([metric, accuracy]) => [`${metric} (%)`, percent(accuracy)])),
    'gain (points)': gain === null ? '–' : percent(gain),
    'ms a puzzle': Number((1000 * seconds).toPrecision(3)),
    'MMAC a puzzle': macs === null ? '–' : Number((macs / 1e6).toPrecision(3)),
  }))
}
