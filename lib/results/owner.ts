import { readFileSync } from 'node:fs'
import os from 'node:os'
import { sha256 } from '../files/atomic.js'

/** The process that writes a run. */
export interface Owner {
  /** Names the machine without telling its name. */
  readonly host: string
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
  return { host: hostTag(), pid: process.pid, began: beginning(process.pid) }
}

/** Whether an owner still works. A process on another machine cannot be seen and is believed to. */
export function isAlive(owner: Owner): boolean {
  if (owner.host !== hostTag()) return true
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return owner.began === '' || owner.began === beginning(owner.pid)
}

/** Field 22 of /proc/PID/stat: clock ticks from the machine's start to the process's. */
function beginning(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is a name in brackets that may itself hold spaces and brackets.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
