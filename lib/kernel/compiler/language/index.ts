import type { CompilerCalls } from '../../protocol.js'
import type { CellSession } from '../session.js'
import { complete } from './complete.js'
import { inspect } from './inspect.js'
import { isComplete } from './is-complete.js'

/** Returns the services for writing cells: completion, inspection, and whether code is complete. */
export function languageServices(session: CellSession): Pick<CompilerCalls, 'complete' | 'inspect' | 'isComplete'> {
  return {
    complete: ({ code, cursor }) => complete(session, code, cursor),
    inspect: ({ code, cursor, detail }) => inspect(session, code, cursor, detail),
    isComplete: ({ code }) => isComplete(session, code),
  }
}
