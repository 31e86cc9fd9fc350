import { readdirSync, readlinkSync } from 'node:fs'
import { systemCalls } from '../../lib/files/operations.js'

type Name = keyof typeof systemCalls

/**
 * The fate of a file operation: the system refuses it; `short`, the first half of the bytes is written and the next
 * operation finds the disk full; `continued`, the first half is written, and nothing is wrong; `crash`, the process ends there, with the first
 * half of a write done.
 */
export type Fault = keyof typeof SYSTEM | 'short' | 'continued' | 'crash'

/** The text of the system's errors. */
const SYSTEM = {
  ENOSPC: 'no space left on device',
  EIO: 'i/o error',
  EACCES: 'permission denied',
  EMFILE: 'too many open files',
} as const

/** Kinds of faults that a whole piece of work is tried with: each once, and where that differs, from an operation on. */
export const FAULTS = Object.keys({ ...SYSTEM, short: 0, continued: 0, crash: 0 }) as Fault[]

/** The error of every operation of a process that has ended: none of its own code runs any more. */
export class Crash extends Error {
  override readonly name = 'Crash'
}

/** How many operations a piece of work did, and what it threw. */
export interface Outcome {
  readonly operations: number
  readonly error: unknown
}

/** An operation as it was called: its name, and the path or descriptor. */
export interface Operation {
  readonly name: Name
  readonly on: string
}

const ON_DESCRIPTORS = new Set<Name>(['closeSync', 'fstatSync', 'fsyncSync', 'ftruncateSync', 'readSync', 'writeSync'])
const OPENING = new Set<Name>(['appendFileSync', 'openSync', 'readFileSync', 'readdirSync', 'writeFileSync'])
const GROWING = new Set<Name>([
  'appendFileSync',
  'ftruncateSync',
  'fsyncSync',
  'linkSync',
  'mkdirSync',
  'mkdtempSync',
  'openSync',
  'renameSync',
  'writeFileSync',
  'writeSync',
])

/** Returns whether a system can do this to an operation. */
export function canHappen(fault: Fault, { name, on }: Operation): boolean {
  if (fault === 'ENOSPC') return GROWING.has(name)
  if (fault === 'EACCES') return !ON_DESCRIPTORS.has(name) && Number.isNaN(Number(on))
  if (fault === 'EMFILE') return OPENING.has(name) && Number.isNaN(Number(on))
  if (fault === 'short' || fault === 'continued') return name === 'writeSync'
  return true
}

/** Lets file operation number `n` (counted from 0) fail, only that one or all from there on that can fail so, until restored. */
export function startFailing(
  n: number,
  how: 'once' | 'for good',
  fault: Fault = 'ENOSPC',
): { readonly operations: readonly Operation[]; restore(): void } {
  const real = { ...systemCalls }
  const operations: Operation[] = []
  let pending = false
  const half = (args: readonly unknown[]): number => {
    const [fd, bytes, at = 0, length, position = null] = args as [number, Uint8Array, number?, number?, number?]
    const all = length ?? bytes.length - at
    return all < 2 ? 0 : real.writeSync(fd, bytes, at, all >> 1, position)
  }
  for (const name of Object.keys(real) as Name[]) {
    const replacement = (...args: unknown[]): unknown => {
      const work = (): unknown => Reflect.apply(real[name], undefined, args)
      const operation = { name, on: String(args[0]) }
      const at = operations.push(operation) - 1
      const isHit = at === n || (how === 'for good' && at > n)
      if (fault === 'crash') {
        if (at < n) return work()
        if (at === n && name === 'writeSync') half(args)
        // The system closes what a process that has ended had open.
        if (name === 'closeSync') work()
        throw new Crash(`${name} after the crash`)
      }
      if (fault === 'short' || fault === 'continued') {
        if (pending && name !== 'closeSync') {
          pending = false
          throw refusal('ENOSPC', name, args)
        }
        if (!isHit || name !== 'writeSync') return work()
        const done = half(args)
        if (done === 0) return work()
        pending = fault === 'short'
        return done
      }
      if (!isHit || !canHappen(fault, operation)) return work()
      // A descriptor is given back even where closing reports an error, as the system does.
      if (name === 'closeSync') work()
      throw refusal(fault, name, args)
    }
    Object.assign(systemCalls, { [name]: replacement })
  }
  return { operations, restore: () => void Object.assign(systemCalls, real) }
}

function refusal(code: keyof typeof SYSTEM, name: Name, args: readonly unknown[]): Error {
  const syscall = name.replace(/Sync$/, '')
  const on = typeof args[0] === 'number' ? {} : { path: String(args[0]) }
  const text = `${code}: ${SYSTEM[code]}, ${syscall}${on.path === undefined ? '' : ` '${on.path}'`}`
  return Object.assign(new Error(text), { code, syscall, ...on })
}

/** Does some work while a file operation fails, as {@link startFailing} says. */
export function withFailure(n: number, how: 'once' | 'for good', work: () => void, fault: Fault = 'ENOSPC'): Outcome {
  const { operations, restore } = startFailing(n, how, fault)
  try {
    work()
    return { operations: operations.length, error: null }
  } catch (error) {
    return { operations: operations.length, error }
  } finally {
    restore()
  }
}

/** Returns what this process has open in a folder, one text a descriptor. */
export function openIn(folder: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      return target.startsWith(folder) ? [`${fd} ${target}`] : []
    } catch {
      return []
    }
  })
}
