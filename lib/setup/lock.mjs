import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inState } from './paths.mjs'
import { readJson, writeJson } from './stamp.mjs'

/** @typedef {{ pid: number, started: string }} ProcessMark a process id alone may belong to another process by now */

const file = inState('setup', 'lock.json')
/** @type {{ owner: ProcessMark, children: ProcessMark[] } | null} */
let held = null

/**
 * Makes this the only set-up that runs in this checkout. It waits for another one, and cleans up after one that was
 * killed, whose children may still be writing.
 *
 * @param {(pid: number) => void} onWait called once if another set-up is running
 */
export async function takeLock(onWait) {
  mkdirSync(path.dirname(file), { recursive: true })
  let told = false
  for (;;) {
    if (createLock()) return
    const other = readJson(file)
    const owner = /** @type {ProcessMark | undefined} */ (other?.owner)
    if (owner && isRunning(owner)) {
      if (!told) onWait(owner.pid)
      told = true
      await sleep(200)
      continue
    }
    for (const child of /** @type {ProcessMark[]} */ (other?.children ?? [])) await endGroup(child)
    rmSync(file, { force: true })
  }
}

/** Releases the lock. */
export function dropLock() {
  if (held) rmSync(file, { force: true })
  held = null
}

/**
 * Remembers a child, so that a later set-up can end it if this one is killed.
 *
 * @param {number | undefined} pid
 * @param {boolean} running
 */
export function noteChild(pid, running) {
  if (!held || pid === undefined) return
  held.children = held.children.filter((child) => child.pid !== pid)
  if (running) held.children.push({ pid, started: startOf(pid) })
  writeJson(file, held)
}

function createLock() {
  const owner = { pid: process.pid, started: startOf(process.pid) }
  try {
    const fd = openSync(file, 'wx')
    writeSync(fd, JSON.stringify({ owner, children: [] }))
    closeSync(fd)
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false
    throw error
  }
  held = { owner, children: [] }
  return true
}

/** @param {ProcessMark} mark */
function isRunning({ pid, started }) {
  try {
    process.kill(pid, 0)
    return startOf(pid) === started
  } catch {
    return false
  }
}

/** Ends a process group that a killed set-up left behind. @param {ProcessMark} mark */
async function endGroup(mark) {
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGKILL'])) {
    if (!isRunning(mark)) return
    try {
      process.kill(-mark.pid, signal)
    } catch {
      return
    }
    for (let i = 0; i < 20 && isRunning(mark); i++) await sleep(50)
  }
}

/**
 * Returns the start time of a process, in ticks of the system's clock; empty if the system does not tell. @param
 * {number} pid
 */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
