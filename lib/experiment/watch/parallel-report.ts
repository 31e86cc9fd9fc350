import { formatSeconds } from '../../notebook/progress-text.js'
import type { ReportSink } from '../../notebook/status-line.js'
import type { RunWork } from '../estimate/work.js'
import type { RunObserver } from '../run/observer.js'
import type { ParallelTimes } from './parallel-times.js'
import { evaluationText } from './report.js'

/** Runs that several processes train at the same time, as a terminal shows them. */
export interface ParallelReport {
  readonly sink: ReportSink
  readonly works: readonly RunWork[]
  readonly labels: readonly string[]
  readonly times: ParallelTimes
  readonly workers: number
}

/**
 * Reports runs of several processes as text: a line for each start, evaluation and end, and one status line for all.
 *
 * @returns the observer of a run by its index
 */
export function parallelReport({
  sink,
  works,
  labels,
  times,
  workers,
}: ParallelReport): (index: number) => RunObserver {
  const total = works.reduce((sum, { trainSteps }) => sum + trainSteps, 0)
  const began = performance.now()
  const before = times.steps
  const running = new Set<number>()
  const status = (): void => {
    const seconds = (performance.now() - began) / 1000
    const done = times.steps
    const left = times.left()
    const parts = [
      `${done}/${total} steps (${Math.floor((100 * done) / Math.max(1, total))} %)`,
      `${running.size} of ${works.length} runs at work on ${workers} processes`,
      `${((done - before) / Math.max(1e-3, seconds)).toFixed(1)} steps/s`,
      `${formatSeconds(seconds)} so far${left ? `, ${left.rough ? 'about ' : ''}${formatSeconds(left.seconds)} left` : ''}`,
    ]
    sink.status(parts.join(' · '))
  }
  return (index) => {
    const line = (text: string): void => sink.line(`${labels[index]}: ${text}`)
    return {
      onNote: line,
      onStart({ id, step }) {
        running.add(index)
        times.start(index, step)
        line(`run ${id}${step > 0 ? `, resumed after step ${step}` : ''}`)
      },
      onStep(metrics) {
        times.step(index, metrics)
        status()
      },
      onEvaluationTime: (seconds) => times.evaluationTime(index, seconds),
      onEvaluating: (_, done, puzzles, seconds) => times.evaluating(index, done, puzzles, seconds),
      onEvaluation(step, evaluation, weights) {
        if (weights === 'live') return line(`step ${step}, live weights: ${evaluationText(evaluation)}`)
        times.evaluated(index)
        line(`step ${step}: ${evaluationText(evaluation)}`)
      },
      onEnd(state, ended) {
        running.delete(index)
        if (state === 'finished') times.end(index)
        line(ended?.message ? `${state} ${ended.message}` : state)
      },
    }
  }
}
