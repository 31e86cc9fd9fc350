import type { TypeErrors } from '../../notebook/host.js'
import type { CellsProcess } from '../cells/client.js'
import type { CellReply, Compiler, Failure, FromCells, Header, ModuleSource } from '../protocol.js'
import { compilerFailed, interrupted } from './failures.js'
import { reportFault } from './faults.js'
import type { Settings } from './settings.js'

/** A piece of code to run. */
export interface Code {
  readonly code: string
  readonly count: number
  readonly parent: Header
  readonly silent: boolean
  readonly allowStdin: boolean
}

/** The outcome of code. `published` means that the cells' process has shown the failure. */
export interface Outcome {
  readonly failure: Failure | null
  readonly published: boolean
  /** The compiler's warnings, if the code was not run. */
  readonly warnings: readonly string[]
}

/** Compiles code and runs it, one piece at a time. */
export interface Runner {
  run(code: Code): Promise<Outcome>
  /** Stops the running code at the user's request. */
  interrupt(): void
  done(message: Extract<FromCells, { type: 'done' }>): void
  setTypeErrors(mode: TypeErrors): void
  /** Records that the cells' process ended, or did not start. */
  died(failure: Failure): void
  /** Whether one of the processes has ended, so that no further cell can run. */
  readonly dead: boolean
}

interface Running {
  readonly id: number
  /** The time of the user's first request to stop; null before that. */
  askedAt: number | null
  finish(outcome: Outcome): void
}

interface Parts {
  readonly compiler: Pick<Compiler, 'cell' | 'isComplete'>
  readonly cells: Pick<CellsProcess, 'send' | 'stop'>
  /** Resolves when the cells' process accepts messages. */
  readonly ready: Promise<void>
  readonly settings: Settings
}

/**
 * Milliseconds within which a second stop counts as an accidental click, not as a wish to discard what is being saved.
 */
const AGAIN_MS = 1000

/** Creates a runner over the two processes. */
export function createRunner({ compiler, cells, ready, settings }: Parts): Runner {
  let lastId = 0
  let { typeErrors } = settings
  /** Warnings to show with the next compiled code. */
  let notices = settings.problems
  let running: Running | null = null
  /** The code sent to the cells' process. */
  let sent: Running | null = null
  let dead: Failure | null = null
  /** Modules compiled with code that was then not run. */
  const unsent = new Map<string, ModuleSource>()

  /** Sends the code, unless it has been stopped or the compiler refuses it. */
  const begin = async (code: Code, own: Running): Promise<void> => {
    const reply = await compiler.cell({ id: own.id, code: code.code, typeErrors })
    const warnings = [...notices, ...reply.warnings]
    notices = []
    for (const module of reply.reload) {
      // Deleted first, so that the newest is last even if an older one was present.
      unsent.delete(module.file)
      unsent.set(module.file, module)
    }
    if (reply.failure) return own.finish(notRun(reply.failure, warnings))
    await ready
    if (running !== own) return
    const reload = [...unsent.values()]
    unsent.clear()
    cells.send({ type: 'run', cell: cellOf(code, own.id, { ...reply, warnings, reload }) })
    sent = own
  }
  return {
    run(code) {
      if (dead) return Promise.resolve(notRun(dead))
      return new Promise((resolve) => {
        const own: Running = {
          id: ++lastId,
          askedAt: null,
          finish(outcome) {
            if (running !== own) return
            running = null
            sent = null
            resolve(outcome)
          },
        }
        running = own
        begin(code, own).catch(async (error: unknown) => {
          const failure = compilerFailed(error)
          if (!(await answers(compiler))) {
            if (!dead) reportFault(failure.evalue)
            dead ??= failure
          }
          own.finish(notRun(failure))
        })
      })
    },
    interrupt() {
      if (!running) return
      const force = running.askedAt !== null && performance.now() - running.askedAt >= AGAIN_MS
      running.askedAt ??= performance.now()
      if (sent !== running) return running.finish(notRun(interrupted))
      cells.send({ type: 'stop', cell: running.id })
      cells.stop({ cell: running.id, force })
    },
    done({ cell, failure }) {
      if (running?.id === cell) running.finish({ failure, published: true, warnings: [] })
    },
    setTypeErrors(mode) {
      typeErrors = mode
    },
    get dead() {
      return dead !== null
    },
    died(failure) {
      dead = failure
      running?.finish(notRun(dead))
    },
  }
}

/** Returns whether the compiler is alive after a failure: whether it answers at all. */
function answers(compiler: Pick<Compiler, 'isComplete'>): Promise<boolean> {
  return compiler.isComplete({ code: '' }).then(
    () => true,
    () => false,
  )
}

function notRun(failure: Failure, warnings: readonly string[] = []): Outcome {
  return { failure, published: false, warnings }
}

function cellOf(
  { code: source, count, parent, silent, allowStdin }: Code,
  id: number,
  { code, map, declares, warnings, reload }: Extract<CellReply, { failure: null }>,
): Extract<Parameters<CellsProcess['send']>[0], { type: 'run' }>['cell'] {
  return { id, count, parent, code, map, source, declares, silent, allowStdin, reload, warnings }
}
