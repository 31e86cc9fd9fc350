import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { Dealer, Request, Subscriber } from 'zeromq'
import { decode, type Extras, encode, type Message, type Signing } from '../lib/kernel/server/message.js'
import type { Connection } from '../lib/kernel/server/sockets.js'
import { root } from './shared.js'

export type { Message } from '../lib/kernel/server/message.js'

/** A request's reply, and what was published for it until the kernel was idle again. */
export interface Answer {
  readonly reply: Message['content']
  readonly published: readonly Message[]
}

/** Channels that requests go through. */
export type Channel = 'shell' | 'control'

/** A front end without a screen: what a kernel is asked, and what it says. */
export interface Client {
  /** Sends a message without waiting, and gives its id; `answer` waits. Names without `_` at the end of a request get it. */
  send(type: string, content: Record<string, unknown>, channel?: Channel, extras?: Extras): string
  /** Sends frames as they are. */
  sendFrames(frames: (Uint8Array | string)[], channel?: Channel): void
  answer(id: string): Promise<Answer>
  /** Resolves to the content of a reply; what was published may still be on its way. */
  replied(id: string): Promise<Message['content']>
  ask(type: string, content: Record<string, unknown>, channel?: Channel): Promise<Answer>
  execute(code: string, options?: Record<string, unknown>): Promise<Answer>
  /** Resolves when the kernel is idle after a message that has no reply, to what it published for it. */
  idle(id: string): Promise<readonly Message[]>
  /** The first message on iopub that passes the test, of those that came and of those to come. */
  seen(test: (message: Message) => boolean): Promise<Message>
  /** Answers each `input_request`; undefined leaves it open. */
  onInput(answer: (request: Message) => string | undefined): void
  /** Sends a ping to the heartbeat, and gives what comes back. */
  heartbeat(ping: string): Promise<string>
  /** Closes the client's sockets. */
  disconnect(): void
}

/** A kernel in a process of its own, spoken to over its sockets. */
export interface KernelClient extends Client {
  readonly process: ChildProcess
  readonly connection: Connection
  close(): Promise<void>
}

const KEY = 'key of the tests'
const signing: Signing = { key: KEY, algorithm: 'sha256' }
/** A loaded machine may need long to start Node. */
const DEADLINE_MS = 180_000

/** What Jupyter writes into a connection file, with free ports. */
export async function newConnection(): Promise<{
  transport: string
  ip: string
  key: string
  signature_scheme: string
  shell_port: number
  iopub_port: number
  stdin_port: number
  control_port: number
  hb_port: number
}> {
  const [shell_port, iopub_port, stdin_port, control_port, hb_port] = await freePorts()
  const ports = { shell_port, iopub_port, stdin_port, control_port, hb_port }
  return { transport: 'tcp', ip: '127.0.0.1', key: KEY, signature_scheme: 'hmac-sha256', ...ports }
}

/** How a kernel is started. */
export interface KernelOptions {
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Default: the folder `notebooks`. */
  readonly cwd?: string
  /** The Node that runs it. Default: that of this process. */
  readonly node?: string
  /** Whether a shell stands between this process and the kernel; `process` is the shell then. Default: false. */
  readonly underShell?: boolean
}

