/** One output in several forms, by MIME type: the front end shows the richest that it supports. */
export type MimeBundle = Readonly<Record<string, unknown>>

/** Treatment of type errors in cells: the cell is not run, they are only printed, or they are not checked. */
export type TypeErrors = 'error' | 'warning' | 'off'

/**
 * The services of the notebook kernel for outputs, training and widgets; without it they print text to a plain terminal.
 */
export interface NotebookHost {
  /** Whether a user may be watching; false in a headless run, where only final outputs count. */
  readonly live: boolean
  /** Aborted when the user stops the cell whose code reads it. */
  readonly signal: AbortSignal
  /** Shows a new output under the running cell. */
  display(bundle: MimeBundle, id: string): void
  /** Replaces every output shown with this id. */
  update(bundle: MimeBundle, id: string): void
  /** Removes the running cell's outputs; with `wait`, only when the next one comes. */
  clear(wait: boolean): void
  /** Calls back at the end of every cell, before its result is sent. A later callback of the same name replaces it. */
  atCellEnd(name: string, callback: () => void | Promise<void>): void
  /**
   * Calls back after a cell was stopped by force, when pending promises may be lost. A later callback of the same name
   * replaces it.
   */
  atForcedStop(name: string, callback: () => void): void
  /**
   * Returns a callback for the front end: its output and errors are shown under the running cell, but it is independent of
   * that cell's code, and outlives the cell's end or stop. The promise it returns may reject.
   */
  forFrontEnd<A extends unknown[]>(callback: (...args: A) => unknown): (...args: A) => void
  /** Runs work that saves and ends by itself: meanwhile a stop of its cell only aborts {@link signal}, and waits. */
  stoppable<T>(work: () => Promise<T>): Promise<T>
  /** Runs work that a stop of its cell does not interrupt: the cell ends after the work, with an error thrown here. */
  uncut<T>(work: () => T): T
  /** Asks the user for a line of text. @throws UserError if input is not possible. */
  input(prompt: string, options?: { readonly password?: boolean }): Promise<string>
  /** Sets the treatment of type errors in the following cells. */
  setTypeErrors(mode: TypeErrors): void
  readonly comms: Comms
}

/** Channels to objects in the front end (Jupyter's comms). */
export interface Comms {
  /** Opens a channel; the front end creates its end by this target name. */
  open(target: string, data: Content, options?: CommMessage): Comm
  /** Accepts channels that the front end opens. A later callback for the same target replaces it. */
  onOpen(target: string, callback: (comm: Comm, data: Content, message: CommMessage) => void): void
}

/** One channel. */
export interface Comm {
  readonly id: string
  readonly target: string
  send(data: Content, message?: CommMessage): void
  /** Receives messages of the front end. A later callback replaces it. */
  onMessage(callback: (data: Content, message: CommMessage) => void): void
  onClose(callback: () => void): void
  close(data?: Content): void
}

/** The parts of a comm message besides its data. */
export interface CommMessage {
  readonly metadata?: Content
  readonly buffers?: readonly Uint8Array[]
}

/** JSON data. */
export type Content = Readonly<Record<string, unknown>>

/** A global key, so that a reloaded instance of this module finds the same host. */
const KEY = Symbol.for('recurlab.notebook')

/** Sets the host that outputs go to; null for a plain terminal. */
export function setHost(next: NotebookHost | null): void {
  ;(globalThis as { [KEY]?: NotebookHost | null })[KEY] = next
}

/** Returns the notebook kernel's host, or null in a plain terminal. */
export function currentHost(): NotebookHost | null {
  return (globalThis as { [KEY]?: NotebookHost | null })[KEY] ?? null
}
