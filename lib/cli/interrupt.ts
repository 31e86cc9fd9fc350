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

/** The effect of signals while a command has nothing to save; see `signals.mjs`. */
export interface EarlySignals {
  /** The sentence with which a signal ends the process, exit code 128 + its number; null when the work is done: the process ends by itself. */
  says: string | null
  /** Restores the default effect of signals. */
  leave(...names: readonly string[]): void
}

/** Null outside the command. */
const early = (process as unknown as Record<symbol, EarlySignals | undefined>)[Symbol.for('recurlab.signals')] ?? null

/**
 * Says what a signal leaves that ends the process from here on: it has nothing to save. Where code computes long without a turn of
 * the event loop, in which a signal would not be heard, its default effect is restored.
 *
 * @param says one or more sentences; null for the default effect
 */
export function onEarlySignal(says: string | null): void {
  if (!early) return
  if (says === null) early.leave(...STOPS.filter((name) => name !== 'SIGUSR1'))
  else early.says = says
}

/** Says that the work is done and stored: a signal from here on changes nothing, and the process ends by itself. */
export function onDone(): void {
  if (early) early.says = null
}

/** Work that a signal can stop. */
export interface Interruption {
  /** Aborted by the first signal that requests a stop. */
  readonly signal: AbortSignal
  /** Returns the signal that aborted it; null before. */
  by(): NodeJS.Signals | null
  /** Ends the work: signals that come later must not change the exit code of the command, which ends by itself. */
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
    early?.leave('SIGINT')
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
      onDone()
    },
  }
}
