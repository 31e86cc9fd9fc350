import { type Runtime, Session } from 'node:inspector'
import { promiseHooks } from 'node:v8'
import { type Cell, context } from './context.js'
import { disarm } from './disarm.js'
import { CELL_URL } from './source-maps.js'

/** The outcome of a cell's code. */
export type Outcome = { readonly thrown: false } | { readonly thrown: true; readonly error: unknown }

/** V8's REPL mode on this thread. */
export interface Evaluator {
  /**
   * Evaluates the code of a cell. After a forced stop, `ended` may or may not be called, and its outcome is
   * meaningless.
   */
  evaluate(cell: Cell, code: string, ended: (outcome: Outcome) => void): void
  /** Ends the running code by an exception that no code can catch. */
  terminate(): void
  /** Closes the session, for which Node would wait at the end of the process. */
  close(): void
}

/** Object group of an evaluation's values, which the inspector keeps until it is released. */
const GROUP = 'recurlab'

/**
 * The promises of pending evaluations. Without this reference a promise that nothing can settle any more, such as that of a
 * stopped cell, is collected; the inspector then answers from inside the garbage collection, which ends Node 22 and 24.
 */
type Pending = Set<Promise<unknown>>

/**
 * Opens an inspector session on this thread.
 *
 * @throws Error naming what this version of Node lacks, if cells cannot run
 */
export function createEvaluator(): Evaluator {
  let session = connected()
  checkReplMode(session)
  let pending: Pending = new Set()
  let taken: unknown

  /** Returns the value that the inspector describes. */
  const valueBehind = (described: Runtime.RemoteObject): unknown => {
    if (described.objectId === undefined) return primitive(described)
    taken = undefined
    session.post('Runtime.callFunctionOn', {
      functionDeclaration: `function (value) { globalThis[Symbol.for('recurlab.take')](value) }`,
      objectId: described.objectId,
      arguments: [{ objectId: described.objectId }],
      silent: true,
    })
    const value = taken
    taken = undefined
    return value
  }
  Object.defineProperty(globalThis, Symbol.for('recurlab.take'), { value: (value: unknown) => (taken = value) })

  return {
    evaluate(cell, code, ended) {
      // A stopped cell has left its promise, which can be released only together with its session.
      if (pending.size > 0) {
        pending = new Set()
        session.disconnect()
        session = connected()
      }
      const own = session
      const kept = pending
      let promise: Promise<unknown> | null = null
      let rearm = (): void => {}
      const expression = `${code}\n//# sourceURL=${CELL_URL}${cell.id}`
      const options = { expression, objectGroup: GROUP, replMode: true, awaitPromise: true, disableBreaks: true }
      const release = keepFirst((first) => {
        promise = first
        kept.add(first)
        // This reaction runs before the inspector's own.
        nativeThen.call(first, undefined, (error: unknown) => {
          rearm = disarm(error)
        })
      })
      context.run(cell, () =>
        own.post('Runtime.evaluate', options, (refused: Error | null, reply: Runtime.EvaluateReturnType) => {
          if (promise) kept.delete(promise)
          rearm()
          if (refused) return ended({ thrown: true, error: refused })
          const { exceptionDetails } = reply
          const outcome: Outcome = exceptionDetails?.exception
            ? { thrown: true, error: valueBehind(exceptionDetails.exception) }
            : { thrown: false }
          own.post('Runtime.releaseObjectGroup', { objectGroup: GROUP })
          ended(outcome)
        }),
      )
      release()
    },
    terminate: () => session.post('Runtime.terminateExecution'),
    close: () => session.disconnect(),
  }
}

function connected(): Session {
  const session = new Session()
  session.connect()
  return session
}

/** Determines whether the inspector has the mode of Node's REPL, in which code awaits at its top level. */
function checkReplMode(session: Session): void {
  let problem: unknown
  const options = { expression: 'await 0', objectGroup: GROUP, replMode: true, silent: true }
  session.post('Runtime.evaluate', options, (refused: Error | null, reply: Runtime.EvaluateReturnType) => {
    problem = refused ?? reply.exceptionDetails
  })
  if (problem)
    throw new Error(`the inspector of Node ${process.version} does not run code in REPL mode, in which cells run`)
}

/** The original `then`: callbacks of the one that cells get end with their cell. */
const nativeThen = Promise.prototype.then

/** Passes on the first promise that is created before the returned function is called. */
function keepFirst(keep: (promise: Promise<unknown>) => void): () => void {
  let stop: (() => void) | null = null
  const release = (): void => {
    stop?.()
    stop = null
  }
  // A Node without promise hooks may collect the promise; cells run all the same.
  if (typeof promiseHooks?.onInit !== 'function') return release
  stop = promiseHooks.onInit((promise) => {
    const isFirst = stop !== null
    release()
    if (isFirst) keep(promise)
  }) as unknown as () => void
  return release
}

/** Returns the value of a primitive. Bigints, and numbers without a JSON form, arrive as text. */
function primitive({ type, subtype, value, unserializableValue }: Runtime.RemoteObject): unknown {
  if (unserializableValue !== undefined)
    return type === 'bigint' ? BigInt(unserializableValue.slice(0, -1)) : Number(unserializableValue)
  return subtype === 'null' ? null : value
}
