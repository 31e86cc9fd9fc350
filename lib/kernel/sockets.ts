import { readFileSync } from 'node:fs'
import { Publisher, Reply, Router } from 'zeromq'

/** Jupyter's connection file. */
export interface Connection {
  readonly transport: string
  readonly ip: string
  readonly key: string
  readonly shell_port: number
  readonly iopub_port: number
  readonly stdin_port: number
  readonly control_port: number
  readonly hb_port: number
}

/** The five sockets of a kernel, bound. */
export interface Sockets {
  readonly shell: Router
  readonly control: Router
  readonly stdin: Router
  readonly iopub: Publisher
  readonly heartbeat: Reply
  close(): void
}

/** Reads a connection file. @throws Error when it is missing or not JSON. */
export function readConnection(file: string): Connection {
  return JSON.parse(readFileSync(file, 'utf8')) as Connection
}

/** Binds the sockets. */
export async function bindSockets(connection: Connection): Promise<Sockets> {
  // A high-water mark of 0 is none: with the usual 1,000 messages, zeromq drops what a busy cell prints.
  // The time limit of 0 lets a message go out at once, also in the middle of a synchronous loop.
  const sending = { sendHighWaterMark: 0, sendTimeout: 0, linger: 1000 }
  const router = (): Router => new Router({ ...sending, receiveHighWaterMark: 0 })
  const [shell, control, stdin] = [router(), router(), router()]
  const iopub = new Publisher(sending)
  const heartbeat = new Reply({ linger: 0 })
  const bind = (socket: Router | Publisher | Reply, port: number): Promise<void> =>
    socket.bind(`${connection.transport}://${connection.ip}:${port}`)
  await Promise.all([
    bind(shell, connection.shell_port),
    bind(control, connection.control_port),
    bind(stdin, connection.stdin_port),
    bind(iopub, connection.iopub_port),
    bind(heartbeat, connection.hb_port),
  ])
  void echo(heartbeat)
  const all = [shell, control, stdin, iopub, heartbeat]
  return { shell, control, stdin, iopub, heartbeat, close: () => all.forEach((socket) => void socket.close()) }
}

async function echo(heartbeat: Reply): Promise<void> {
  for await (const frames of heartbeat) await heartbeat.send(frames)
}
