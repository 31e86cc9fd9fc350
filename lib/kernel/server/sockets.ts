import { readFileSync } from 'node:fs'
import { Publisher, Reply, Router } from 'zeromq'
import type { Signing } from './message.js'
import type { PublishingSocket } from './outbox.js'

/** Jupyter's connection file. */
export interface Connection {
  readonly transport: string
  readonly ip: string
  readonly key: string
  readonly signature_scheme?: string
  readonly shell_port: number
  readonly iopub_port: number
  readonly stdin_port: number
  readonly control_port: number
  readonly hb_port: number
}

/** The bound sockets of a notebook kernel that carry messages. The heartbeat answers by itself. */
export interface Sockets {
  readonly shell: Router
  readonly control: Router
  readonly stdin: Router
  readonly iopub: PublishingSocket
  close(): void
}

/** Messages that may wait for one reader of outputs, beyond those in its own socket. */
const IOPUB_WAITING = 1000

/**
 * Milliseconds in which sent messages may still go out after the sockets are closed; from 500 on, zeromq complains on
 * stderr.
 */
const LINGER_MS = 400

/** Reads a connection file. @throws Error when it is missing or not JSON. */
export function readConnection(file: string): Connection {
  return JSON.parse(readFileSync(file, 'utf8')) as Connection
}

/** Returns the signature settings of a connection. */
export function signingOf({ key, signature_scheme = 'hmac-sha256' }: Connection): Signing {
  return { key, algorithm: signature_scheme.replace(/^hmac-/, '') }
}

/** Binds the sockets. @throws Error when a port is taken. */
export async function bindSockets(connection: Connection): Promise<Sockets> {
  // A high-water mark of 0 means none: replies and requests are few. With a time limit of 0 a send never waits.
  const router = (): Router =>
    new Router({ sendHighWaterMark: 0, receiveHighWaterMark: 0, sendTimeout: 0, linger: LINGER_MS })
  const [shell, control, stdin] = [router(), router(), router()]
  const iopub = new Publisher({ sendHighWaterMark: IOPUB_WAITING, sendTimeout: 0, linger: LINGER_MS })
  // Otherwise zeromq silently drops what a busy cell prints beyond the high-water mark.
  setDropping(iopub, false)
  const heartbeat = new Reply({ linger: 0 })
  const bind = (socket: Router | Publisher | Reply, port: number): Promise<void> =>
    socket.bind(endpoint(connection, port))
  await Promise.all([
    bind(shell, connection.shell_port),
    bind(control, connection.control_port),
    bind(stdin, connection.stdin_port),
    bind(iopub, connection.iopub_port),
    bind(heartbeat, connection.hb_port),
  ])
  void echo(heartbeat)
  const all = [shell, control, stdin, iopub, heartbeat]
  const publishing = {
    send: (frames: (Uint8Array | string)[]) => iopub.send(frames),
    setDropping: (dropping: boolean) => setDropping(iopub, dropping),
  }
  return { shell, control, stdin, iopub: publishing, close: () => all.forEach((socket) => void socket.close()) }
}

/**
 * Sets whether messages to a reader whose queue is full are dropped. It silences zeromq's warning that an option takes
 * effect at the next bind: this one takes effect at once.
 */
export function setDropping(publisher: Publisher, dropping: boolean): void {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    publisher.noDrop = !dropping
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Returns the address of a port. With the transport `ipc`, a port is the suffix of a file name. */
export function endpoint({ transport, ip }: Pick<Connection, 'transport' | 'ip'>, port: number): string {
  return `${transport}://${ip}${transport === 'ipc' ? '-' : ':'}${port}`
}

async function echo(heartbeat: Reply): Promise<void> {
  for await (const frames of heartbeat) await heartbeat.send(frames)
}
