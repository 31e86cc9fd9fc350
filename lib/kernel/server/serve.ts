import type { CellsHandlers, CellsProcess } from '../cells/client.js'
import type { Compiler, Content, Failure, FromCells, Header } from '../protocol.js'
import { createExecutor } from './execute.js'
import { cellsDied, cellsNotStarted, compilerFailed, type Exit } from './failures.js'
import { guarded, reportFault } from './faults.js'
import type { HistoryFiles } from './history-file.js'
import { decode, type Message } from './message.js'
import { createDecoders } from './output.js'
import { createQueue } from './queue.js'
import { createHandlers } from './requests.js'
import { createRunner } from './runner.js'
import type { Settings } from './settings.js'
import { type Connection, type Sockets, signingOf } from './sockets.js'
import { createStdin } from './stdin.js'
import { type AddressedSocket, createWire } from './wire.js'

/** The parts of a notebook kernel. */
export interface ServeParts {
  readonly connection: Connection
  readonly sockets: Sockets
  readonly compiler: Compiler
  readonly cells: Pick<CellsProcess, 'send' | 'stop' | 'pause' | 'resume'>
  readonly history: HistoryFiles
  readonly settings: Settings
  /** Content of `kernel_info_reply`. */
  readonly info: Content
  /** Ends all processes of the kernel. */
  end(exitCode: number): void
}

/** A running notebook kernel, which answers on its sockets. The messages of the cells' process are passed to it. */
export interface Kernel extends CellsHandlers {
  /** Stops the running cell at the user's request. */
  interrupt(): void
  /** Resolves when every published message has gone out. */
  empty(): Promise<void>
}

/** Maximum characters kept of the standard error of a process that does not start. */
const FIRST_WORDS = 4000

