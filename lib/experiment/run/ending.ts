import { bestMetricOf, isBetter } from '../../config/best-metric.js'
import type { Config } from '../../config/schema.js'
import { meets, parseUntil } from '../../config/until.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { primaryRows } from '../../evaluate/arms.js'
import type { Metrics } from '../../evaluate/own-metrics.js'
import type { Row } from '../../files/arrow-rows.js'
import { didYouMean } from '../../options/nearest.js'
import type { EndReason } from '../../results/run.js'
import { criteriaOf } from '../../tasks/registry.js'
import { PASS_KS } from '../../tasks/votes.js'
import type { RunWork } from '../estimate/work.js'
import type { TrainMetrics } from './observer.js'

/** Why a run has ended by itself. */
export interface Ended {
  readonly reason: EndReason
  /** A sentence without its subject, the run; null if it made all its steps. */
  readonly message: string | null
}

/** Where a run is: what it has logged, and its training so far. */
export interface Progress {
  readonly step: number
  /** Seconds of training. */
  readonly seconds: number
  /** The metrics of the last step; null if they are not known. */
  readonly metrics: Row | null
  /** Step at which the run ends in place of `maxSeconds`. Default: none. */
  readonly endAt?: number | undefined
}

/** Returns why a run ends after a step: it has made all its steps, `until` is met by a metric of training, or `maxSeconds`. */
export function endedByStep(
  { trainSteps, resolved }: RunWork,
  { step, seconds, metrics, endAt }: Progress,
): Ended | null {
  if (step >= trainSteps) return { reason: 'trainSteps', message: null }
  const at = `at step ${step} of ${trainSteps}`
  const { until, maxSeconds } = resolved.training
  const condition = until === undefined ? null : parseUntil(until)
  const value = condition && metrics?.[condition.metric]
  if (condition && meets(condition, value)) return { reason: 'until', message: `${at}: ${until} (${shown(value)})` }
  if (endAt !== undefined && step >= endAt)
    return { reason: 'maxSeconds', message: `${at}, as the run that it repeats` }
  if (maxSeconds !== undefined && seconds >= maxSeconds)
    return { reason: 'maxSeconds', message: `${at}: ${maxSeconds} s of training (maxSeconds)` }
  return null
}

/**
 * Returns why a run ends after an evaluation: `until` is met by one of its metrics, or the last `patience` evaluations have
 * not improved on the best one before by `bestMetric`. It depends on the stored rows only, so that a resumed run ends where
 * an unbroken one does.
 *
 * @param rows rows of all evaluations so far; those of live weights beside the EMA do not count
 */
export function endedByEvaluation({ trainSteps, resolved }: RunWork, rows: readonly Row[]): Ended | null {
  const evaluations = primaryRows(rows)
  const last = evaluations.at(-1)
  if (!last) return null
  const at = `at step ${last.step} of ${trainSteps}`
  const { until, patience } = resolved.training
  const condition = until === undefined ? null : parseUntil(until)
  const value = condition && last[condition.metric]
  if (condition && meets(condition, value)) return { reason: 'until', message: `${at}: ${until} (${shown(value)})` }
  const best = bestMetricOf(resolved.evaluation)
  if (patience === undefined || sinceBest(evaluations, best) < patience) return null
  const evaluated = patience === 1 ? 'the last evaluation' : `the last ${patience} evaluations`
  return { reason: 'patience', message: `${at}: ${best.metric} has not improved in ${evaluated} (patience)` }
}

/** Returns whether an evaluation can end the run before its last step. */
export function mayEndEarly({ resolved: { training } }: RunWork): boolean {
  return training.patience !== undefined || training.until !== undefined
}

/** Counts the evaluations after the best one, those whose metric is unknown left out. */
function sinceBest(evaluations: readonly Row[], choice: ReturnType<typeof bestMetricOf>): number {
  let best: number | null = null
  let since = 0
  for (const { [choice.metric]: value } of evaluations) {
    if (typeof value !== 'number' || Number.isNaN(value)) continue
    if (isBetter(choice, value, best)) {
      best = value
      since = 0
    } else since++
  }
  return since
}

function shown(value: number): number {
  return Number(value.toPrecision(4))
}

/** Columns of training metrics that every run has. */
const TRAIN_METRICS = [
  'train.loss',
  'train.lmLoss',
  'train.haltLoss',
  'train.exact',
  'train.cells',
  'train.haltAccuracy',
  'train.halted',
  'train.gradientNorm',
  'train.weightNorm',
  'skippedUpdates',
] as const satisfies readonly (keyof TrainMetrics)[]

/**
 * Checks that the metrics in `until`, `bestMetric` and `patience` are ones that the run will have.
 *
 * @param metrics custom metrics of the run
 * @throws UserError (exit code 2) naming the key and the metrics that there are.
 */
export function checkEnding(config: Config, data: Dataset, metrics: Metrics = {}): void {
  const evaluated = evaluationColumns(data, metrics)
  const trained = [...TRAIN_METRICS, ...(config.halting === 'continue' ? ['train.continueLoss'] : [])]
  const condition = config.until === null ? null : parseUntil(config.until)
  if (condition) checkMetric('key until', condition.metric, [...evaluated, ...trained])
  if (config.bestMetric !== null || config.patience !== null)
    checkMetric(config.bestMetric === null ? 'key patience' : 'key bestMetric', bestMetricOf(config).metric, evaluated)
}

/**
 * Checks that evaluations of a run on a data set have a metric.
 *
 * @param where the option that names it, for the error
 * @throws UserError (exit code 2) naming the metrics that there are.
 */
export function checkEvaluated(where: string, metric: string, data: Dataset, metrics?: Metrics): void {
  checkMetric(where, metric, evaluationColumns(data, metrics))
}

function evaluationColumns(data: Dataset, metrics: Metrics = {}): string[] {
  if (data.test.count === 0) return []
  const votes = data.testTasks ? PASS_KS.map((k) => `pass@${k}`) : []
  const names = ['exact', 'cells', 'haltAccuracy', 'halted', ...criteriaOf(data.manifest), ...votes]
  return [...names, ...Object.keys(metrics)].map((name) => `test.${name}`)
}

function checkMetric(where: string, metric: string, known: readonly string[]): void {
  if (known.includes(metric)) return
  throw new UserError({
    where,
    expected:
      known.length > 0 ? `a metric of the run: ${known.join(', ')}` : 'nothing: the data set has no test puzzles',
    found: metric,
    ...(known.length > 0
      ? { todo: didYouMean(metric, known) ?? 'A metric of your own is one of the option metrics.' }
      : {}),
    exitCode: 2,
  })
}
