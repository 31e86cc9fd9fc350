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

/** The callbacks of lib, by name. */
export interface Hooks {
  readonly cellEnd: Map<string, () => void | Promise<void>>
  readonly forcedStop: Map<string, () => void>
}

/** The calls that a stop waits for. */
export interface Stops {
  /** Runs work during which a stop only aborts the cell's signal. */
  stoppable<T>(cell: Cell, work: () => Promise<T>): Promise<T>
  /** Runs work that a stop of the cell does not interrupt. @throws Stop after it, if the cell was asked to end */
  uncut<T>(cell: Cell, work: () => T): T
}

/** Runs cells, one at a time, and stops them. */
export interface Lifecycle extends Stops {
  run(run: CellRun): void
  /** Records how many packages are being loaded: the first stop waits until their top level has run. */
  packagesUnderway(count: number): void
  /** Stops the cell at the user's request. */
  stop(id: number): void
}

interface Parts {
  readonly evaluator: Evaluator
  readonly loader: Loader
  readonly hooks: Hooks
  readonly shared: SharedState
}

/** Milliseconds that a stopped cell waits for lib's callbacks at the end of cells. */
const STOPPED_END_MS = 500

/** Creates the object that runs cells. */
export function createLifecycle(parts: Parts): Lifecycle {
  return new CellLifecycle(parts)
}

/**
 * A cell ends once, in one of three ways: its code ended, it was stopped while it waited, or it was stopped by force.
 * A forced stop drops pending promises, so that the next stop must be able to take over from any step.
 */
class CellLifecycle implements Lifecycle {
  readonly #parts: Parts
  readonly #clearStack = loadClearStack()
  #restoreScopes = (): void => {}
  /** Id of a cell that is to be stopped before it starts. */
  #stopBefore = 0
  /** Whether a forced stop was made, and the main thread has not reached its event loop yet. */
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
      // The message says what was saved and how to resume, instead of the bare fact.
      if (error instanceof Error && error.name === 'Interrupted') cell.saved = describeThrown(error)
      throw error
    } finally {
      cell.stoppable--
      if (cell.stoppable === 0 && cell.asked && cell.state === 'running') {
        cell.stopped = true
        // The code that waits for the work runs first, up to its next await.
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
    // The outcome of a forced stop is handled later, when this thread has reached its event loop.
    if (this.#forced || cell.state !== 'running') return
    if (cell.stopped) this.#stopNow(cell)
    else void this.#end(cell, outcome.thrown ? describeThrown(outcome.error) : null)
  }

  /** Ends a stopped cell, wherever it waits. */
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
    // The callbacks of lib are not the cell's code: they continue when the cell is stopped.
    const bundle = await context.run(new Owner(cell.parent), async () => {
      // At once: a slow drawing must not hold back the last line of a loop.
      const callbacks = [...this.#parts.hooks.cellEnd.values()].map(async (callback) => callback())
      for (const { reason } of (await Promise.allSettled(callbacks)).filter(isRejected))
        reportThrown('Thrown at the end of the cell', reason)
      return failure || cell.silent ? null : await resultOf(cell.result, this.#parts.loader)
    })
    this.#finish(cell, failure, bundle)
  }

  #finish(cell: Cell, failure: Failure | null, bundle: Content | null): void {
    if (cell.state === 'done') return
    critical(() => {
      cell.state = 'done'
      cell.result = undefined
      // Code that continues after the cell may be stopped by force too.
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

  /** Stops a cell; the interrupting thread calls it inside the code that keeps this thread busy. */
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
    // A timer of an earlier cell may keep the thread busy instead.
    const busy = context.getStore()
    if (busy) busy.stopped = true
    const terminate = (): void => this.#terminate()
    if (deferIfCritical(terminate)) return 'stopped'
    if (!safe) return 'later'
    terminate()
    return 'stopped'
  }

  /** Cuts off the description of a thrown value that takes too long; the interrupting thread calls it. */
  #cut(telling: number, here: (...args: never[]) => unknown): void {
    const terminate = (): void => this.#terminate()
    if (!isTelling(telling) || deferIfCritical(terminate) || !isSafePlace(here)) return
    terminate()
  }

  #terminate(): void {
    this.#forced = true
    const immediates = pendingImmediates()
    // Set at every stop, because a stop that ends an immediate makes Node forget the immediates after it.
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
    // The interrupted code has left its context behind.
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
  return `The edit of ${file} is rejected; the previous code stays in use.\n${reason}`
}

function isRejected(result: PromiseSettledResult<void>): result is PromiseRejectedResult {
  return result.status === 'rejected'
}
