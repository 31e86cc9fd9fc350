import { Worker } from 'node:worker_threads'
import { fileOperations as fs } from '../files/operations.js'

/**
 * Returns the seconds without a heartbeat after which an invisible process counts as dead: RECURLAB_LEASE_SECONDS, else
 * 300.
 */
export function leaseSeconds(): number {
  const given = Number(process.env.RECURLAB_LEASE_SECONDS)
  return given > 0 ? given : 300
}

/**
 * Rewrites the file periodically, which makes the server of a network file system date it. A thread takes over once the
 * run is older than one beat, so that a long step does not look like death.
 *
 * @returns a function that stops the heartbeat, and calls back after the last write
 */
export function beat(fd: number, text: string): (ended: () => void) => void {
  const every = beatMs()
  let thread: Worker | null = null
  const timer = setTimeout(() => {
    try {
      fs.writeSync(fd, text, 0)
    } catch {
      // The next beat tries again.
    }
    try {
      thread = new Worker(BEATING, { eval: true, workerData: { fd, text, every }, execArgv: [] })
      thread.on('error', () => {})
      thread.unref()
    } catch {
      // Without the thread the run only seems less alive to other processes.
    }
  }, every)
  timer.unref()
  return (ended) => {
    clearTimeout(timer)
    // While the thread runs, the descriptor of the closed file could be reused for another file.
    if (thread) void thread.terminate().then(ended, ended)
    else ended()
  }
}

const BEATING = `
const { writeSync, fsyncSync } = require('node:fs')
const { fd, text, every } = require('node:worker_threads').workerData
setInterval(() => {
  try {
    writeSync(fd, text, 0)
    fsyncSync(fd)
  } catch {}
}, every)`

/** Returns the milliseconds between two heartbeats. */
export function beatMs(): number {
  return Math.max(50, leaseSeconds() * 10)
}
