import { Session } from 'node:inspector'
import { Socket } from 'node:net'
import type { StopRequest } from '../protocol.js'
import { createFrameReader } from './frames.js'
import { INTERRUPT, type Interruption, type SharedState, sharedState } from './shared-state.js'

/** Where the server writes stops. */
const FD = 4
/** The main thread has this long to take up a stop itself, as one that waits does. */
const PATIENCE_MS = 150
/** At some places inside Node's code nothing can be stopped; the next look is taken after this. */
const RETRY_MS = 2
/** A stop that has not ended the cell by now was swallowed, or something else keeps the main thread busy. */
const AGAIN_MS = 200

/** Runs in the thread that interrupts: takes stops from the server, and ends the process when the server is gone. */
export function start(memory: SharedArrayBuffer): void {
  const state = sharedState(memory)
  const reader = createFrameReader()
  const stops = new Socket({ fd: FD, readable: true, writable: false })
  stops.on('data', (chunk: Buffer) => {
    reader.add(chunk)
    for (let frame = reader.next(); frame; frame = reader.next()) stop(frame.value as StopRequest, state)
  })
  // In a busy loop or not, without a server nobody needs this process.
  const end = (): void => void process.kill(process.pid, 'SIGKILL')
  stops.on('end', end)
  stops.on('error', end)
}

function stop({ cell, force }: StopRequest, state: SharedState): void {
  const attempt = (): void => {
    if (state.ended >= cell || (!force && state.stopSeen >= cell)) return
    interrupt(cell, force, (answer) => {
      if (answer === 'later') setTimeout(attempt, RETRY_MS)
      if (answer === 'stopped') setTimeout(attempt, AGAIN_MS)
    })
  }
  setTimeout(attempt, force ? 0 : PATIENCE_MS)
}

/** The session is opened for one call only: the process would not end as long as it is open. */
function interrupt(cell: number, force: boolean, answered: (answer: Interruption) => void): void {
  const session = new Session()
  session.connectToMainThread()
  const expression = `globalThis[Symbol.for('${INTERRUPT}')](${cell}, ${force})`
  session.post('Runtime.evaluate', { expression, silent: true }, (refused, reply) => {
    session.disconnect()
    // Where the evaluation itself was ended by the stop there is no value.
    answered(refused ? 'stopped' : ((reply.result.value as Interruption | undefined) ?? 'stopped'))
  })
}
