import { readFileSync, readlinkSync } from 'node:fs'
import os from 'node:os'
import { z } from 'zod'
import { sha256 } from './atomic.js'

/** A process that may write a run, as identified in its lease. */
export const ownerSchema = z.strictObject({
  host: z.string(),
  space: z.string(),
  pid: z.int(),
  began: z.string(),
})

/** The process that writes a run. */
export interface Owner {
  /** Anonymous identifier of the machine. */
  readonly host: string
  /**
   * Scope of the process ID: one boot of one machine, or one container on it. A host name does not identify it: it can
   * change, and two containers can share it.
   */
  readonly space: string
  readonly pid: number
  /** Start time of the process, as the system counts; empty when unavailable. It distinguishes a reused process ID. */
  readonly began: string
}

/** Returns twelve hexadecimal digits that identify this machine and can be published. */
export function hostTag(): string {
  return sha256(os.hostname()).slice(0, 12)
}

/** Returns this process. */
export function thisProcess(): Owner {
  return { host: hostTag(), space: processSpace(), pid: process.pid, began: beginning(process.pid) }
}

/** Returns whether an owner's process can be observed from here. */
export function isVisible(owner: Owner): boolean {
  return owner.space === processSpace()
}

/** Returns whether the process of a visible owner is running. */
export function isRunning(owner: Pick<Owner, 'pid' | 'began'>): boolean {
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: the process is alive, and belongs to another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = processStat(owner.pid)
  // A zombie keeps its process ID until its parent reaps it: in containers often for good.
  if (now && ENDED.has(now.state)) return false
  return owner.began === '' || owner.began === (now?.began ?? '')
}

/** States of ended processes in /proc: zombie and dead. */
const ENDED = new Set(['Z', 'X'])

/** Returns whether an owner is this process. */
export function isThisProcess(owner: Owner): boolean {
  return isVisible(owner) && owner.pid === process.pid && owner.began === beginning(process.pid)
}

/** Returns the scope of process IDs: a hash of the boot ID and the PID namespace, of the host name when the system provides neither. */
export function processSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return sha256(`${boot} ${readlinkSync('/proc/self/ns/pid')}`).slice(0, 12)
  } catch {
    return hostTag()
  }
}

/** Returns the start time of a process, in clock ticks since boot; empty when unavailable. */
function beginning(pid: number): string {
  return processStat(pid)?.began ?? ''
}

/** Reads fields 3 and 22 of /proc/PID/stat; null when there is no such process, or no /proc. */
function processStat(pid: number): { readonly state: string; readonly began: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is a name in parentheses, which may itself contain spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', began: fields[19] ?? '' }
  } catch {
    return null
  }
}
