import type { Evaluation } from '../../evaluate/evaluation.js'
import { metricName, metricText } from '../../evaluate/metric-names.js'
import { createMetrics } from '../../notebook/progress-metrics.js'
import { type FirstPiece, type ProgressLine, progressText } from '../../notebook/progress-text.js'
import type { ReportSink } from '../../notebook/status-line.js'
import type { RunObserver } from '../run/observer.js'
import { estimateText, planText } from '../sweep/plan.js'

/**
 * Tells of a run in words: the estimate, a status line with rate, time to go and best, each evaluation.
 *
 * @param label in front of each line
 * @param planned seconds that the run is going to take, where that is known before it is estimated
 */
export function reportObserver(sink: ReportSink, label = '', planned: number | null = null): RunObserver {
  const metrics = createMetrics({ 'train.loss': 'none' })
  let started = 0
  let first = 0
  let steps = 0
  let done = 0
  let expected = planned
  let doing = ''
  let firstStep: FirstPiece | null = null
  const prefix = label ? `${label}: ` : ''
  const line = (state: ProgressLine['state']): string => {
    const seconds = (performance.now() - started) / 1000
    const plan = expected === null ? null : (at: number): number => (expected! * at) / steps
    const progress = { done, total: steps, seconds, doneBefore: first, first: firstStep, plan, unit: 'steps', label }
    return progressText({ ...progress, state, doing, metrics: metrics.texts() }, false)
  }
  return {
    onNote(text) {
      sink.line(`${prefix}${text}`)
    },
    onEstimating() {
      sink.status(`${prefix}${ESTIMATING} …`)
    },
    onEstimate(estimate) {
      expected = estimate.totalSeconds
      sink.line(`${prefix}${estimateText(estimate)}`)
    },
    onPlan(plan) {
      sink.line(planText(plan))
    },
    onStart(run) {
      started = performance.now()
      first = run.step
      done = run.step
      steps = run.trainSteps
      sink.line(`${prefix}run ${run.id}${run.step > 0 ? `, going on after step ${run.step}` : ''}`)
    },
    onStep({ step, ...rest }) {
      done = step
      firstStep ??= { done, seconds: (performance.now() - started) / 1000 }
      metrics.report({ 'train.loss': rest['train.loss'] }, step)
      sink.status(line('running'))
    },
    onEvaluating(_, evaluated, puzzles) {
      doing = evaluatingText(evaluated, puzzles)
      sink.status(line('running'))
    },
    onEvaluation(step, evaluation) {
      doing = ''
      metrics.report({ 'test.exact': evaluation['test.exact'] }, `step ${step}`)
      sink.line(`${prefix}step ${step}: ${evaluationText(evaluation)}`)
    },
    onEnd(state) {
      doing = ''
      sink.line(line(state === 'finished' ? 'done' : 'stopped'))
      sink.line(`${prefix}${state}`)
    },
  }
}

/** The activity before a run begins. */
export const ESTIMATING = 'estimating time and memory'

/** How far an evaluation is. */
export function evaluatingText(done: number, puzzles: number): string {
  return `evaluating ${done}/${puzzles} puzzles`
}

/** The metrics of an evaluation in words, and of how many puzzles the answers are known, where it is not all of them. */
function evaluationText(evaluation: Evaluation): string {
  const { votes, scored, puzzles } = evaluation
  const shares = (['test.exact', 'test.cells', 'test.haltAccuracy', 'test.halted'] as const).map(
    (metric) => `${metricName(metric)} ${metricText(metric, evaluation[metric])}`,
  )
  const pass = ([1, 2] as const).map((k) => `pass@${k} ${metricText(`test.pass@${k}`, votes?.pass?.[`pass@${k}`])}`)
  return [
    ...shares,
    ...(votes ? [`${pass.join(', ')} (${votes.scored} tasks)`] : []),
    ...(scored < puzzles ? [`answers known of ${scored} of ${puzzles} puzzles`] : []),
  ].join(', ')
}
