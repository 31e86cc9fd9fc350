import type { Compiler, Content } from '../protocol.js'
import { answerHistory } from './history.js'
import type { HistoryFiles } from './history-file.js'
import { answerLanguage } from './language.js'
import type { Message } from './message.js'
import type { Connection } from './sockets.js'

/** Returns the content of the reply to a request; null for no reply. */
export type Handler = (message: Message) => Content | null | Promise<Content | null>

interface Parts {
  readonly connection: Connection
  readonly compiler: Compiler
  readonly history: HistoryFiles
  readonly info: Content
  /** Returns the target names of the open comms, by id. */
  comms(): Readonly<Record<string, string>>
  /** Passes a comm message to the cells. */
  comm(message: Message): void
  interrupt(): void
}

/** Creates the handlers of requests that are answered at once, even while a cell runs, by type. */
export function createHandlers(parts: Parts): Readonly<Record<string, Handler>> {
  const { connection, compiler, history, info } = parts
  const comm: Handler = (message) => {
    parts.comm(message)
    return null
  }
  return {
    kernel_info_request: () => info,
    complete_request: ({ content }) => answerLanguage(compiler, 'complete', content),
    inspect_request: ({ content }) => answerLanguage(compiler, 'inspect', content),
    is_complete_request: ({ content }) => answerLanguage(compiler, 'isComplete', content),
    history_request: ({ content }) => answerHistory(history, content),
    comm_info_request: ({ content }) => ({ status: 'ok', comms: commsFor(parts.comms(), content.target_name) }),
    comm_open: comm,
    comm_msg: comm,
    comm_close: comm,
    connect_request: () => ({ status: 'ok', ...portsOf(connection) }),
    interrupt_request() {
      parts.interrupt()
      return { status: 'ok' }
    },
    debug_request: ({ content }) => ({
      type: 'response',
      request_seq: content.seq ?? 0,
      success: false,
      command: content.command ?? '',
      message: 'this kernel has no debugger',
    }),
  }
}

function commsFor(open: Readonly<Record<string, string>>, target: unknown): Content {
  const wanted = Object.entries(open).filter(([, name]) => typeof target !== 'string' || name === target)
  return Object.fromEntries(wanted.map(([id, target_name]) => [id, { target_name }]))
}

function portsOf({ shell_port, iopub_port, stdin_port, control_port, hb_port }: Connection): Content {
  return { shell_port, iopub_port, stdin_port, control_port, hb_port }
}
