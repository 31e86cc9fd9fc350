import type { CellRun, Content, Failure } from '../protocol.js'
import { isLoadingPackage, isSafePlace, loadClearStack } from './async-stack.js'
import { endChildren } from './children.js'
import { asNobody, Cell, context, currentCell, Owner, Stop, setCurrentCell } from './context.js'
import { critical, deferIfCritical, endingBegins, endingIsOver } from './critical.js'
import type { Evaluator, Outcome } from './evaluate.js'
import { boundTelling, describeThrown, interrupted, isTelling, takeCut } from './failure.js'
import { forgetInput } from './input.js'
import type { Loader, RefusedEdit } from './loader/index.js'
import { nodeTimers } from './node-timers.js'
import { print } from './output.js'
import { reloadText } from './reload-text.js'
import { reportThrown } from './report.js'
import { resultOf } from './result.js'
import { CUT, INTERRUPT, type Interruption, type SharedState } from './shared-state.js'
import { addCell } from './source-maps.js'
import { rememberScopes } from './tfjs-scopes.js'
import { pendingImmediates, recoverImmediates } from './timers.js'
import { publish, sendInOrder } from './wire.js'

/** Callbacks of lib, by name. */
export interface Hooks {
  readonly cellEnd: Map<string, () => void | Promise<void>>
  readonly forcedStop: Map<string, () => void>
}

/** Stops that wait for work. */
export interface Stops {
  /** Does work during which a stop of the cell only aborts its signal. */
  stoppable<T>(cell: Cell, work: () => Promise<T>): Promise<T>
  /** Does work that a stop of the cell does not cut. @throws Stop after it, when the cell was asked to end */
  uncut<T>(cell: Cell, work: () => T): T
}

/** Runs cells, one at a time, and stops them. */
export interface Lifecycle extends Stops {
  run(run: CellRun): void
  /** So many packages are being loaded: the first stop waits until what they run at their top level has ended. */
  packagesUnderway(count: number): void
  /** The user wants the cell to end. */
  stop(id: number): void
}

interface Parts {
  readonly evaluator: Evaluator
  readonly loader: Loader
  readonly hooks: Hooks
  readonly shared: SharedState
}

/** A stopped cell does not wait longer than this for what lib does at the end of cells. */
const STOPPED_END_MS = 500

/** Makes the one that runs cells. */
export function createLifecycle(parts: Parts): Lifecycle {
  return new CellLifecycle(parts)
}

/**
 * A cell ends once, on one of three ways: its code ended, it was stopped while it waited, or it was stopped by force.
 * A forced stop drops pending promises, so every step can be taken over by the next stop.
 */
class CellLifecycle implements Lifecycle {
  readonly #parts: Parts
  readonly #clearStack = loadClearStack()
  #restoreScopes = (): void => {}
  /** A cell that has not started and is already to be stopped. */
  #stopBefore = 0
  /** A forced stop has been made, and the main thread has not come to itself yet. */
  #forced = false
  #packagesUnderway = 0

  constructor(parts: Parts) {
    this.#parts = parts
    const interrupt = (id: number, force: boolean): Interruption => this.#interrupt(id, force, interrupt)
    Object.defineProperty(globalThis, Symbol.for(INTERRUPT), { value: interrupt })
    const cut = (telling: number): void => this.#cut(telling, cut)
    Object.defineProperty(globalThis, Symbol.for(CUT), { value: cut })
    boundTelling(parts.shared)
  }

