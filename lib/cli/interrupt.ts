/**
 * Signals that request a stop: Ctrl-C, `kill`, a closing terminal, the notices that schedulers give before the time limit,
 * the processor-time limit.
 */
const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'] as const

/**
 * Exit code of a command that was stopped and has saved (EX_TEMPFAIL); the same command line, or `recurlab resume`,
 * continues it.
 */
export const STOPPED = 75

/**
 * Milliseconds within which a second SIGINT counts as the same Ctrl-C: npm forwards the one that the terminal has already
 * sent.
 */
const SAME_KEY = 300

/** Work that a signal can stop. */
export interface Interruption {
  /** Aborted by the first signal that requests a stop. */
  readonly signal: AbortSignal
  /** Returns the signal that aborted it; null before. */
  by(): NodeJS.Signals | null
  /** Restores the default effect of signals, unless one was received: later ones must not change the exit code. */
  end(): void
}

/**
 * Turns the first signal that requests a stop into an abort signal, so that the work can save and stop by itself. A later
 * Ctrl-C ends the process at once; other signals are then ignored, since several often arrive together.
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
