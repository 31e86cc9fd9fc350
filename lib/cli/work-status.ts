import { type ProgressLine, progressText } from '../notebook/progress-text.js'
import { streamSink } from '../notebook/status-line.js'

/** The progress of a command's work. */
export interface WorkStatus {
  at(done: number, total: number): void
  end(): void
}

/**
 * Prints the progress of work: one line in a terminal, one every ten seconds in a file.
 *
 * @param label the work, e.g. `evaluation`
 * @param unit what is counted, in the plural
 */
export function workStatus(label: string, unit: string, stream: NodeJS.WriteStream): WorkStatus {
  const sink = streamSink(stream, 'later')
  const began = performance.now()
  let line: ProgressLine | null = null
  const now = (done: number, total: number, state: ProgressLine['state']): ProgressLine => {
    const seconds = (performance.now() - began) / 1000
    return { done, total, seconds, state, label, unit, metrics: [] }
  }
  return {
    at: (done, total) => {
      line = now(done, total, 'running')
      sink.status(progressText(line, stream.isTTY))
    },
    end: () => {
      if (line && stream.isTTY) sink.line(progressText(now(line.done, line.total!, 'done'), true))
    },
  }
}
