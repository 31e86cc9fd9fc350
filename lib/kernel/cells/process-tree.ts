import { readdirSync, readFileSync } from 'node:fs'
import { nodeTimers } from './node-timers.js'

/** A process in Linux's list. */
interface Process {
  readonly pid: number
  readonly parent: number
  readonly group: number
  /**
   * Start time in ticks since the machine started, which distinguishes it from a later process with the same number.
   */
  readonly start: number
}

/** Milliseconds for a process that was asked to end to save. */
const KILL_MS = 1500

/** Returns the child of this process that started last, which is the one that a synchronous call waits for. */
export function newestChild(): number | null {
  const children = processes().filter(({ parent }) => parent === process.pid)
  return children.sort((a, b) => b.start - a.start || b.pid - a.pid)[0]?.pid ?? null
}

/**
 * Ends processes and everything that they have started: interrupts them as Ctrl-C in a terminal does, and kills those
 * that are still alive after 1.5 seconds.
 *
 * @param force kills them at once
 */
export function endProcesses(pids: readonly number[], force: boolean): void {
  const trees = pids.flatMap((pid) => treeOf(pid, processes()))
  for (const { pid } of trees) signal(pid, force ? 'SIGKILL' : 'SIGINT')
  if (force || trees.length === 0) return
  const timer = nodeTimers.setTimeout(() => {
    const now = processes()
    const left = now.filter(({ pid, start }) => trees.some((one) => one.pid === pid && one.start === start))
    for (const { pid } of left.flatMap((one) => treeOf(one.pid, now))) signal(pid, 'SIGKILL')
  }, KILL_MS)
  timer.unref()
}

/** Returns a process and all its descendants, including orphans in this process's group. */
function treeOf(root: number, all: readonly Process[]): Process[] {
  const first = all.find(({ pid }) => pid === root)
  if (!first) return []
  const tree = new Set([first])
  for (const { pid } of tree) for (const one of all) if (one.parent === pid) tree.add(one)
  for (const one of all) if (one.parent === 1 && one.group === process.pid && one.start >= first.start) tree.add(one)
  return [...tree]
}

/** Returns all visible processes of the machine; none without /proc. */
function processes(): Process[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .flatMap((pid) => (Number.isInteger(pid) ? read(pid) : []))
  } catch {
    return []
  }
}

function read(pid: number): Process[] {
  try {
    // The second field is the program's name in brackets, which may contain anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return [{ pid, parent: Number(fields[1]), group: Number(fields[2]), start: Number(fields[19]) }]
  } catch {
    // It ended in the meantime.
    return []
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended, or belongs to another user.
  }
}
