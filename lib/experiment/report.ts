import type { Evaluation } from '../evaluate/evaluation.js'
import type { ReportSink } from '../notebook/status-line.js'
import { formatBytes } from './estimate.js'
import type { RunObserver } from './observer.js'
import { formatProgress, formatSeconds } from './progress.js'

/** Tells of a run in words: the estimate, a status line with rate and time to go, each evaluation. */
export function reportObserver(sink: ReportSink, label = ''): RunObserver {
  let started = 0
  let first = 0
  let steps = 0
  const prefix = label ? `${label}: ` : ''
  return {
    onNote(text) {
      sink.line(`${prefix}${text}`)
    },
    onEstimate({ totalSeconds, peakBytes, availableBytes }) {
      sink.line(
        `${prefix}about ${formatSeconds(totalSeconds)} and ${formatBytes(peakBytes)} of tensors (free: ${formatBytes(availableBytes)})`,
      )
    },
    onStart(run) {
      started = performance.now()
      first = run.step
      steps = run.steps
      sink.line(`${prefix}run ${run.id}${run.step > 0 ? `, going on after step ${run.step}` : ''}`)
    },
    onStep({ step, ...metrics }) {
      const seconds = (performance.now() - started) / 1000
      const progress = formatProgress({ done: step, total: steps, seconds, doneBefore: first })
      sink.status(`${prefix}${progress}, train.loss ${metrics['train.loss'].toFixed(3)}`)
    },
    onEvaluation(step, evaluation) {
      const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
      sink.line(
        `${prefix}step ${step}: test.exact ${percent(evaluation['test.exact'])}, test.cells ${percent(evaluation['test.cells'])}, test.halt ${percent(evaluation['test.halt'])}${passText(evaluation, percent)}`,
      )
    },
    onEnd(state) {
      sink.line(`${prefix}${state}`)
    },
  }
}

function passText({ votes }: Evaluation, percent: (share: number) => string): string {
  if (!votes) return ''
  return `, test.pass@1 ${percent(votes.pass['pass@1']!)}, test.pass@2 ${percent(votes.pass['pass@2']!)} (${votes.scored} tasks)`
}
