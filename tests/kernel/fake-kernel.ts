import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { CellReply, CellRun, Compiler, FromCells, StopRequest, ToCells } from '../../lib/kernel/protocol.js'
import { openHistory } from '../../lib/kernel/server/history-file.js'
import { type Kernel, serve } from '../../lib/kernel/server/serve.js'
import { readSettings } from '../../lib/kernel/server/settings.js'
import { bindSockets } from '../../lib/kernel/server/sockets.js'
import type { TypeErrors } from '../../lib/notebook/host.js'
import { type Client, connectClient, newConnection } from '../kernel-client.js'

/** A server over processes that the test plays. */
export interface FakeKernel {
  readonly client: Client
  readonly server: Kernel
  /** What the server sent to the cells. */
  readonly sent: readonly ToCells[]
  readonly stops: readonly StopRequest[]
  /** With which codes the kernel was ended. */
  readonly ended: readonly number[]
  /** How the compiler was told to treat type errors, cell by cell. */
  readonly modes: readonly TypeErrors[]
  /** What the cells do with a cell; by default it prints its code and has it as its result. */
  onRun: (cell: CellRun) => void
  /** What the compiler does with a cell; by default it leaves it as it is. */
  compile: (code: string) => CellReply | Promise<CellReply>
  /** Whether the compiler's process has ended. */
  compilerIsGone: boolean
  /** Sends from the cells to the server. */
  say(message: FromCells): void
  /** Publishes for a cell. */
  show(cell: CellRun, message: string, content: Record<string, unknown>): void
  /** Ends a cell. */
  done(cell: CellRun, ename?: string): void
  close(): void
}

/** Starts a server with a client. */
export async function startFakeKernel(): Promise<FakeKernel> {
  const connection = await newConnection()
  const sockets = await bindSockets(connection)
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-server-'))
  const sent: ToCells[] = []
  const stops: StopRequest[] = []
  const ended: number[] = []
  const modes: TypeErrors[] = []
  const compiler: Compiler = {
    version: '5.9.3',
    close() {},
    async cell({ code, typeErrors }) {
      modes.push(typeErrors)
      return fake.compile(code)
    },
    modules: async ({ specifier }) => ({ failure: null, file: `/lib/${specifier}`, modules: [] }),
    complete: async ({ code, cursor }) => {
      const seen = code.slice(0, cursor)
      return { status: 'ok', matches: [seen], cursor_start: 0, cursor_end: [...seen].length, metadata: {} }
    },
    inspect: async ({ code, cursor }) => ({
      status: 'ok',
      found: true,
      data: { 'text/plain': code.slice(0, cursor) },
      metadata: {},
    }),
    isComplete: async ({ code }) => {
      if (fake.compilerIsGone) throw new Error('the compiler has ended')
      return { status: code.endsWith('{') ? 'incomplete' : 'complete', indent: '' }
    },
  }
  const server = serve({
    connection,
    sockets,
    compiler,
    cells: {
      send(message) {
        sent.push(message)
        if (message.type === 'run') fake.onRun(message.cell)
      },
      stop: (request) => void stops.push(request),
      pause() {},
      resume() {},
    },
    history: openHistory(path.join(folder, 'history')),
    settings: readSettings({}),
    info: { status: 'ok', implementation: 'recurlab' },
    end: (code) => void ended.push(code),
  })
  server.message({ type: 'ready' })
  const fake: FakeKernel = {
    client: await connectClient(connection),
    server,
    sent,
    stops,
    ended,
    modes,
    onRun(cell) {
      fake.show(cell, 'stream', { name: 'stdout', text: cell.code })
      fake.show(cell, 'execute_result', {
        execution_count: cell.count,
        data: { 'text/plain': cell.code },
        metadata: {},
      })
      fake.done(cell)
    },
    compile: (code) => compiled(code),
    compilerIsGone: false,
    say: server.message,
    show: (cell, message, content) => server.message({ type: 'publish', parent: cell.parent, message, content }),
    done(cell, ename) {
      const failure = ename === undefined ? null : { ename, evalue: 'why', traceback: [`${ename}: why`] }
      if (failure) fake.show(cell, 'error', failure)
      server.message({ type: 'done', cell: cell.id, failure })
    },
    close() {
      fake.client.disconnect()
      sockets.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return fake
}

/** Code that the compiler accepts. */
export function compiled(code: string, more: Partial<Pick<CellReply, 'reload' | 'warnings'>> = {}): CellReply {
  return { failure: null, code, map: '', declares: [], reload: [], warnings: [], ...more }
}

/** Code that it refuses. */
export function refused(more: Partial<Pick<CellReply, 'reload' | 'warnings'>> = {}): CellReply {
  const failure = { ename: 'TypeScriptError', evalue: 'line 1:1 - no', traceback: ['TypeScriptError: no'] }
  return { failure, reload: [], warnings: [], ...more }
}
