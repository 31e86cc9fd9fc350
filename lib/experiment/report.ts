import type { Evaluation } from '../evaluate/evaluation.js'
import { createMetrics } from '../notebook/progress-metrics.js'
import { formatSeconds, type ProgressLine, progressText } from '../notebook/progress-text.js'
import type { ReportSink } from '../notebook/status-line.js'
import { metricName, metricText } from '../results/metric-names.js'
import { formatBytes } from './estimate.js'
import type { RunObserver } from './observer.js'

/** Tells of a run in words: the estimate, a status line with rate, time to go and best, each evaluation. */
export function reportObserver(sink: ReportSink, label = ''): RunObserver {
  const metrics = createMetrics({ 'train.loss': 'none' })
  let started = 0
  let first = 0
  let steps = 0
  let done = 0
  const prefix = label ? `${label}: ` : ''
  const line = (state: ProgressLine['state']): string => {
    const seconds = (performance.now() - started) / 1000
    const progress = { done, total: steps, seconds, doneBefore: first, unit: 'steps', label, state }
    return progressText({ ...progress, metrics: metrics.texts() }, false)
  }
  return {
    onNote(text) {
      sink.line(`${prefix}${text}`)
    },
    onEstimate({ totalSeconds, peakBytes, availableBytes, dtype }) {
      sink.line(
        `${prefix}about ${formatSeconds(totalSeconds)} and ${formatBytes(peakBytes)} of memory (free: ${formatBytes(availableBytes)}), in ${dtype}`,
      )
    },
    onStart(run) {
      started = performance.now()
      first = run.step
      done = run.step
      steps = run.steps
      sink.line(`${prefix}run ${run.id}${run.step > 0 ? `, going on after step ${run.step}` : ''}`)
    },
    onStep({ step, ...rest }) {
      done = step
      metrics.report({ 'train.loss': rest['train.loss'] }, step)
      sink.status(line('running'))
    },
    onEvaluation(step, evaluation) {
      metrics.report({ 'test.exact': evaluation['test.exact'] }, `step ${step}`)
      sink.line(`${prefix}step ${step}: ${evaluationText(evaluation)}`)
    },
    onEnd(state) {
      sink.line(line(state === 'finished' ? 'done' : 'stopped'))
      sink.line(`${prefix}${state}`)
    },
  }
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
