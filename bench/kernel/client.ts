import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Dealer, Subscriber } from 'zeromq'
import { temporaryFolder } from '../../lib/files/temporary.js'
import { decode, encode, type Message } from '../../lib/kernel/server/message.js'

/** The start of a notebook kernel: its program and folder. */
export interface KernelProgram {
  /** Program and arguments, given the connection file. */
  readonly argv: (connectionFile: string) => readonly string[]
  /** The notebook's folder. */
  readonly cwd: string
  /**
   * The specifier by which a notebook there imports the project's lib; undefined if the notebook kernel cannot import it.
   */
  readonly lib?: string
}

/** A client of any Jupyter kernel, as far as measurements need it. */
export interface MeasuredKernel {
  readonly process: ChildProcess
  /**
   * Runs a cell. Returns the milliseconds from sending it to its reply.
   *
   * @throws Error if the cell fails or the notebook kernel ends.
   */
  run(code: string): Promise<number>
  /** Returns the number of characters printed to stdout by all cells so far. */
  readonly printed: () => number
  close(): Promise<void>
}

const SIGNING = { key: 'key of the measurement', algorithm: 'sha256' }

/** Time limit of a cell. */
const ANSWER_MS = 60_000

/** Starts a notebook kernel; cells wait until it is ready. */
export async function startMeasured({ argv, cwd }: KernelProgram): Promise<MeasuredKernel> {
  const folder = temporaryFolder('bench')
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = await freePorts(5)
  const ports = { shell_port, iopub_port, stdin_port, control_port, hb_port }
  const file = path.join(folder, 'connection.json')
  const connection = { transport: 'tcp', ip: '127.0.0.1', key: SIGNING.key, signature_scheme: 'hmac-sha256', ...ports }
  writeFileSync(file, JSON.stringify({ ...connection, kernel_name: '' }))
  const [program, ...args] = argv(file)
  const child = spawn(program!, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (data) => {
    said = (said + String(data)).slice(-2000)
  })
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`the kernel ended (${signal ?? code}): ${said.trim()}`)))
  })
  ended.catch(() => {})
  // Retries the connection every few milliseconds, so that the start is measured and not the waiting.
  const shell = new Dealer({ linger: 0, reconnectInterval: 5 })
  const iopub = new Subscriber({ linger: 0, reconnectInterval: 5, receiveHighWaterMark: 0 })
  shell.connect(`tcp://127.0.0.1:${shell_port}`)
  iopub.connect(`tcp://127.0.0.1:${iopub_port}`)
  iopub.subscribe()
  let printed = 0
  void (async () => {
    for await (const frames of iopub) {
      const { header, content } = read(frames)
      if (header.msg_type === 'stream' && content.name === 'stdout') printed += String(content.text).length
    }
  })()
  return {
    process: child,
    printed: () => printed,
    async run(code) {
      const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false }
      const { frames } = encode([], 'execute_request', content, {
        session: randomUUID(),
        signing: SIGNING,
        parent: null,
      })
      const started = performance.now()
      await shell.send(frames.map((frame) => Buffer.from(frame)))
      const late = setTimeout(ANSWER_MS, null, { ref: false }).then(() => {
        throw new Error(`no answer within ${ANSWER_MS / 1000} s: ${code.split('\n')[0]}`)
      })
      const reply = read(await Promise.race([shell.receive(), ended, late]))
      const took = performance.now() - started
      if (reply.content.status !== 'ok') throw new Error(`the cell failed: ${reply.content.evalue}`)
      return took
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      shell.close()
      iopub.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function read(frames: readonly Buffer[]): Message {
  return decode(frames, SIGNING)
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
