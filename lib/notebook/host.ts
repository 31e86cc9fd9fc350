/** One output in several forms, by MIME type: the front end shows the richest that it knows. */
export type MimeBundle = Readonly<Record<string, unknown>>

/** How type errors of cells are treated: the cell is not run, they are printed, or they are not looked for. */
export type TypeErrors = 'error' | 'warning' | 'off'

/** What the kernel offers to shown things, training and widgets; without it they print text to a plain terminal. */
export interface NotebookHost {
  /** Whether somebody may be watching; false in a headless run, where only what stays counts. */
  readonly live: boolean
  /** Aborted when the cell whose code asks is stopped by the user. */
  readonly signal: AbortSignal
  /** Shows a new output under the running cell. */
  display(bundle: MimeBundle, id: string): void
  /** Replaces every output that was shown with this id. */
  update(bundle: MimeBundle, id: string): void
  /** Removes the running cell's outputs; with `wait`, not before the next one comes. */
  clear(wait: boolean): void
  /** Calls back at the end of every cell, before its result is sent. A later callback of the same name takes its place. */
  atCellEnd(name: string, callback: () => void | Promise<void>): void
  /** Calls back after a cell was stopped by force, when pending promises may be lost. A later one of the same name takes its place. */
  atForcedStop(name: string, callback: () => void): void
  /**
   * A callback for the front end to call: what it prints and throws is shown under the running cell, but it is none of
   * that cell's code, and lives on when the cell has ended or was stopped. What it returns may fail later.
   */
  forFrontEnd<A extends unknown[]>(callback: (...args: A) => unknown): (...args: A) => void
  /** While the work goes on, a stop of its cell only aborts {@link signal}, and waits: the work saves and ends by itself. */
  stoppable<T>(work: () => Promise<T>): Promise<T>
  /** Does work that a stop of its cell does not cut in two: the cell ends when the work is done, by an error that this throws. */
  uncut<T>(work: () => T): T
  /** Asks the user for a line of text. @throws UserError where nobody can be asked. */
  input(prompt: string, options?: { readonly password?: boolean }): Promise<string>
  /** Sets how type errors of the following cells are treated. */
  setTypeErrors(mode: TypeErrors): void
  readonly comms: Comms
}

/** Channels to objects in the front end (Jupyter's comms). */
export interface Comms {
  /** Opens a channel; the front end makes its end with what it has under this target name. */
  open(target: string, data: Content, options?: CommMessage): Comm
  /** Takes channels that the front end opens. A later callback for the same target takes its place. */
  onOpen(target: string, callback: (comm: Comm, data: Content, message: CommMessage) => void): void
}

/** One channel. */
export interface Comm {
  readonly id: string
  readonly target: string
  send(data: Content, message?: CommMessage): void
  /** Takes what the front end sends. A later callback takes its place. */
  onMessage(callback: (data: Content, message: CommMessage) => void): void
  onClose(callback: () => void): void
  close(data?: Content): void
}

/** What goes beside the data of a comm message. */
export interface CommMessage {
  readonly metadata?: Content
  readonly buffers?: readonly Uint8Array[]
}

/** JSON. */
export type Content = Readonly<Record<string, unknown>>

/** Known to the whole process, so that a reloaded instance of this module finds the same host. */
const KEY = Symbol.for('recurlab.notebook')

/** Tells shown things where to go; null for a plain terminal. */
export function setHost(next: NotebookHost | null): void {
  ;(globalThis as { [KEY]?: NotebookHost | null })[KEY] = next
}

/** The kernel, or null in a plain terminal. */
export function currentHost(): NotebookHost | null {
  return (globalThis as { [KEY]?: NotebookHost | null })[KEY] ?? null
}
