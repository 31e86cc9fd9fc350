/**
 * A problem that set-up cannot solve by itself. It is shown as the problem and the remedy, never with a stack trace.
 */
export class SetupError extends Error {
  /**
   * @param {string} what the problem, in one sentence
   * @param {string} todo remedy for the user
   * @param {string} [detail] last lines printed by the failing program
   */
  constructor(what, todo, detail = '') {
    super(what)
    this.name = 'SetupError'
    this.todo = todo
    this.detail = detail
  }
}

/** Ctrl-C or a request to end. */
export class Stopped extends Error {
  /** @param {NodeJS.Signals} signal */
  constructor(signal) {
    super(signal)
    this.name = 'Stopped'
    this.signal = signal
  }
}

/** Returns the message of a system error, without a stack. @param {unknown} error */
export function reasonOf(error) {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}
