import { Session } from 'node:inspector'
import { Socket } from 'node:net'
import { parentPort } from 'node:worker_threads'
import type { StopRequest } from '../protocol.js'
import { endWithChildren } from './end.js'
import { createFrameReader } from './frames.js'
import { endProcesses, newestChild } from './process-tree.js'
import { CUT, FLUSH, INTERRUPT, type Interruption, type SharedState, sharedState } from './shared-state.js'

/** Where the server writes stops. */
const FD = 4
/** The main thread has this long to take up a stop itself, as one that waits does. */
const PATIENCE_MS = 150
/** At some places inside Node's code nothing can be stopped; the next look is taken after this. */
const RETRY_MS = 2
/** A stop that has not ended the cell by now was swallowed, or something else keeps the main thread busy. */
const AGAIN_MS = 200

/** How often it is looked for a child process that a stopped cell waits for. */
const CHILD_MS = 200

/** Describing what was thrown may take this long: its getters are the user's code. */
const TELLING_MS = 2000

/** What was printed before a long computation is sent after about this. */
const HELD_MS = 100

/**
 * Runs in the thread that interrupts: takes stops from the server, has printed text sent while the main thread is busy,
 * cuts off descriptions of errors that do not end, has a child process end that the main thread waits for, and ends the process when the server is gone.
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
  // In a busy loop or not, without a server nobody needs this process.
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
  /** Code goes on only when the child has ended that it waits for; it may also be about to start one. */
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
      endChild()
      attempt()
    },
    force ? 0 : PATIENCE_MS,
  )
}

function interrupt(cell: number, force: boolean, answered: (answer: Interruption) => void): void {
  evaluate(`globalThis[Symbol.for('${INTERRUPT}')](${cell}, ${force})`, (value) =>
    // Where the evaluation itself was ended by the stop there is no value.
    answered((value as Interruption | undefined) ?? 'stopped'),
  )
}

/** Evaluates on the main thread, in the middle of what runs. The session is opened for one call only: the process would not end as long as it is open. */
function evaluate(expression: string, done: (value: unknown) => void): void {
  const session = new Session()
  session.connectToMainThread()
  session.post('Runtime.evaluate', { expression, silent: true }, (refused, reply) => {
    session.disconnect()
    done(refused ? undefined : reply.result.value)
  })
}
