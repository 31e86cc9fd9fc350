import { type Runtime, Session } from 'node:inspector'
import { type Cell, context } from './context.js'
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

/** Opens an inspector session on this thread. */
export function createEvaluator(): Evaluator {
  const session = new Session()
  session.connect()
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
      const expression = `${code}\n//# sourceURL=${CELL_URL}${cell.id}`
      const options = { expression, objectGroup: GROUP, replMode: true, awaitPromise: true, disableBreaks: true }
      context.run(cell, () =>
        session.post('Runtime.evaluate', options, (refused: Error | null, reply: Runtime.EvaluateReturnType) => {
          if (refused) return ended({ thrown: true, error: refused })
          const { exceptionDetails } = reply
          const outcome: Outcome = exceptionDetails?.exception
            ? { thrown: true, error: valueBehind(exceptionDetails.exception) }
            : { thrown: false }
          session.post('Runtime.releaseObjectGroup', { objectGroup: GROUP })
          ended(outcome)
        }),
      )
    },
    terminate: () => session.post('Runtime.terminateExecution'),
    close: () => session.disconnect(),
  }
}

/** Numbers that JSON has not, and bigints, come as text. */
function primitive({ type, subtype, value, unserializableValue }: Runtime.RemoteObject): unknown {
  if (unserializableValue !== undefined)
    return type === 'bigint' ? BigInt(unserializableValue.slice(0, -1)) : Number(unserializableValue)
  return subtype === 'null' ? null : value
}
