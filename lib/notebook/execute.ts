import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { UserError } from '../errors.js'
import { wellFormedJson } from '../files/json-text.js'
import { projectFolder } from '../files/places.js'
import { ISOLATED, jupyterEnvironment, projectPython } from './environment.js'
import type { Cell, Notebook } from './notebook.js'

/** Events while a notebook runs. Cells are numbered from 1, counting only non-empty code cells. */
export type ExecuteEvent =
  | { readonly event: 'ready' }
  | { readonly event: 'cell'; readonly cell: number; readonly number: number; readonly total: number }
  | { readonly event: 'stream'; readonly name: 'stdout' | 'stderr'; readonly text: string }
  /** A result, or a shown output, as text. */
  | { readonly event: 'shown'; readonly text: string }
  /** A line of text that replaces a shown one: progress. */
  | { readonly event: 'status'; readonly text: string }

/** The end of a notebook's execution. */
export interface Execution {
  /**
   * `error`: a cell failed; `timeout`: a cell took too long; `dead`: the kernel died; `start`: it did not start;
   * `interrupted`: the caller stopped it.
   */
  readonly status: 'ok' | 'error' | 'timeout' | 'dead' | 'start' | 'interrupted'
  /** Index (among all cells) of the cell that ran last; null if none ran. */
  readonly cell: number | null
  readonly ename?: string
  readonly evalue?: string
  readonly traceback?: readonly string[]
  /** Details of `dead` and `start`. */
  readonly message?: string
  /** The notebook as far as it was executed. */
  readonly notebook: Notebook
}

/** Options of {@link executeNotebook}. */
export interface ExecuteOptions {
  /** The folder that `../lib` in cells is relative to: the notebook's. */
  readonly folder: string
  /** Time limit of one cell in seconds. Default: none. */
  readonly timeout?: number
  /** Additional environment variables for the cells. */
  readonly environment?: NodeJS.ProcessEnv
  /** Stops the running cell. */
  readonly signal?: AbortSignal
  /** Called with each event. */
  readonly onEvent?: (event: ExecuteEvent) => void
  /** Called after each cell with the notebook as executed so far. */
  readonly onCell?: (notebook: Notebook) => void
}

type EndEvent = { readonly event: 'end' } & Execution

/** A cell with its outputs after its execution. */
interface ExecutedEvent {
  readonly event: 'executed'
  readonly cell: number
  readonly content: Cell
}

/**
 * Executes a notebook headless, in a fresh kernel, with nbclient. A failing cell is reported as a status, not thrown: the
 * notebook is returned as far as it was executed.
 *
 * @throws UserError if Python or nbclient is missing or breaks.
 */
export async function executeNotebook(notebook: Notebook, options: ExecuteOptions): Promise<Execution> {
  const child = spawn(projectPython(), [...ISOLATED, path.join(projectFolder, 'lib', 'notebook', 'execute.py')], {
    env: jupyterEnvironment({ ...options.environment, RECURLAB_HEADLESS: '1' }),
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    // Ctrl-C is meant for this process, which passes it on once.
    detached: true,
  })
  const log = keepLog(child)
  const stop = (): void => void child.kill('SIGINT')
  options.signal?.addEventListener('abort', stop)
  const stdin = child.stdin as Writable
  // A child that has already ended is reported below.
  stdin.on('error', () => {})
  stdin.write(
    `${wellFormedJson({ notebook, folder: options.folder, timeout: options.timeout ?? null, kernel: 'recurlab' })}\n`,
  )
  try {
    const end = await readEvents(child, notebook, options)
    if (!end && options.signal?.aborted) return { status: 'interrupted', cell: null, notebook }
    if (!end)
      throw new UserError({
        where: 'nbclient',
        expected: 'an executed notebook',
        found: log().split('\n').at(-1) || 'nothing',
        todo: 'Run npm run setup.',
      })
    const { event: _event, ...execution } = end
    if (options.signal?.aborted && execution.status !== 'ok') return { ...execution, status: 'interrupted' }
    return execution.status === 'dead' || execution.status === 'start'
      ? { ...execution, message: [execution.message, log()].filter(Boolean).join('\n') }
      : execution
  } finally {
    options.signal?.removeEventListener('abort', stop)
    stdin.end()
  }
}

async function readEvents(
  child: ChildProcess,
  notebook: Notebook,
  { onEvent, onCell }: ExecuteOptions,
): Promise<EndEvent | null> {
  const failed = new Promise<null>((resolve) => child.once('error', () => resolve(null)))
  let soFar = notExecuted(notebook)
  const read = async (): Promise<EndEvent | null> => {
    for await (const line of createInterface({
      input: child.stdio[3] as Readable,
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      const event = JSON.parse(line) as ExecuteEvent | ExecutedEvent | EndEvent
      if (event.event === 'end') return event
      if (event.event === 'executed') {
        soFar = { ...soFar, cells: soFar.cells.with(event.cell, event.content) }
        onCell?.(soFar)
      } else onEvent?.(event)
    }
    return null
  }
  return await Promise.race([read(), failed])
}

/** Removes outputs and counts of an earlier run, which must not look like this one's. */
function notExecuted(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell): Cell => {
    return cell.cell_type === 'code' ? { ...cell, outputs: [], execution_count: null } : cell
  })
  return { ...notebook, cells }
}

/** Keeps what the notebook kernel and Python write besides the cells' output, for reporting a crash. */
function keepLog(child: ChildProcess): () => string {
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      log = `${log}${chunk}`.slice(-4000)
    })
  return () => log.trim()
}
