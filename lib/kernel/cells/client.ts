import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { IN_NOTEBOOK } from '../../files/places.js'
import type { FromCells, StopRequest, ToCells } from '../protocol.js'
import { createFrameReader, encodeFrame } from './frames.js'

/** The handlers of the process's messages. */
export interface CellsHandlers {
  message(message: FromCells): void
  /** Receives output of native code and child processes on the process's own stdout and stderr. */
  raw(name: 'stdout' | 'stderr', chunk: Buffer): void
  /** Called when the process has ended and all its messages were handled. */
  exit(code: number | null, signal: NodeJS.Signals | null): void
}

/** The process that runs cells, as seen from the server. */
export interface CellsProcess {
  readonly process: ChildProcess
  send(message: ToCells): void
  /** Sends a stop to the thread that can interrupt a busy main thread. */
  stop(request: StopRequest): void
  /** Handles no message until {@link resume}. A process whose pipes are full waits in the meantime. */
  pause(): void
  resume(): void
  /** Ends the process and everything that cells have started, at once. */
  kill(): void
}

/** Options of the process. */
export interface CellsOptions {
  /** Options of Node, such as `--expose-gc`. Default: none. */
  readonly flags?: readonly string[]
  /** Default: the environment of this process. */
  readonly env?: NodeJS.ProcessEnv
}

/** Milliseconds to wait for the last raw output of a process that has ended: a grandchild may keep the pipe open. */
const RAW_MS = 200

/**
 * Starts a process that runs cells.
 *
 * @param root the project's folder
 * @param cwd the notebook's folder, which becomes its working directory
 */
export function startCells(
  root: string,
  cwd: string,
  handlers: CellsHandlers,
  options: CellsOptions = {},
): CellsProcess {
  const main = path.join(root, 'lib', 'kernel', 'cells', 'main.mjs')
  const child = spawn(process.execPath, [...(options.flags ?? []), main, root, cwd], {
    cwd,
    env: { ...(options.env ?? process.env), [IN_NOTEBOOK]: '1', PWD: cwd },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'ipc'],
    serialization: 'advanced',
    // A process group of its own, so that nothing started by cells outlives it.
    detached: true,
  })
  const frames = child.stdio[3] as Readable
  const stops = child.stdio[4] as Writable
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.on('data', (chunk: Buffer) => handlers.raw(name, chunk))
  // A write to a process that has just died is lost with it; its exit is reported below.
  stops.on('error', () => {})
  child.on('error', () => {})
  child.once('exit', () => killGroup(child))

  const reader = createFrameReader()
  let paused = false
  let ended: (() => void) | null = null
  const drain = (): void => {
    while (!paused) {
      const frame = reader.next()
      if (!frame) break
      handlers.message(frame.value as FromCells)
    }
    if (paused || !ended) return
    ended()
    ended = null
  }
  frames.on('data', (chunk: Buffer) => {
    reader.add(chunk)
    drain()
  })
  whenEnded(child, frames, (code, signal) => {
    ended = () => handlers.exit(code, signal)
    drain()
  })
  return {
    process: child,
    send(message) {
      if (child.connected) child.send(message, () => {})
    },
    stop(request) {
      if (stops.writable) stops.write(encodeFrame(request))
    },
    pause() {
      paused = true
      for (const stream of [frames, child.stdout!, child.stderr!]) stream.pause()
    },
    resume() {
      if (!paused) return
      paused = false
      drain()
      if (!paused) for (const stream of [frames, child.stdout!, child.stderr!]) stream.resume()
    },
    kill() {
      if (child.exitCode === null && child.signalCode === null) killGroup(child)
    },
  }
}

/** Calls back once, when the process has ended and its streams have been read to the end. */
function whenEnded(
  child: ChildProcess,
  frames: Readable,
  ended: (code: number | null, signal: NodeJS.Signals | null) => void,
): void {
  let exit: [code: number | null, signal: NodeJS.Signals | null] | null = null
  let waiting = true
  let open = 3
  const check = (): void => {
    if (!exit || !frames.readableEnded || (open > 0 && waiting)) return
    ended(...exit)
    exit = null
  }
  for (const stream of [frames, child.stdout!, child.stderr!])
    stream.once('close', () => {
      open--
      check()
    })
  const over = (code: number | null, signal: NodeJS.Signals | null): void => {
    exit ??= [code, signal]
    setTimeout(() => {
      waiting = false
      check()
    }, RAW_MS).unref()
    check()
  }
  child.once('exit', over)
  // Without memory or the program there is no process, no exit and no end of its streams.
  child.once('error', () => {
    if (child.pid === undefined) ended(null, null)
  })
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing of the group is left.
  }
}
