import { type Runtime, Session } from 'node:inspector'
import { promiseHooks } from 'node:v8'
import { type Cell, context } from './context.js'
import { disarm } from './disarm.js'
import { CELL_URL } from './source-maps.js'

/** How a cell's code ended. */
export type Outcome = { readonly thrown: false } | { readonly thrown: true; readonly error: unknown }

/** V8's REPL mode on this thread. */
export interface Evaluator {
  /** Evaluates a cell's code. After a forced stop `ended` may be called or not, and says nothing. */
  evaluate(cell: Cell, code: string, ended: (outcome: Outcome) => void): void
  /** Throws what no code can catch into the code that runs. */
  terminate(): void
  /** Node waits at its end for whoever is connected. */
  close(): void
}

/** The inspector keeps what a cell's evaluation gives as long as this group is not released. */
const GROUP = 'recurlab'

/**
 * Evaluations whose promise is pending. Without this reference a promise that nothing can settle any more, such as that of
 * a stopped cell, is collected; the inspector then answers from inside the garbage collection, which ends Node 22 and 24.
 */
type Pending = Set<Promise<unknown>>

/**
 * Opens an inspector session on this thread.
 *
 * @throws Error that says what this Node lacks, where cells cannot run by it
 */
export function createEvaluator(): Evaluator {
  let session = connected()
  checkReplMode(session)
  let pending: Pending = new Set()
  let taken: unknown

  /** The value that a description of the inspector's stands for. */
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
      // Of an earlier cell, which was stopped: only with its session can its promise be let go.
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
        // Before the inspector's own reaction.
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

/** Finds out whether the inspector has the mode of Node's own prompt: only there code awaits at its top. */
function checkReplMode(session: Session): void {
  let problem: unknown
  const options = { expression: 'await 0', objectGroup: GROUP, replMode: true, silent: true }
  session.post('Runtime.evaluate', options, (refused: Error | null, reply: Runtime.EvaluateReturnType) => {
    problem = refused ?? reply.exceptionDetails
  })
  if (problem)
    throw new Error(`the inspector of Node ${process.version} does not run code in REPL mode, in which cells run`)
}

/** Not that which cells get, whose callbacks end with their cell. */
const nativeThen = Promise.prototype.then

/** Hands over the first promise that is made from now on until the function that is returned is called. */
function keepFirst(keep: (promise: Promise<unknown>) => void): () => void {
  let stop: (() => void) | null = null
  const release = (): void => {
    stop?.()
    stop = null
  }
  // A Node without this part of it, should there be one, may collect the promise; cells run all the same.
  if (typeof promiseHooks?.onInit !== 'function') return release
  stop = promiseHooks.onInit((promise) => {
    const isFirst = stop !== null
    release()
    if (isFirst) keep(promise)
  }) as unknown as () => void
  return release
}

/** Numbers that JSON has not, and bigints, come as text. */
function primitive({ type, subtype, value, unserializableValue }: Runtime.RemoteObject): unknown {
  if (unserializableValue !== undefined)
    return type === 'bigint' ? BigInt(unserializableValue.slice(0, -1)) : Number(unserializableValue)
  return subtype === 'null' ? null : value
}
