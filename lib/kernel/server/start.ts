import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startCells } from '../cells/client.js'
import { startCompiler } from '../compiler/client.js'
import type { Kernel } from './serve.js'
import { readSettings } from './settings.js'

/** Milliseconds for published messages to go out before the process ends. */
const FLUSH_MS = 500

/**
 * Milliseconds after which the process ends even if something keeps it alive, such as a grandchild that holds a pipe.
 */
const LAST_MS = 500

/** Milliseconds between checks whether the parent is alive. */
const PARENT_MS = 1000

/**
 * Runs a notebook kernel until it is shut down. Jupyter starts it in the notebook's folder, to which `../lib` in a cell is
 * relative.
 *
 * @param connectionFile Jupyter's connection file
 * @param root the project's folder
 */
export async function start(connectionFile: string, root: string): Promise<void> {
  const cwd = process.cwd()
  // The two processes take longest to start, so they are started first; everything else is loaded meanwhile.
  let kernel: Kernel | null = null
  let ending = false
  const early: ((kernel: Kernel) => void)[] = []
  const tell = (what: (kernel: Kernel) => void): void => {
    if (ending) return
    if (kernel) what(kernel)
    else early.push(what)
  }
  const cells = startCells(root, cwd, {
    message: (message) => tell((kernel) => kernel.message(message)),
    raw: (name, chunk) => tell((kernel) => kernel.raw(name, chunk)),
    exit: (code, signal) => tell((kernel) => kernel.exit(code, signal)),
  })
  const settings = readSettings()
  const compiler = startCompiler(root, cwd, settings.startSeconds)
  process.on('exit', () => {
    cells.kill()
    compiler.close()
  })
  let closeSockets = (): void => {}
  const end = (exitCode: number): void => {
    if (ending) return
    ending = true
    cells.kill()
    compiler.close()
    if (!kernel) process.exit(exitCode)
    void Promise.race([kernel.empty(), setTimeout(FLUSH_MS, undefined, { ref: false })]).then(() => {
      closeSockets()
      // The process ends by itself: zeromq delivers accepted messages only then, and `process.exit` would drop them.
      process.exitCode = exitCode
      void setTimeout(LAST_MS, undefined, { ref: false }).then(() => process.exit(exitCode))
    })
  }
  process.on('SIGINT', () => tell((kernel) => kernel.interrupt()))
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(0))
  endWithParent(end)
  surviveFaults()

  const { bindSockets, readConnection } = await import('./sockets.js')
  const connection = readConnection(connectionFile)
  const sockets = await bindSockets(connection)
  closeSockets = sockets.close
  const [{ serve }, { kernelInfo }, { openHistory }] = await Promise.all([
    import('./serve.js'),
    import('./info.js'),
    import('./history-file.js'),
  ])
  const history = openHistory(process.env.RECURLAB_HISTORY ?? path.join(root, '.recurlab', 'history'))
  const parts = { connection, sockets, compiler, cells, history, settings, info: kernelInfo(root), end }
  kernel = serve(parts)
  for (const what of early) what(kernel)
}

/** Ends the kernel when Jupyter has died silently. */
function endWithParent(end: (exitCode: number) => void): void {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) end(1)
  }, PARENT_MS).unref()
}

/** Reports faults of the server, which then continues. A terminal that is gone is no fault. */
function surviveFaults(): void {
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  const tell = (error: unknown): void =>
    void process.stderr.write(`recurlab kernel: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.on('uncaughtException', tell)
  process.on('unhandledRejection', tell)
}
