import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { type CellsProcess, startCells } from '../../lib/kernel/cells/client.js'
import type { CellRun, Content, Failure, FromCells, Header, ModulesReply, ToCells } from '../../lib/kernel/protocol.js'

export const root = path.resolve(fileURLToPath(new URL('../..', import.meta.url)))

/** Milliseconds after which a test that waits for a message fails by its name. */
const DEADLINE_MS = 180_000

/** What a cell sent. */
export interface Ran {
  readonly id: number
  readonly failure: Failure | null
  /** Messages of iopub that answer the cell, in order. */
  readonly published: readonly Published[]
  readonly stdout: string
  readonly stderr: string
  /** The result as text; null without one. */
  readonly result: string | null
}

export interface Published {
  readonly message: string
  readonly content: Content
}

/** A process that runs cells, with the test in the server's place. */
export interface Driver {
  readonly cells: CellsProcess
  /** Everything that came. */
  readonly messages: FromCells[]
  /** What came over the process's own stdout and stderr. */
  raw(): string
  /** Sends a cell and waits for its end. */
  run(code: string, more?: Partial<CellRun>): Promise<Ran>
  /** Sends a cell; the answer comes when it has ended. */
  start(
    code: string,
    more?: Partial<CellRun>,
  ): { readonly id: number; readonly parent: Header; readonly ended: Promise<Ran> }
  /** Stops as the server does: by both ways. */
  stop(id: number, force?: boolean): void
  send(message: ToCells): void
  /** Waits for a message that is there already or will come. */
  until<T>(find: (messages: readonly FromCells[]) => T | undefined): Promise<T>
  /** What was published so far for a cell. */
  published(id: number): readonly Published[]
  /** What a cell printed so far. */
  printed(id: number, name?: 'stdout' | 'stderr'): string
  readonly exit: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  close(): Promise<void>
}

/** How a driver is started. */
export interface DriverOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly flags?: readonly string[]
  /** The compiler's answers; null leaves the process waiting. Default: no module of the project is found. */
  readonly modules?: (specifier: string, from: string) => ModulesReply | null
}

/** Starts a process whose notebook is in the project's folder `notebooks`. */
export async function startDriver(options: DriverOptions = {}): Promise<Driver> {
  const messages: FromCells[] = []
  const waiting = new Set<() => void>()
  let raw = ''
  let ids = 0
  let exited: (how: { code: number | null; signal: NodeJS.Signals | null }) => void = () => {}
  const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    exited = resolve
  })
  const news = (): void => {
    for (const look of [...waiting]) look()
  }
  const answerModules = ({ id, specifier, from }: Extract<FromCells, { type: 'modules' }>): void => {
    const reply = options.modules ? options.modules(specifier, from) : NOT_FOUND
    if (reply) cells.send({ type: 'modules', id, reply })
  }
  const cells = startCells(
    root,
    options.cwd ?? path.join(root, 'notebooks'),
    {
      message: (message) => {
        messages.push(message)
        if (message.type === 'modules') answerModules(message)
        news()
      },
      raw: (_, chunk) => {
        raw += chunk.toString()
        news()
      },
      exit: (code, signal) => {
        exited({ code, signal })
        news()
      },
    },
    { env: options.env ?? process.env, flags: options.flags ?? [] },
  )
  const until: Driver['until'] = (find) =>
    new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(late)
        waiting.delete(look)
      }
      const look = (): void => {
        const found = find(messages)
        if (found !== undefined) {
          end()
          resolve(found)
        } else if (cells.process.exitCode !== null || cells.process.signalCode !== null) {
          end()
          reject(new Error(`the process ended: ${raw}`))
        }
      }
      const late = setTimeout(() => {
        end()
        reject(new Error(`nothing came in time; the last messages: ${inspect(messages.slice(-5), { depth: 6 })}`))
      }, DEADLINE_MS)
      waiting.add(look)
      look()
    })
  const published: Driver['published'] = (id) =>
    messages.flatMap((one) =>
      one.type === 'publish' && one.parent?.msg_id === `cell-${id}`
        ? [{ message: one.message, content: one.content }]
        : [],
    )
  const printed: Driver['printed'] = (id, name = 'stdout') =>
    published(id)
      .filter((one) => one.message === 'stream' && one.content.name === name)
      .map((one) => String(one.content.text))
      .join('')

  const start: Driver['start'] = (code, more = {}) => {
    const id = ++ids
    const parent = headerOf(id)
    const plain = { id, count: id, parent, code, source: code, map: '', declares: [], reload: [], warnings: [] }
    cells.send({ type: 'run', cell: { ...plain, silent: false, allowStdin: false, ...more } })
    const ended = until((all) =>
      all.find((one): one is Extract<FromCells, { type: 'done' }> => one.type === 'done' && one.cell === id),
    ).then(({ failure }) => ({
      id,
      failure,
      published: published(id),
      stdout: printed(id),
      stderr: printed(id, 'stderr'),
      result: resultIn(published(id)),
    }))
    return { id, parent, ended }
  }
  await until((all) => all.find((one) => one.type === 'ready'))
  return {
    cells,
    messages,
    raw: () => raw,
    start,
    run: (code, more) => start(code, more).ended,
    stop(id, force = false) {
      cells.send({ type: 'stop', cell: id })
      cells.stop({ cell: id, force })
    },
    send: (message) => cells.send(message),
    until,
    published,
    printed,
    exit,
    async close() {
      cells.kill()
      await exit
    },
  }
}

const NOT_FOUND: ModulesReply = {
  failure: { ename: 'TypeScriptError', evalue: 'not found', traceback: ['TypeScriptError: not found'] },
}

function headerOf(id: number): Header {
  const date = '2026-01-01T00:00:00Z'
  return { msg_id: `cell-${id}`, msg_type: 'execute_request', session: 's', username: 'u', date, version: '5.3' }
}

function resultIn(published: readonly Published[]): string | null {
  const result = published.find((one) => one.message === 'execute_result')
  return result ? String((result.content.data as Content)['text/plain']) : null
}
