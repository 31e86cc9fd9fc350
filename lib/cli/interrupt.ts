/**
 * Turns the first Ctrl-C (or SIGTERM) into an abort signal, so that the work can save and stop by itself; the second
 * one ends the process as ever.
 */
export function abortOnInterrupt(): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController()
  const stop = (): void => {
    process.stderr.write('\nStopping after this step; Ctrl-C again stops at once.\n')
    controller.abort()
    end()
  }
  const end = (): void => {
    process.removeListener('SIGINT', stop)
    process.removeListener('SIGTERM', stop)
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  return { signal: controller.signal, end }
}