/** Starts a kernel whose history is its own. */
export async function startKernel({
  env = {},
  cwd,
  node = process.execPath,
  underShell = false,
}: KernelOptions = {}): Promise<KernelClient> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-kernel-'))
  const connection = await newConnection()
  const file = path.join(folder, 'connection.json')
  writeFileSync(file, JSON.stringify(connection))
  const kernel = [node, path.join(root, 'lib/kernel/recurlab-kernel.mjs'), file]
  const [command, ...args] = underShell ? ['/bin/sh', '-c', '"$@" & wait', 'sh', ...kernel] : kernel
  const child = spawn(command!, args, {
    cwd: cwd ?? path.join(root, 'notebooks'),
    env: { ...process.env, RECURLAB_HISTORY: path.join(folder, 'history'), ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const isOver = (): string | null =>
    child.exitCode !== null || child.signalCode !== null ? String(child.signalCode ?? child.exitCode) : null
  const client = await connectClient(connection, isOver)
  return {
    ...client,
    process: child,
    connection,
    async close() {
      if (isOver() === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      client.disconnect()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Connects to a kernel, and waits until it hears and is heard. `isOver` says how it ended, when it has. */
export async function connectClient(
  connection: Awaited<ReturnType<typeof newConnection>>,
  isOver: () => string | null = () => null,
): Promise<Client> {
  // A front end has one identity on all of its channels: the kernel finds its stdin by it.
  const routingId = randomUUID()
  const dealer = (): Dealer => new Dealer({ linger: 0, routingId })
  const sockets = { shell: dealer(), control: dealer(), stdin: dealer() }
  const iopub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 })
  for (const name of ['shell', 'control', 'stdin'] as const)
    sockets[name].connect(`tcp://127.0.0.1:${connection[`${name}_port`]}`)
  iopub.connect(`tcp://127.0.0.1:${connection.iopub_port}`)
  iopub.subscribe()

  const replies = new Map<string, Message>()
  const published = new Map<string, Message[]>()
  const changed = new EventEmitter().setMaxListeners(0)
  let onInput: (request: Message) => string | undefined = () => undefined
  const session = randomUUID()

  const read = async (socket: Dealer | Subscriber, keep: (message: Message) => void): Promise<void> => {
    for await (const frames of socket) {
      keep(decode(frames, signing))
      changed.emit('message')
    }
  }
  const parentOf = (message: Message): string => message.parent.msg_id ?? ''
  const origin = { session, signing, parent: null }
  void read(sockets.shell, (message) => replies.set(parentOf(message), message))
  void read(sockets.control, (message) => replies.set(parentOf(message), message))
  void read(sockets.stdin, (message) => {
    const value = onInput(message)
    if (value === undefined) return
    void sockets.stdin.send(encode([], 'input_reply', { value }, { ...origin, parent: message.header }).frames)
  })
  void read(iopub, (message) => {
    const before = published.get(parentOf(message))
    if (before) before.push(message)
    else published.set(parentOf(message), [message])
  })

  const send: Client['send'] = (type, content, channel = 'shell', extras) => {
    const isWhole = /^comm_(open|msg|close)$/.test(type)
    const { id, frames } = encode([], isWhole ? type : `${type}_request`, content, origin, extras)
    void sockets[channel].send(frames)
    return id
  }
  /** Waits for a value; a kernel that ends sends nothing, so it is looked for every now and then. */
  const wait = async <T>(what: string, find: () => T | undefined, deadline = DEADLINE_MS): Promise<T> => {
    const end = Date.now() + deadline
    for (;;) {
      const over = isOver()
      // What a kernel has sent before its end may still be on the way.
      if (over !== null) await setTimeout(200)
      const found = find()
      if (found !== undefined) return found
      if (over !== null) throw new Error(`the kernel ended (${over}) before there was ${what}`)
      if (Date.now() > end) throw new Error(`no ${what} in time`)
      await Promise.race([once(changed, 'message'), setTimeout(200)])
    }
  }
  const whenIdle = (id: string): readonly Message[] | undefined => {
    const messages = published.get(id)
    return messages?.some(({ content }) => content.execution_state === 'idle') ? messages : undefined
  }
  const replied = async (id: string, deadline = DEADLINE_MS): Promise<Message['content']> =>
    (await wait(`a reply to ${id}`, () => replies.get(id), deadline)).content
  const answer = async (id: string, deadline = DEADLINE_MS): Promise<Answer> => {
    const reply = await replied(id, deadline)
    return { reply, published: await wait(`an idle after ${id}`, () => whenIdle(id), deadline) }
  }
  const client: Client = {
    send,
    sendFrames: (frames, channel = 'shell') => void sockets[channel].send(frames),
    answer,
    replied,
    ask: (type, content, channel) => answer(send(type, content, channel)),
    execute: (code, options = {}) => client.ask('execute', { code, silent: false, store_history: true, ...options }),
    idle: (id) => wait(`an idle after ${id}`, () => whenIdle(id)),
    seen: (test) => wait('such a message', () => [...published.values()].flat().find(test)),
    onInput(next) {
      onInput = next
    },
    async heartbeat(ping) {
      const socket = new Request({ linger: 0 })
      socket.connect(`tcp://127.0.0.1:${connection.hb_port}`)
      await socket.send(ping)
      const [pong] = await socket.receive()
      socket.close()
      return String(pong)
    },
    disconnect() {
      for (const socket of [...Object.values(sockets), iopub]) socket.close()
    },
  }
  // What is published before the subscription has arrived is lost: ask until an idle comes.
  for (let heard = false; !heard; )
    heard = await answer(send('kernel_info', {}), 500).then(
      () => true,
      (error: unknown) => {
        if (isOver() === null) return false
        // Open sockets would keep the test's process from its end.
        client.disconnect()
        throw error
      },
    )
  return client
}

async function freePorts(): Promise<[number, number, number, number, number]> {
  const servers = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports as [number, number, number, number, number]
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
