import type { Evaluation } from '../../evaluate/evaluation.js'
import { isJudged, isOwnMetric, metricName, metricText } from '../../evaluate/metric-names.js'
import { sizeText } from '../../files/space.js'
import { createMetrics } from '../../notebook/progress-metrics.js'
import { type FirstPiece, formatSeconds, type ProgressLine, progressText } from '../../notebook/progress-text.js'
import type { ReportSink } from '../../notebook/status-line.js'
import type { Estimate } from '../estimate/memory.js'
import { RunTimes } from '../estimate/run-times.js'
import type { RunObserver } from '../run/observer.js'

/** One of several reported runs, and the times of all. */
export interface ReportedRun {
  readonly index: number
  readonly times: RunTimes
  /** Number of runs to make, this one and later ones. */
  readonly runs: number
}

/**
 * Reports a run as text: its memory, a status line with rate, time left and best metrics, and each evaluation.
 *
 * @param label prefix of each line
 * @param among the run's index among others; default: it is the only one
 */
export function reportObserver(sink: ReportSink, label = '', among: ReportedRun | null = null): RunObserver {
  const metrics = createMetrics({ 'train.loss': 'none' })
  const index = among?.index ?? 0
  let times = among?.times ?? null
  let started = 0
  let first = 0
  let steps = 0
  let done = 0
  let doing = ''
  let firstStep: FirstPiece | null = null
  const prefix = label ? `${label}: ` : ''
  const line = (state: ProgressLine['state']): string => {
    const seconds = (performance.now() - started) / 1000
    const left = times?.left() ?? null
    const progress = { done, total: steps, seconds, doneBefore: first, first: firstStep, left, unit: 'steps', label }
    return progressText({ ...progress, state, doing, metrics: metrics.texts() }, false)
  }
  let plan = among !== null && among.runs > 1 ? among : null
  const tellPlan = (): void => {
    if (plan === null || plan.times.left()?.rough !== false) return
    sink.line(planText(plan.runs, plan.times.left(Number.POSITIVE_INFINITY)!.seconds))
    plan = null
  }
  return {
    onNote(text) {
      sink.line(`${prefix}${text}`)
    },
    onEstimating() {
      sink.status(`${prefix}${ESTIMATING} …`)
    },
    onEstimate(estimate) {
      sink.line(`${prefix}${memoryText([estimate])}`)
    },
    onPlan(estimates) {
      sink.line(memoryText(estimates))
    },
    onStart(run) {
      started = performance.now()
      first = run.step
      done = run.step
      steps = run.trainSteps
      times ??= new RunTimes([run.work], [run.step])
      times.start(index)
      sink.line(`${prefix}run ${run.id}${run.step > 0 ? `, resumed after step ${run.step}` : ''}`)
    },
    onStep({ step, trainSeconds, ...rest }) {
      done = step
      firstStep ??= { done, seconds: (performance.now() - started) / 1000 }
      times?.step(step, trainSeconds)
      metrics.report({ 'train.loss': rest['train.loss'] }, step)
      tellPlan()
      sink.status(line('running'))
    },
    onEvaluationTime(seconds) {
      times?.takes('evaluation', seconds)
    },
    onEvaluating(step, evaluated, puzzles, seconds) {
      doing = evaluatingText(evaluated, puzzles)
      times?.evaluating(step, evaluated, puzzles, seconds)
      sink.status(line('running'))
    },
    onEvaluation(step, evaluation, weights) {
      doing = ''
      if (weights === 'live') {
        sink.line(`${prefix}step ${step}, live weights: ${evaluationText(evaluation)}`)
        return
      }
      metrics.report({ 'test.exact': evaluation['test.exact'], ...ownMetrics(evaluation) }, `step ${step}`)
      sink.line(`${prefix}step ${step}: ${evaluationText(evaluation)}`)
    },
    onEnd(state, ended) {
      doing = ''
      sink.line(line(state === 'finished' ? 'done' : 'stopped'))
      sink.line([`${prefix}${state}`, ended?.message].filter(Boolean).join(' '))
    },
  }
}

/** The activity before a run begins. */
export const ESTIMATING = 'estimating memory'

/**
 * Returns `300 MB of memory (free: 20.1 GB), in bfloat16`, or for several runs
 * `6 runs, up to 300 MB of memory (free: 20.1 GB)`.
 */
export function memoryText(estimates: readonly (Estimate | null)[]): string {
  const made = estimates.filter((estimate) => estimate !== null)
  const bytes = wholeMegabytes(Math.max(...made.map(({ peakBytes }) => peakBytes)))
  const free = wholeMegabytes(Math.min(...made.map(({ availableBytes }) => availableBytes)))
  if (made.length === 1) return `${bytes} of memory (free: ${free}), in ${made[0]!.dtype}`
  return `${made.length} runs, up to ${bytes} of memory (free: ${free})`
}

/** Returns an estimated size as text, rounded up below 1 GB: `320 MB`, `1.5 GB`. */
export function wholeMegabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : sizeText(bytes)
}

/** Returns the time of several runs, once that of the first is known: `6 runs, about 4:00 left in all`. */
export function planText(runs: number, seconds: number): string {
  return `${runs} runs, about ${formatSeconds(seconds)} left in all`
}

/** Returns the progress of an evaluation as text. */
export function evaluatingText(done: number, puzzles: number): string {
  return `evaluating ${done}/${puzzles} puzzles`
}

/** Returns the custom metrics of an evaluation, by column. */
export function ownMetrics(evaluation: object): Record<string, number | null> {
  return Object.fromEntries(Object.entries(evaluation).filter(([name]) => isOwnMetric(name)))
}

/** Returns the metrics of an evaluation as text, and the number of puzzles with known answers if it is not all. */
export function evaluationText(evaluation: Evaluation): string {
  const { votes, scored, puzzles } = evaluation
  const judged = Object.keys(evaluation).filter(isJudged)
  const shares = (['test.exact', ...judged, 'test.cells', 'test.haltAccuracy', 'test.halted'] as const).map(
    (metric) => `${metricName(metric)} ${metricText(metric, evaluation[metric])}`,
  )
  const pass = ([1, 2] as const).map((k) => `pass@${k} ${metricText(`test.pass@${k}`, votes?.pass?.[`pass@${k}`])}`)
  return [
    ...shares,
    ...(votes ? [`${pass.join(', ')} (${votes.scored} tasks)`] : []),
    ...Object.entries(ownMetrics(evaluation)).map(([name, value]) => `${metricName(name)} ${metricText(name, value)}`),
    ...(scored < puzzles ? [`answers known for ${scored} of ${puzzles} puzzles`] : []),
  ].join(', ')
}
