import { clip, displayWidth } from '../results/text-width.js'

/** Seconds between two lines where a line cannot be written over. */
const LOG_SECONDS = 10

/** Where lines go: `line` stays, `status` may be written over by the next. */
export interface ReportSink {
  line(text: string): void
  status(text: string): void
}

/**
 * A sink for a stream: a terminal writes its status line over, a file gets one every ten seconds.
 *
 * @param first when a file gets its first: `now`, or after ten seconds, so that short work has none
 */
export function streamSink(stream: NodeJS.WriteStream, first: 'now' | 'later' = 'now'): ReportSink {
  let width = 0
  let last = first === 'now' ? Number.NEGATIVE_INFINITY : performance.now()
  let logged = ''
  const clear = (): string => (width > 0 ? `\r${' '.repeat(width)}\r` : '')
  return {
    line(text) {
      // What was just logged as a status need not be said again.
      if (text !== logged) stream.write(`${clear()}${text}\n`)
      width = 0
      logged = ''
    },
    status(text) {
      if (stream.isTTY) {
        const shown = clip(text, (stream.columns ?? 80) - 1)
        stream.write(clear() + shown)
        width = displayWidth(shown)
      } else if (performance.now() - last > LOG_SECONDS * 1000) {
        last = performance.now()
        logged = text
        stream.write(`${text}\n`)
      }
    },
  }
}
