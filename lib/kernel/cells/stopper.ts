import { Session } from 'node:inspector'
import { Socket } from 'node:net'
import { parentPort } from 'node:worker_threads'
import type { StopRequest } from '../protocol.js'
import { endWithChildren } from './end.js'
import { createFrameReader } from './frames.js'
import { endProcesses, newestChild } from './process-tree.js'
import { CUT, FLUSH, INTERRUPT, type Interruption, type SharedState, sharedState } from './shared-state.js'

/** The file descriptor to which the server writes stops. */
const FD = 4
/** Milliseconds for the main thread to handle a stop by itself, as it does when it waits. */
const PATIENCE_MS = 150
/** Milliseconds until the next attempt when the code is at a place inside Node where it cannot be stopped. */
const RETRY_MS = 2
/**
 * Milliseconds after which a stop that has not ended the cell counts as swallowed, or something else keeps the main
 * thread busy.
 */
const AGAIN_MS = 200

/** Milliseconds between searches for a child process that a stopped cell waits for. */
const CHILD_MS = 200

/** Maximum milliseconds for the description of a thrown value, whose getters are the user's code. */
const TELLING_MS = 2000

/** Milliseconds after which text that was printed before a long computation is sent. */
const HELD_MS = 100

/**
 * Runs in the interrupting thread: takes stops from the server, sends printed text while the main thread is busy, cuts off
 * descriptions of errors that do not end, ends a child process that the main thread waits for, and ends the process when the
 * server is gone.
 */
export function start(memory: SharedArrayBuffer): void {
  if (typeof Session.prototype.connectToMainThread !== 'function')
    throw new Error(
      `the inspector of Node ${process.version} cannot connect to the main thread, where it stops busy cells`,
    )
  const state = sharedState(memory)
  const reader = createFrameReader()
  const stops = new Socket({ fd: FD, readable: true, writable: false })
  stops.on('data', (chunk: Buffer) => {
    reader.add(chunk)
    for (let frame = reader.next(); frame; frame = reader.next()) stop(frame.value as StopRequest, state)
  })
  // Without a server the process is useless, be it busy or not.
  stops.on('end', endWithChildren)
  stops.on('error', endWithChildren)

  parentPort?.postMessage('ready')
  let before = 0
  let told = { number: 0, since: 0 }
  setInterval(() => {
    const { held, telling } = state
    if (telling !== told.number) told = { number: telling, since: performance.now() }
    else if (telling !== 0 && performance.now() - told.since >= TELLING_MS)
      evaluate(`globalThis[Symbol.for('${CUT}')](${telling})`, () => {})
    if (held !== 0 && held === before) evaluate(`globalThis[Symbol.for('${FLUSH}')]()`, () => {})
    before = held
  }, HELD_MS)
}

function stop({ cell, force }: StopRequest, state: SharedState): void {
  const attempt = (): void => {
    if (state.ended >= cell || (!force && state.stopSeen >= cell)) return
    interrupt(cell, force, (answer) => {
      if (answer === 'later') setTimeout(attempt, RETRY_MS)
      if (answer === 'stopped') setTimeout(attempt, AGAIN_MS)
    })
  }
  const told = new Set<number>()
  /** Ends the child process that the code waits for, until the cell has ended: the code may be about to start one. */
  const endChild = (): void => {
    if (state.ended >= cell) return
    const { waitsForChild } = state
    const child = waitsForChild === 1 || (force && waitsForChild === 2) ? newestChild() : null
    if (child !== null && !told.has(child)) endProcesses([child], force)
    if (child !== null) told.add(child)
    setTimeout(endChild, CHILD_MS)
  }
  setTimeout(
    () => {
      // The stop waits in the main thread's queue before the child ends: the code after the child would run otherwise.
      attempt()
      endChild()
    },
    force ? 0 : PATIENCE_MS,
  )
}

function interrupt(cell: number, force: boolean, answered: (answer: Interruption) => void): void {
  evaluate(`globalThis[Symbol.for('${INTERRUPT}')](${cell}, ${force})`, (value) =>
    // There is no value if the stop has ended the evaluation itself.
    answered((value as Interruption | undefined) ?? 'stopped'),
  )
}

/**
 * Evaluates on the main thread, in the middle of the running code. A session is opened for each call, because the
 * process would not end while one is open.
 */
function evaluate(expression: string, done: (value: unknown) => void): void {
  const session = new Session()
  session.connectToMainThread()
  session.post('Runtime.evaluate', { expression, silent: true }, (refused, reply) => {
    session.disconnect()
    done(refused ? undefined : reply.result.value)
  })
}