  run(run: CellRun): void {
    const cell = new Cell(run)
    setCurrentCell(cell)
    addCell(run.id, run.count, run.source, run.map)
    if (run.id <= this.#stopBefore) {
      this.#stopNow(cell)
      return
    }
    this.#restoreScopes = rememberScopes()
    for (const warning of run.warnings) print('stderr', `${warning}\n`, cell.parent)
    this.#parts.loader.release(run.declares)
    void asNobody(() => this.#parts.loader.reload(run.reload)).then(({ reloaded, edited, refused, notes }) => {
      if (reloaded.length > 0) print('stdout', `${reloadText(reloaded, edited)}\n`, cell.parent)
      for (const edit of refused) print('stderr', `${refusalText(edit)}\n`, cell.parent)
      for (const note of notes) print('stderr', `${note}\n`, cell.parent)
      if (cell.state !== 'running') return
      this.#parts.evaluator.evaluate(cell, run.code, (outcome) => this.#evaluated(cell, outcome))
    })
  }

  packagesUnderway(count: number): void {
    this.#packagesUnderway = count
  }

  stop(id: number): void {
    const cell = currentCell()
    if (id <= this.#parts.shared.ended) return
    this.#parts.shared.stopSeen = id
    if (cell?.id !== id) {
      this.#stopBefore = id
      return
    }
    cell.ask()
    if (cell.stoppable === 0) this.#stopNow(cell)
  }

  async stoppable<T>(cell: Cell, work: () => Promise<T>): Promise<T> {
    cell.stoppable++
    try {
      return await work()
    } catch (error) {
      // What was saved and how to go on, in place of the bare fact.
      if (error instanceof Error && error.name === 'Interrupted') cell.saved = describeThrown(error)
      throw error
    } finally {
      cell.stoppable--
      if (cell.stoppable === 0 && cell.asked && cell.state === 'running') {
        cell.stopped = true
        // The code that waits for the work has its turn first: it goes on as far as its next await.
        nodeTimers.setImmediate(() => this.#stopNow(cell))
      }
    }
  }

  uncut<T>(cell: Cell, work: () => T): T {
    cell.stoppable++
    let done: T
    try {
      done = work()
    } finally {
      cell.stoppable--
    }
    if (cell.stoppable === 0 && cell.asked && cell.state === 'running') {
      cell.stopped = true
      throw new Stop()
    }
    return done
  }

  #evaluated(cell: Cell, outcome: Outcome): void {
    // What comes of a forced stop is for later, when this thread has come to itself.
    if (this.#forced || cell.state !== 'running') return
    if (cell.stopped) this.#stopNow(cell)
    else void this.#end(cell, outcome.thrown ? describeThrown(outcome.error) : null)
  }

  /** Ends a cell whose code goes no further, wherever it waits. */
  #stopNow(cell: Cell): void {
    if (cell.state === 'done') return
    const wasEnding = cell.state === 'ending'
    cell.stopped = true
    cell.ask()
    endChildren(cell)
    const failure = cell.saved ?? interrupted
    const finish = (): void => this.#finish(cell, failure, null)
    if (wasEnding) finish()
    else {
      nodeTimers.setTimeout(finish, STOPPED_END_MS)
      void this.#end(cell, failure)
    }
  }

  async #end(cell: Cell, failure: Failure | null): Promise<void> {
    cell.state = 'ending'
    forgetInput(cell)
    // What lib does here is not the cell's code: it goes on where the cell is stopped.
    const bundle = await context.run(new Owner(cell.parent), async () => {
      for (const callback of [...this.#parts.hooks.cellEnd.values()]) {
        try {
          await callback()
        } catch (error) {
          reportThrown('Thrown at the end of the cell', error)
        }
      }
      return failure || cell.silent ? null : await resultOf(cell.result, this.#parts.loader)
    })
    this.#finish(cell, failure, bundle)
  }

  #finish(cell: Cell, failure: Failure | null, bundle: Content | null): void {
    if (cell.state === 'done') return
    critical(() => {
      cell.state = 'done'
      cell.result = undefined
      // What goes on behind the cell may be stopped by force too.
      this.#restoreScopes = rememberScopes()
      if (!cell.silent) {
        if (failure) publish(cell.parent, 'error', { ...failure })
        else if (bundle)
          publish(cell.parent, 'execute_result', {
            execution_count: cell.count,
            data: bundle,
            metadata: {},
          })
      }
      this.#parts.shared.ended = cell.id
      sendInOrder({ type: 'done', cell: cell.id, failure })
    })
  }

  /** Called by the thread that interrupts, inside the code that keeps this thread busy. */
  #interrupt(id: number, force: boolean, here: (...args: never[]) => unknown): Interruption {
    if (id <= this.#parts.shared.ended) return 'over'
    const cell = currentCell()
    if (!force && isLoadingPackage(here, this.#packagesUnderway > 0)) return 'later'
    const safe = isSafePlace(here)
    if (cell?.id !== id) this.#stopBefore = id
    else if (cell.stoppable > 0 && !force) {
      if (!safe) return 'later'
      cell.ask()
      return 'saves'
    } else cell.stopped = true
    // It may also be a timer of an earlier cell that keeps the thread busy.
    const busy = context.getStore()
    if (busy) busy.stopped = true
    const terminate = (): void => this.#terminate()
    if (deferIfCritical(terminate)) return 'stopped'
    if (!safe) return 'later'
    terminate()
    return 'stopped'
  }

  /** Called by the thread that interrupts: what was thrown by the user's code has been described for too long. */
  #cut(telling: number, here: (...args: never[]) => unknown): void {
    const terminate = (): void => this.#terminate()
    if (!isTelling(telling) || deferIfCritical(terminate) || !isSafePlace(here)) return
    terminate()
  }

  #terminate(): void {
    this.#forced = true
    const immediates = pendingImmediates()
    // At every stop: one that ends an immediate makes Node forget those that were to follow it.
    nodeTimers.setImmediate(() => {
      if (this.#forced) this.#afterForcedStop(immediates)
    })
    this.#clearStack()
    endingBegins()
    this.#parts.evaluator.terminate()
  }

  #afterForcedStop(immediates: readonly NodeJS.Immediate[]): void {
    this.#forced = false
    endingIsOver()
    // The interrupted code left its context behind.
    context.enterWith(undefined)
    this.#restoreScopes()
    recoverImmediates(immediates)
    this.#parts.loader.abandon()
    this.#parts.shared.waitsForChild = 0
    const cell = currentCell()
    if (cell?.stopped) cell.ask()
    for (const callback of [...this.#parts.hooks.forcedStop.values()]) {
      try {
        callback()
      } catch (error) {
        reportThrown('Thrown after a forced stop', error)
      }
    }
    const cut = takeCut()
    if (cell?.stopped) this.#stopNow(cell)
    else if (cut?.whenCut) cut.whenCut(cut.failure)
    else if (cut && cell?.state === 'ending') this.#finish(cell, cut.failure, null)
    else if (cut && cell) void this.#end(cell, cut.failure)
  }
}

function refusalText({ file, error }: RefusedEdit): string {
  const reason = describeThrown(error).traceback.join('\n')
  return `The edit of ${file} is not taken over; the code from before stays in use.\n${reason}`
}
