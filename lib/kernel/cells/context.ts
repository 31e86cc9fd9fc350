import { AsyncLocalStorage } from 'node:async_hooks'
import { setMaxListeners } from 'node:events'
import type { CellRun, Failure, Header } from '../protocol.js'

/** Whom running code belongs to: a cell, or a call from the front end to what a cell has made. */
export class Owner {
  /** The message that the code's outputs answer. */
  readonly parent: Header
  /** None of its code goes on: awaits throw, timers do not fire. */
  stopped = false
  #abort: AbortController | null = null
  #asked = false

  constructor(parent: Header) {
    this.parent = parent
  }

  /** Aborted when the user asks for a stop. Made when first wanted. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController()
      setMaxListeners(0, this.#abort.signal)
      if (this.#asked) this.#abort.abort(new Stop())
    }
    return this.#abort.signal
  }

  /** The user wants it to end. */
  ask(): void {
    if (this.#asked) return
    this.#asked = true
    this.#abort?.abort(new Stop())
  }

  get asked(): boolean {
    return this.#asked
  }
}

/** A cell, from its start until the memory of its code and its timers is freed. */
export class Cell extends Owner {
  readonly id: number
  readonly count: number
  readonly silent: boolean
  readonly allowStdin: boolean
  /** What it has called that saves and ends by itself when it is asked to. */
  stoppable = 0
  /** What that work says when it was stopped: what it saved, and how to go on. */
  saved: Failure | null = null
  /** The value of its last expression. */
  result: unknown = undefined
  /** Its code is being evaluated; it has ended and its last outputs are made; the server was told. */
  state: 'running' | 'ending' | 'done' = 'running'

  constructor(run: CellRun) {
    super(run.parent)
    this.id = run.id
    this.count = run.count
    this.silent = run.silent
    this.allowStdin = run.allowStdin
  }
}

/** What a stopped cell's code is ended with. */
export class Stop extends Error {
  override readonly name = 'Interrupted'

  constructor() {
    super('the cell was stopped')
  }
}

/** Follows every piece of code through awaits, timers and callbacks. */
export const context = new AsyncLocalStorage<Owner | undefined>()

let latest: Cell | null = null

/** The cell that runs or is ending; null between cells. */
export function currentCell(): Cell | null {
  return latest && latest.state !== 'done' ? latest : null
}

export function setCurrentCell(cell: Cell): void {
  latest = cell
}

/** Whom the code that runs now belongs to. Modules and callbacks of native code count to the latest cell. */
export function currentOwner(): Owner | null {
  return context.getStore() ?? latest
}

/** Runs what is no code of a cell. */
export function asNobody<T>(work: () => T): T {
  return context.run(undefined, work)
}
