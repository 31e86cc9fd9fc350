import { inspect } from 'node:util'
import { isDisplay, settleDisplays } from '../notebook/display.js'
import type { Failure } from './failure.js'
import type { Message } from './message.js'
import type { Content, Reply, Server } from './server.js'
import type { Session } from './session.js'

/** Runs cells and counts them. */
export interface Cells {
  execute(message: Message, server: Server): Promise<Reply>
  /** The reply of a cell that is not run because one before it failed. */
  aborted(): Content
}

/** Cells of a session, with the outputs that the protocol asks for. */
export function createCells(session: Session): Cells {
  let count = 0
  return {
    aborted: () => ({ status: 'aborted', execution_count: count }),
    async execute({ content }, server) {
      const { code, silent, counted, stopOnError } = readRequest(content)
      if (counted) count++
      const execution_count = count
      if (!silent) server.publish('execute_input', { code, execution_count })
      const outcome = await session.run(code)
      await settleDisplays()
      if (outcome.failure) {
        if (!silent) server.publish('error', { ...outcome.failure })
        return { content: errorReply(outcome.failure, execution_count), abort: stopOnError }
      }
      const { result } = outcome
      // `show(x)` as the last line has shown x already.
      if (!silent && result !== null && result !== undefined && !isDisplay(result))
        server.publish('execute_result', { execution_count, data: { 'text/plain': inspect(result) }, metadata: {} })
      return { content: { status: 'ok', execution_count, user_expressions: {}, payload: [] } }
    },
  }
}

function readRequest(content: Message['content']): {
  code: string
  silent: boolean
  counted: boolean
  stopOnError: boolean
} {
  const silent = content.silent === true
  return {
    code: String(content.code ?? ''),
    silent,
    counted: !silent && content.store_history !== false,
    stopOnError: content.stop_on_error !== false,
  }
}

function errorReply(failure: Failure, execution_count: number): Content {
  return { status: 'error', execution_count, ...failure, user_expressions: {}, payload: [] }
}
