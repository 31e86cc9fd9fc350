import { UserError } from '../errors.js'
import { settleDisplays } from '../notebook/display.js'
import { setHost } from '../notebook/host.js'
import { createCells } from './execute.js'
import { tidyStack } from './failure.js'
import { captureOutput } from './output.js'
import { type Content, type Handlers, type Server, serve } from './server.js'
import { createSession, type Session } from './session.js'
import { bindSockets, readConnection } from './sockets.js'
import { makeLibTypes } from './types.js'

/** Replies and idle messages go out in this time before the process ends. */
const SHUTDOWN_MS = 100

/**
 * Runs a kernel until it is shut down. Jupyter starts it in the notebook's folder, which `../lib` in cells is
 * relative to; the working directory becomes the project's root.
 */
export async function start(connectionFile: string, root: string): Promise<void> {
  const cwd = process.cwd()
  process.chdir(root)
  const types = makeLibTypes(root)
  const connection = readConnection(connectionFile)
  const sockets = await bindSockets(connection)

  let server: Server | null = null
  const output = captureOutput((name, text) => server?.publish('stream', { name, text }))
  const session = createSession(root, cwd, types)
  const cells = createCells(session)
  const shared: Handlers = {
    kernel_info: () => ({ content: kernelInfo(session) }),
    shutdown: (message) => {
      setTimeout(() => process.exit(), SHUTDOWN_MS)
      return { content: { status: 'ok', restart: message.content.restart === true } }
    },
    interrupt: () => {
      session.interrupt()
      return { content: { status: 'ok' } }
    },
  }
  server = serve({
    connection,
    sockets,
    flush: output.flush,
    aborted: cells.aborted,
    control: shared,
    shell: { ...shared, execute: cells.execute, ...questions(session) },
  })
  showThrough(server, session)
  surviveErrors()
  process.on('SIGINT', () => session.interrupt())
  endWithParent()
}

function questions(session: Session): Handlers {
  const cursor = (content: Readonly<Content>): [string, number] => [
    String(content.code ?? ''),
    Number(content.cursor_pos ?? 0),
  ]
  return {
    complete: ({ content }) => ({ content: session.complete(...cursor(content)) }),
    inspect: ({ content }) => ({ content: session.inspect(...cursor(content)) }),
    is_complete: ({ content }) => ({ content: session.isComplete(String(content.code ?? '')) }),
    history: () => ({ content: { status: 'ok', history: [] } }),
    comm_info: () => ({ content: { status: 'ok', comms: {} } }),
  }
}

function kernelInfo(session: Session): Content {
  return {
    status: 'ok',
    protocol_version: '5.3',
    implementation: 'recurlab',
    implementation_version: '0.1.0',
    banner: `TypeScript (Recurlab), TypeScript ${session.compilerVersion}, Node ${process.version}`,
    help_links: [],
    language_info: {
      name: 'typescript',
      version: session.compilerVersion,
      mimetype: 'text/typescript',
      file_extension: '.ts',
      pygments_lexer: 'typescript',
      nbconvert_exporter: 'script',
      // JupyterLab colours by the mode's name, the classic notebook by `name` and `typescript`.
      codemirror_mode: { mode: 'typescript', name: 'javascript', typescript: true },
    },
  }
}

/** Sends what `show` and tslab's `display` show. */
function showThrough(server: Server, session: Session): void {
  setHost({
    live: process.env.RECURLAB_HEADLESS !== '1',
    display: (data, id) => server.publish('display_data', { data, metadata: {}, transient: { display_id: id } }),
    update: (data, id) => server.publish('update_display_data', { data, metadata: {}, transient: { display_id: id } }),
    clear: (wait) => server.publish('clear_output', { wait }),
    signal: new AbortController().signal,
    // Cells settle what is shown themselves, and are never stopped by force here.
    atCellEnd: () => {},
    atForcedStop: () => {},
    forFrontEnd: (callback) => callback,
    stoppable: (work) => work(),
    input: () => Promise.reject(refused('input')),
    setTypeErrors: () => {},
    comms: {
      open: () => {
        throw refused('comms')
      },
      onOpen: () => {},
    },
  })
  session.setDisplay((data, update) => server.publish(update ? 'update_display_data' : 'display_data', { ...data }))
}

function refused(what: string): UserError {
  return new UserError({ where: what, expected: 'a kernel that has it', found: 'this one' })
}

/** A throw in a timer or a promise that nobody awaits is shown under the last cell; the kernel lives. */
function surviveErrors(): void {
  const report = (what: string) => (error: unknown) => {
    const text = error instanceof Error ? tidyStack(error.stack ?? error.message) : String(error)
    process.stderr.write(`${what}: ${text}\n`)
    void settleDisplays()
  }
  process.on('uncaughtException', report('Thrown outside of any cell'))
  process.on('unhandledRejection', report('Rejected promise that nothing awaits'))
}

/** When Jupyter has died without a word, so does the kernel. */
function endWithParent(): void {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1)
  }, 1000).unref()
}
