import { formatBytes } from './estimate.js'
import type { RunObserver } from './observer.js'
import { formatProgress, formatSeconds } from './progress.js'

/** Seconds between two lines where a line cannot be written over. */
const LOG_SECONDS = 10

/** Where lines go: `line` stays, `status` may be written over by the next. */
export interface ReportSink {
  line(text: string): void
  status(text: string): void
}

/** A sink for a stream: a terminal writes its status line over, a file gets one every ten seconds. */
export function streamSink(stream: NodeJS.WriteStream): ReportSink {
  let width = 0
  let last = 0
  const clear = (): string => (width > 0 ? `\r${' '.repeat(width)}\r` : '')
  return {
    line(text) {
      stream.write(`${clear()}${text}\n`)
      width = 0
    },
    status(text) {
      if (stream.isTTY) {
        const shown = text.slice(0, (stream.columns ?? 80) - 1)
        stream.write(clear() + shown)
        width = shown.length
      } else if (Date.now() - last > LOG_SECONDS * 1000) {
        last = Date.now()
        stream.write(`${text}\n`)
      }
    },
  }
}

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
        `${prefix}step ${step}: test.exact ${percent(evaluation['test.exact'])}, test.cells ${percent(evaluation['test.cells'])}, test.halt ${percent(evaluation['test.halt'])}`,
      )
    },
    onEnd(state) {
      sink.line(`${prefix}${state}`)
    },
  }
}
