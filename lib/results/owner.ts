import { readFileSync, readlinkSync } from 'node:fs'
import os from 'node:os'
import { z } from 'zod'
import { sha256 } from '../files/atomic.js'

/** A process that may write a run, as its lease names it. */
export const ownerSchema = z.strictObject({
  host: z.string(),
  space: z.string(),
  pid: z.int(),
  began: z.string(),
})

/** The process that writes a run. */
export interface Owner {
  /** Names the machine without telling its name. */
  readonly host: string
  /**
   * Tells where the process number counts: one start of one machine, or one container on it. A host name does not: it can be
   * changed, and two containers can share it.
   */
  readonly space: string
  readonly pid: number
  /** When the process began, as the system counts; empty where it does not say. Tells a process number's second user from its first. */
  readonly began: string
}

/** Twelve hexadecimal digits that tell this machine from others and can be published. */
export function hostTag(): string {
  return sha256(os.hostname()).slice(0, 12)
}

/** This process. */
export function thisProcess(): Owner {
  return { host: hostTag(), space: processSpace(), pid: process.pid, began: beginning(process.pid) }
}

/** Whether an owner's process can be looked for from here. */
export function isVisible(owner: Owner): boolean {
  return owner.space === processSpace()
}

/** Whether the process of an owner that is visible still runs. */
export function isRunning(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = processStat(owner.pid)
  // One that has ended, and whose parent has not asked how, keeps its number: in containers often for good.
  if (now && ENDED.has(now.state)) return false
  return owner.began === '' || owner.began === (now?.began ?? '')
}

/** States of a process in /proc that runs nothing any more: a zombie, one that is dead. */
const ENDED = new Set(['Z', 'X'])

/** Whether an owner is this very process. */
export function isThisProcess(owner: Owner): boolean {
  return isVisible(owner) && owner.pid === process.pid && owner.began === beginning(process.pid)
}

/** The machine's start and the namespace of process numbers; the host name where the system names neither. */
function processSpace(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return sha256(`${boot} ${readlinkSync('/proc/self/ns/pid')}`).slice(0, 12)
  } catch {
    return hostTag()
  }
}

/** When a process began: clock ticks from the machine's start to its own; empty where the system does not say. */
function beginning(pid: number): string {
  return processStat(pid)?.began ?? ''
}

/** Fields 3 and 22 of /proc/PID/stat; null where there is no such process, or no /proc. */
function processStat(pid: number): { readonly state: string; readonly began: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is a name in brackets that may itself hold spaces and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', began: fields[19] ?? '' }
  } catch {
    return null
  }
}
