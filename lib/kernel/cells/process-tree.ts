import { readdirSync, readFileSync } from 'node:fs'
import { nodeTimers } from './node-timers.js'

/** A process, as Linux lists it. */
interface Process {
  readonly pid: number
  readonly parent: number
  readonly group: number
  /** When it started, in ticks since the machine did: tells it from a later one with its number. */
  readonly start: number
}

/** A process that was asked to end has this long to save. */
const KILL_MS = 1500

/** The child of this process that started last: the one that a synchronous call waits for. */
export function newestChild(): number | null {
  const children = processes().filter(({ parent }) => parent === process.pid)
  return children.sort((a, b) => b.start - a.start || b.pid - a.pid)[0]?.pid ?? null
}

/**
 * Has processes end, with all that they have started: asks them as Ctrl-C in a terminal does, and ends those that are still
 * there after 1.5 seconds.
 *
 * @param force they are ended at once
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

/** A process and all below it, with those that it has left to the system in this process's group. */
function treeOf(root: number, all: readonly Process[]): Process[] {
  const first = all.find(({ pid }) => pid === root)
  if (!first) return []
  const tree = new Set([first])
  for (const { pid } of tree) for (const one of all) if (one.parent === pid) tree.add(one)
  for (const one of all) if (one.parent === 1 && one.group === process.pid && one.start >= first.start) tree.add(one)
  return [...tree]
}

/** All processes of the machine that can be seen; none where there is no /proc. */
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
    // The second field is the program's name in brackets, which may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return [{ pid, parent: Number(fields[1]), group: Number(fields[2]), start: Number(fields[19]) }]
  } catch {
    // It has ended meanwhile.
    return []
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself, or belongs to somebody else.
  }
}
