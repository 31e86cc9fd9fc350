import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Router } from 'zeromq'
import { decode, encode, type Header, type Message } from './message.js'
import type { Connection, Sockets } from './sockets.js'

/** Content of a message. */
export type Content = Record<string, unknown>

/** What a request is answered with. */
export interface Reply {
  readonly content: Content
  /** Refuse the execute requests that wait behind this one. */
  readonly abort?: boolean
}

/** The wire: publishes outputs, and hands requests to their handlers. */
export interface Server {
  /** Publishes on iopub, for the request that runs, or ran last. */
  publish(type: string, content: Content): void
  /** The same, for no request or another one. */
  publishFor(parent: Header | null, type: string, content: Content): void
}

/** Answers requests by their type, without `_request`. A type that is not there is not answered. */
export type Handlers = Readonly<Record<string, (message: Message, server: Server) => Reply | Promise<Reply>>>

/** How a request that was waiting when an earlier one failed is answered. */
export type AbortReply = () => Content

interface ServerParts {
  readonly connection: Connection
  readonly sockets: Sockets
  /** Answered in order, one after the other. */
  readonly shell: Handlers
  /** Answered at once, also while a cell runs. */
  readonly control: Handlers
  readonly aborted: AbortReply
  /** Sends what cells have printed so far, so that no message overtakes it. */
  flush(): void
}

interface Waiting {
  readonly message: Message
  aborted: boolean
}

/** Turns of the event loop without a new request, after which no more are waiting. */
const QUIET_TURNS = 3

/** Serves a kernel's sockets until the process ends. */
export function serve(parts: ServerParts): Server {
  const { connection, sockets } = parts
  const session = randomUUID()
  let current: Header | null = null
  const waiting: Waiting[] = []
  let working = false

  const publishFor: Server['publishFor'] = (parent, type, content) => {
    const topic = type === 'stream' ? `stream.${String(content.name)}` : type
    void sockets.iopub
      .send(encode([topic], type, content, { session, key: connection.key, parent }))
      .catch(nobodyListens)
  }
  const server: Server = {
    publishFor,
    publish: (type, content) => {
      if (type !== 'stream') parts.flush()
      publishFor(current, type, content)
    },
  }

  const answer = async (socket: Router, message: Message, handlers: Handlers, aborted: boolean): Promise<void> => {
    const { header } = message
    const name = header.msg_type.replace(/_request$/, '')
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined
    publishFor(header, 'status', { execution_state: 'busy' })
    try {
      if (!handler) return
      const reply: Reply = aborted ? { content: parts.aborted() } : await handler(message, server)
      parts.flush()
      // Before the reply goes out: what is sent in answer to it shall be run.
      if (reply.abort) await abortWaiting()
      const origin = { session, key: connection.key, parent: header }
      await socket.send(encode(message.identities, `${name}_reply`, reply.content, origin))
    } finally {
      parts.flush()
      publishFor(header, 'status', { execution_state: 'idle' })
    }
  }

  const work = async (): Promise<void> => {
    if (working) return
    working = true
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { message } = next
      const executes = message.header.msg_type === 'execute_request'
      if (executes && !next.aborted) {
        parts.flush()
        current = message.header
      }
      await answer(sockets.shell, message, parts.shell, next.aborted).catch(reportFault)
    }
    working = false
  }

  /**
   * Everything that the front end had sent by now, also what still lies in the socket: the reader takes it within a turn of
   * the event loop. (Asking the socket whether it is readable would swallow the signal that wakes the reader.)
   */
  const abortWaiting = async (): Promise<void> => {
    for (let seen = -1, quiet = 0; quiet < QUIET_TURNS; quiet = seen === waiting.length ? quiet + 1 : 0) {
      seen = waiting.length
      await setImmediate()
    }
    for (const one of waiting) if (one.message.header.msg_type === 'execute_request') one.aborted = true
  }

  const read = async (socket: Router, take: (message: Message) => void): Promise<void> => {
    for await (const frames of socket) {
      try {
        take(decode(frames, connection.key))
      } catch (error) {
        reportFault(error)
      }
    }
  }

  void read(sockets.shell, (message) => {
    waiting.push({ message, aborted: false })
    void work()
  })
  void read(sockets.control, (message) => {
    void answer(sockets.control, message, parts.control, false).catch(reportFault)
  })
  publishFor(null, 'status', { execution_state: 'starting' })
  return server
}

function reportFault(error: unknown): void {
  process.stderr.write(`recurlab kernel: ${error instanceof Error ? error.message : String(error)}\n`)
}

/** Only a closed socket refuses, when the kernel is about to end. */
function nobodyListens(): void {}
