import { type BestMetric, bestMetricOf, isBetter } from '../config/best-metric.js'
import { primaryRows } from '../evaluate/arms.js'
import { type Row, rowsOfTable } from '../files/arrow-rows.js'
import { type RunRecord, readEvaluations } from './record.js'

/** Why a checkpoint is kept: one of the last two, the best evaluated one, or a multiple of `keepEvery`. */
export type KeptAs = 'last' | 'best' | 'keepEvery'

/** Number of the newest checkpoints that are always kept: if the last is damaged, the run goes on from the one before. */
const LAST = 2

/**
 * Returns the steps of the checkpoints to keep, each with the reasons, in ascending order.
 *
 * @param steps steps of the checkpoints that there are
 * @param evaluations rows of the run's evaluations
 * @param config the run's configuration, of which `keepEvery` and `bestMetric` count
 */
export function keptCheckpoints(
  steps: readonly number[],
  evaluations: readonly Row[],
  config: Readonly<Record<string, unknown>>,
): Map<number, KeptAs[]> {
  const ascending = [...steps].sort((a, b) => a - b)
  const last = ascending.slice(-LAST)
  const best = bestCheckpoint(ascending, evaluations, bestMetricOf(config))
  const { keepEvery } = config
  const kept = ascending.map((step): [number, KeptAs[]] => [
    step,
    [
      ...(last.includes(step) ? ['last' as const] : []),
      ...(step === best ? ['best' as const] : []),
      ...(typeof keepEvery === 'number' && step > 0 && step % keepEvery === 0 ? ['keepEvery' as const] : []),
    ],
  ])
  return new Map(kept.filter(([, reasons]) => reasons.length > 0))
}

/** A checkpoint that a run keeps, and why. */
export interface KeptCheckpoint {
  readonly step: number
  readonly keptAs: readonly KeptAs[]
}

/** Returns the checkpoints that a stored run keeps, in ascending order. @throws UserError when its evaluations are damaged. */
export function checkpointsOf(run: RunRecord): KeptCheckpoint[] {
  const steps = [...new Set(run.status.checkpoints.map(({ step }) => step))]
  const kept = keptCheckpoints(steps, rowsOfTable(readEvaluations(run)), run.config)
  // One that is no longer the best is there until the next one is saved.
  return steps.map((step) => ({ step, keptAs: kept.get(step) ?? [] }))
}

/** Returns the step with the best value of a metric, the first of equal ones; null if none of the steps was evaluated. */
export function bestCheckpoint(
  steps: readonly number[],
  evaluations: readonly Row[],
  choice: BestMetric,
): number | null {
  let best: { readonly step: number; readonly value: number } | null = null
  for (const { step, [choice.metric]: value } of primaryRows(evaluations)) {
    if (typeof step !== 'number' || typeof value !== 'number' || !steps.includes(step)) continue
    if (isBetter(choice, value, best?.value ?? null)) best = { step, value }
  }
  return best?.step ?? null
}
