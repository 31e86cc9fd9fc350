/**
 * Signals that ask for an end: Ctrl-C, `kill`, a terminal that closes, the notices that schedulers give before the time is up,
 * the limit of processor time.
 */
const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'] as const

/** Exit code of a command that was stopped and has saved (EX_TEMPFAIL); the same command line, or `recurlab resume`, continues it. */
export const STOPPED = 75

/** Milliseconds in which a second SIGINT counts as the same Ctrl-C: npm forwards the one that the terminal has sent already. */
const SAME_KEY = 300

/** Work that can be stopped from outside. */
export interface Interruption {
  /** Aborted by the first signal that asks for an end. */
  readonly signal: AbortSignal
  /** The signal that aborted it; null before. */
  by(): NodeJS.Signals | null
  /** Restores the usual effect of signals, unless one has come: later ones must not change the exit code. */
  end(): void
}

/**
 * Turns the first signal that asks for an end into an abort signal, so that the work can save and stop by itself. A Ctrl-C after
 * that ends the process at once; other signals are then ignored, for several often come together.
 *
 * @param says the message on the first signal
 */
export function abortOnInterrupt(says = 'Stopping after this step'): Interruption {
  const controller = new AbortController()
  let by: NodeJS.Signals | null = null
  const stop = (name: NodeJS.Signals): void => {
    if (by) return
    by = name
    process.stderr.write(
      `\n${says}${name === 'SIGINT' ? '' : ` (${name})`}; Ctrl-C${name === 'SIGINT' ? ' again' : ''} stops at once.\n`,
    )
    setTimeout(() => process.removeListener('SIGINT', stop), SAME_KEY).unref()
    controller.abort()
  }
  for (const name of STOPS) process.on(name, stop)
  return {
    signal: controller.signal,
    by: () => by,
    end: () => {
      if (by) return
      for (const name of STOPS) process.removeListener(name, stop)
    },
  }
}
