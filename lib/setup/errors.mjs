/** Something that set-up cannot mend by itself. It is shown as what is wrong and what to do, never with a stack trace. */
export class SetupError extends Error {
  /**
   * @param {string} what what is wrong, in one sentence
   * @param {string} todo what the user can do about it
   * @param {string} [detail] the last lines that the failing program printed
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
