import { AsyncLocalStorage } from 'node:async_hooks'
import { setMaxListeners } from 'node:events'
import type { CellRun, Failure, Header } from '../protocol.js'

/** The owner of running code: a cell, or a call from the front end to something that a cell has made. */
export class Owner {
  /** The parent message of the code's outputs. */
  readonly parent: Header
  /** Whether its code is stopped: awaits throw, timers do not fire. */
  stopped = false
  #abort: AbortController | null = null
  #asked = false

  constructor(parent: Header) {
    this.parent = parent
  }

  /** Aborts when the user asks for a stop. It is created when it is first read. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController()
      setMaxListeners(0, this.#abort.signal)
      if (this.#asked) this.#abort.abort(new Stop())
    }
    return this.#abort.signal
  }

  /** Asks the code to end, at the user's request. */
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
  /** Number of calls in progress that save and end by themselves when asked to. */
  stoppable = 0
  /** The message of such a call that was stopped: what it saved, and how to resume. */
  saved: Failure | null = null
  /** The value of its last expression. */
  result: unknown = undefined
  /** `running`: its code is being evaluated; `ending`: its last outputs are being made; `done`: the server was told. */
  state: 'running' | 'ending' | 'done' = 'running'

  constructor(run: CellRun) {
    super(run.parent)
    this.id = run.id
    this.count = run.count
    this.silent = run.silent
    this.allowStdin = run.allowStdin
  }
}

/** The error that ends the code of a stopped cell. */
export class Stop extends Error {
  override readonly name = 'Interrupted'

  constructor() {
    super('the cell was stopped')
  }
}

/** The owner of each piece of code, followed through awaits, timers and callbacks. */
export const context = new AsyncLocalStorage<Owner | undefined>()

let latest: Cell | null = null

/** Returns the cell that is running or ending; null between cells. */
export function currentCell(): Cell | null {
  return latest && latest.state !== 'done' ? latest : null
}

export function setCurrentCell(cell: Cell): void {
  latest = cell
}

/** Returns the owner of the running code. Modules and callbacks of native code count as the latest cell's. */
export function currentOwner(): Owner | null {
  return context.getStore() ?? latest
}

/** Runs work that belongs to no cell. */
export function asNobody<T>(work: () => T): T {
  return context.run(undefined, work)
}
