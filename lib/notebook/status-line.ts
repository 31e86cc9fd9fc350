import { writeOwn } from '../escape/terminal.js'
import { visible } from '../escape/visible.js'
import { clip, displayWidth } from '../results/text-width.js'
import { fittingParts } from './progress-forms.js'

/** Seconds between two lines where a line cannot be overwritten. */
const LOG_SECONDS = 10

/** A destination of lines: `line` stays, `status` may be overwritten by the next. */
export interface ReportSink {
  line(text: string): void
  /** Sets the status line; an empty text removes it. */
  status(text: string): void
}

/**
 * Returns a sink for a stream: a terminal overwrites its status line, a file gets one every ten seconds.
 *
 * @param first when a file gets its first line: `now`, or after ten seconds, so that short work logs none
 */
export function streamSink(stream: NodeJS.WriteStream, first: 'now' | 'later' = 'now'): ReportSink {
  let written = 0
  let last = first === 'now' ? Number.NEGATIVE_INFINITY : performance.now()
  let logged = ''
  const clear = (): string => `\r${' '.repeat(written)}\r`
  return {
    line(text) {
      // A line just logged as a status is not repeated.
      if (written > 0) writeOwn(stream, clear())
      if (text !== logged) stream.write(`${text}\n`)
      written = 0
      logged = ''
    },
    status(text) {
      if (stream.isTTY) {
        const width = (stream.columns ?? 80) - 1
        const line = visible(text)
        const shown = fittingParts(line, width) ?? clip(line, width)
        if (written > 0) writeOwn(stream, clear())
        stream.write(shown)
        written = displayWidth(shown)
      } else if (text !== '' && performance.now() - last > LOG_SECONDS * 1000) {
        last = performance.now()
        logged = text
        stream.write(`${text}\n`)
      }
    },
  }
}