/** Serves the sockets of a notebook kernel until the process ends. */
export function serve(parts: ServeParts): Kernel {
  const { connection, sockets, compiler, cells, history, settings, info, end } = parts
  const signing = signingOf(connection)
  const wire = createWire(sockets.iopub, signing, cells)
  let tellReady = (): void => {}
  const ready = new Promise<void>((resolve) => {
    tellReady = resolve
  })
  /** The standard error of the cells' process until it is ready; null afterwards. */
  let firstWords: string | null = ''
  const late = setTimeout(() => cellsFailed(notStarted(null)), settings.startSeconds * 1000)
  late.unref()
  const runner = createRunner({ compiler, cells, ready, settings })
  const executor = createExecutor({ wire, runner, history })
  const stdin = createStdin({
    send: (request, content) => wire.ask(sockets.stdin, request, 'input_request', content),
    answer: (id, value) => cells.send({ type: 'input', id, value }),
  })
  let comms: Readonly<Record<string, string>> = {}
  /** The request of the cell that is running or ran last, to which raw output belongs. */
  let lastExecuted: Header | null = null

  const status = (parent: Header | null, execution_state: string): void =>
    wire.publish(parent, 'status', { execution_state })
  const interrupt = (): void => {
    // In this order, so that a cell that is stopped while it asks for input does not see a missing answer.
    runner.interrupt()
    stdin.giveUp()
  }

  const queue = createQueue(async (message, aborted) => {
    const { header } = message
    const started = new Date().toISOString()
    status(header, 'busy')
    if (!aborted) lastExecuted = header
    const reply = aborted ? { content: executor.aborted(), abort: false } : await executor.execute(message)
    stdin.giveUp()
    return {
      abort: reply.abort,
      send() {
        wire.reply(sockets.shell, message, reply.content, { metadata: { started, status: reply.content.status } })
        status(header, 'idle')
        if (runner.dead) end(1)
      },
    }
  })
  const handlers = createHandlers({
    connection,
    compiler,
    history,
    info,
    interrupt,
    comms: () => comms,
    comm({ header, content, metadata, buffers }) {
      const message = header.msg_type as 'comm_open' | 'comm_msg' | 'comm_close'
      cells.send({ type: 'comm', parent: header, message, content, metadata, buffers })
    },
  })
  const answer = async (socket: AddressedSocket, message: Message): Promise<void> => {
    const { header } = message
    const handler = Object.hasOwn(handlers, header.msg_type) ? handlers[header.msg_type] : undefined
    status(header, 'busy')
    try {
      const content = await handler?.(message)
      if (content) wire.reply(socket, message, content)
    } finally {
      status(header, 'idle')
    }
  }
  const shutDown = (socket: AddressedSocket, message: Message): void => {
    const content = { status: 'ok', restart: message.content.restart === true }
    status(message.header, 'busy')
    wire.reply(socket, message, content)
    wire.publish(message.header, 'shutdown_reply', content)
    status(message.header, 'idle')
    end(0)
  }
  const take = (socket: AddressedSocket, message: Message): void => {
    const type = message.header.msg_type
    if (type === 'execute_request' && socket === sockets.shell) queue.add(message)
    else if (type === 'shutdown_request') shutDown(socket, message)
    else answer(socket, message).catch(reportFault)
  }
  const read = async (socket: AsyncIterable<Buffer[]>, handle: (message: Message) => void): Promise<void> => {
    for await (const frames of socket) guarded(() => handle(decode(frames, signing)))
  }
  void read(sockets.shell, (message) => take(sockets.shell, message))
  void read(sockets.control, (message) => take(sockets.control, message))
  void read(sockets.stdin, (message) => {
    if (message.header.msg_type === 'input_reply') stdin.reply(message)
  })
  status(null, 'starting')

  const ask = (question: Extract<FromCells, { type: 'input' }>): void => {
    const current = queue.current()
    const askable = current?.header.msg_id === question.parent.msg_id && current.content.allow_stdin === true
    stdin.ask(question, askable ? current : null)
  }
  const compileModules = async (request: Extract<FromCells, { type: 'modules' }>): Promise<void> => {
    const { id, specifier, from } = request
    const reply = await compiler
      .modules({ specifier, from })
      .catch((error: unknown) => ({ failure: compilerFailed(error) }))
    cells.send({ type: 'modules', id, reply })
  }
  const hear = (message: FromCells): void => {
    if (message.type === 'ready') started()
    else if (message.type === 'publish') executor.publish(message.parent, message.message, message.content, message)
    // The pipe may still hold what native code printed: one turn of the event loop reads it.
    else if (message.type === 'done') setImmediate(() => setImmediate(() => runner.done(message)))
    else if (message.type === 'input') ask(message)
    else if (message.type === 'modules') void compileModules(message)
    else if (message.type === 'typeErrors') runner.setTypeErrors(message.mode)
    else comms = message.open
  }
  const started = (): void => {
    clearTimeout(late)
    firstWords = null
    tellReady()
  }
  const notStarted = (exit: Exit | null): Failure => cellsNotStarted(exit, firstWords ?? '', settings.startSeconds)
  /** Reports that no further cell can run: to the running or waiting cell, and to the log. */
  const cellsFailed = (failure: Failure): void => {
    clearTimeout(late)
    const text = failure.traceback.join('\n')
    reportFault(text)
    runner.died(failure)
    // The running cell ends with this failure, and the kernel after it.
    if (queue.current()) return
    wire.publish(lastExecuted, 'stream', { name: 'stderr', text: `${text}\n` })
    end(1)
  }
  const decodeRaw = createDecoders()
  return {
    interrupt,
    empty: wire.empty,
    message: (message) => guarded(() => hear(message)),
    raw(name, chunk) {
      const text = decodeRaw(name, chunk)
      if (text === '') return
      wire.publish(lastExecuted, 'stream', { name, text })
      if (firstWords !== null && name === 'stderr') firstWords = (firstWords + text).slice(-FIRST_WORDS)
    },
    exit(code, signal) {
      cellsFailed(firstWords === null ? cellsDied({ code, signal }) : notStarted({ code, signal }))
    },
  }
}
