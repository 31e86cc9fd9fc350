import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Dealer, Subscriber } from 'zeromq'
import { decode, encode, type Message } from '../lib/kernel/message.js'
import { root } from './shared.js'

/** A request's reply, and what was published for it until the kernel was idle again. */
export interface Answer {
  readonly reply: Message['content']
  readonly published: readonly Message[]
}

/** A kernel in a process of its own, spoken to over its sockets. */
export interface KernelClient {
  readonly process: ChildProcess
  /** Sends a request without waiting; `answer` waits. */
  send(type: string, content: Record<string, unknown>, channel?: 'shell' | 'control'): string
  answer(id: string): Promise<Answer>
  ask(type: string, content: Record<string, unknown>, channel?: 'shell' | 'control'): Promise<Answer>
  execute(code: string, options?: Record<string, unknown>): Promise<Answer>
  close(): Promise<void>
}

const KEY = 'key of the tests'
/** A loaded machine may need long to start Node. */
const DEADLINE_MS = 60_000

/** Starts a kernel in the folder `notebooks`. */
export async function startKernel(): Promise<KernelClient> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-kernel-'))
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = await freePorts(5)
  const connection = { transport: 'tcp', ip: '127.0.0.1', key: KEY, signature_scheme: 'hmac-sha256' }
  const file = path.join(folder, 'connection.json')
  writeFileSync(file, JSON.stringify({ ...connection, shell_port, iopub_port, stdin_port, control_port, hb_port }))
  const child = spawn(process.execPath, [path.join(root, 'lib/kernel/recurlab-kernel.mjs'), file], {
    cwd: path.join(root, 'notebooks'),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const sockets = { shell: new Dealer({ linger: 0 }), control: new Dealer({ linger: 0 }) }
  const iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 })
  sockets.shell.connect(`tcp://127.0.0.1:${shell_port}`)
  sockets.control.connect(`tcp://127.0.0.1:${control_port}`)
  iopub.connect(`tcp://127.0.0.1:${iopub_port}`)
  iopub.subscribe()

  const replies = new Map<string, Message>()
  const published = new Map<string, Message[]>()
  const changed = new EventEmitter().setMaxListeners(0)
  const parentOf = (frames: readonly Buffer[]): string => {
    const at = frames.findIndex((frame) => frame.toString() === '<IDS|MSG>')
    return (JSON.parse(frames[at + 3]!.toString()) as { msg_id?: string }).msg_id ?? ''
  }
  const read = async (socket: Dealer | Subscriber, keep: (parent: string, message: Message) => void): Promise<void> => {
    for await (const frames of socket) {
      keep(parentOf(frames), decode(frames, KEY))
      changed.emit('message')
    }
  }
  void read(sockets.shell, (parent, message) => replies.set(parent, message))
  void read(sockets.control, (parent, message) => replies.set(parent, message))
  void read(iopub, (parent, message) => published.set(parent, [...(published.get(parent) ?? []), message]))

  const send: KernelClient['send'] = (type, content, channel = 'shell') => {
    const frames = encode([], `${type}_request`, content, { session: randomUUID(), key: KEY, parent: null })
    void sockets[channel].send(frames)
    return (JSON.parse(String(frames[2])) as { msg_id: string }).msg_id
  }
  const isIdle = (id: string): boolean =>
    published.get(id)?.some((message) => message.content.execution_state === 'idle') ?? false
  const answer = async (id: string, deadline = DEADLINE_MS): Promise<Answer> => {
    const end = Date.now() + deadline
    while (!replies.has(id) || !isIdle(id)) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the kernel ended (${child.signalCode ?? child.exitCode}) before it answered`)
      if (Date.now() > end) throw new Error(`no answer to ${id} in time`)
      // A kernel that ends sends nothing: look again every now and then.
      await Promise.race([once(changed, 'message'), setTimeout(500)])
    }
    return { reply: replies.get(id)!.content, published: published.get(id)! }
  }
  const client: KernelClient = {
    process: child,
    send,
    answer,
    ask: (type, content, channel) => answer(send(type, content, channel)),
    execute: (code, options = {}) => client.ask('execute', { code, silent: false, store_history: true, ...options }),
    async close() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      for (const socket of [sockets.shell, sockets.control, iopub]) socket.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  // What is published before the subscription has arrived is lost: ask until an idle comes.
  for (let ready = false; !ready; )
    ready = await answer(send('kernel_info', {}), 1500).then(
      () => true,
      () => false,
    )
  return client
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

/** What was printed to one stream. */
export function printed(answer: Answer, name: 'stdout' | 'stderr' = 'stdout'): string {
  return answer.published
    .filter(({ header, content }) => header.msg_type === 'stream' && content.name === name)
    .map(({ content }) => content.text)
    .join('')
}

/** The types of what was published, without the status messages. */
export function types(answer: Answer): string[] {
  return answer.published.map(({ header }) => header.msg_type).filter((type) => type !== 'status')
}

/** The result as text, or undefined when there was none. */
export function resultOf(answer: Answer): unknown {
  const result = answer.published.find(({ header }) => header.msg_type === 'execute_result')
  return (result?.content.data as Record<string, unknown> | undefined)?.['text/plain']
}
