import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { tidyAgain } from '../../lib/files/leftovers.js'
import { thisProcess } from '../../lib/files/owner.js'
import { projectFolder } from '../../lib/files/places.js'
import { leaseText } from '../../lib/results/lease-file.js'
import { Crash, canHappen, FAULTS, type Fault, type Operation, openIn, startFailing } from '../files/failing.js'

/** A fault of the operation of a number, or of all from there on. */
export interface FaultCase {
  readonly fault: Fault
  readonly how: 'once' | 'for good'
  readonly n: number
  /** The operation of that number. */
  readonly operation: Operation
}

/** Returns the test of one case, whose failure names the case. */
export function inCase<T>(
  work: (fault: FaultCase, trial: T) => Promise<void>,
): (fault: FaultCase, trial: T) => Promise<void> {
  return async (fault, trial) => {
    try {
      await work(fault, trial)
    } catch (error) {
      const { name, on } = fault.operation
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      throw new Error(`${fault.fault}, ${fault.how}, operation ${fault.n}: ${name} ${on}\n${text}`, { cause: error })
    }
  }
}

/** Returns an empty folder, in memory where the system has one there, that goes when the test file ends. */
export function scratch(name: string): string {
  const memory = '/dev/shm'
  const folder = mkdtempSync(path.join(existsSync(memory) ? memory : os.tmpdir(), `recurlab-${name}-`))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Returns the operations of a piece of work, all of which succeed. */
export async function operationsOf(work: () => unknown): Promise<readonly Operation[]> {
  const { operations, restore } = startFailing(Number.POSITIVE_INFINITY, 'once')
  try {
    await work()
  } finally {
    restore()
  }
  return operations
}

/** Returns every fault that can happen to each of these operations. */
export function faultCases(operations: readonly Operation[]): FaultCase[] {
  const hows = (fault: Fault): readonly FaultCase['how'][] => (fault === 'crash' ? ['for good'] : ['once', 'for good'])
  return operations.flatMap((operation, n) =>
    FAULTS.filter((fault) => canHappen(fault, operation)).flatMap((fault) =>
      hows(fault).map((how) => ({ fault, how, n, operation })),
    ),
  )
}

/** Does some work during a fault and returns what it threw; null when it succeeded. */
export async function thrownDuring({ fault, how, n }: FaultCase, work: () => unknown): Promise<unknown> {
  const { restore } = startFailing(n, how, fault)
  try {
    await work()
    return null
  } catch (error) {
    return error
  } finally {
    restore()
  }
}

/** The codes that a message gives as the reason of a fault. */
const CODES: Readonly<Record<Exclude<Fault, 'crash' | 'continued'>, string>> = {
  ENOSPC: 'ENOSPC',
  EIO: 'EIO',
  EACCES: 'EACCES',
  EMFILE: 'EMFILE',
  short: 'ENOSPC',
}

/**
 * Fails unless a fault was told as one error of the user's, with a path, the system's reason and a remedy. A crash tells nothing, and a
 * write that the system only cuts short is no fault.
 */
export function assertTold(error: unknown, { fault, operation }: FaultCase, ...places: readonly string[]): void {
  if (fault === 'crash') {
    assert.ok(error instanceof Crash || error instanceof UserError, String(error))
    return
  }
  if (fault === 'continued') throw error
  if (!(error instanceof UserError)) throw error
  const parts = /^(.*?): expected (.*), found (.*?) \((E[A-Z]+)\)(.*)\. ([A-Z].*\.)$/s.exec(error.message)
  assert.ok(parts, `no path, reason and remedy: ${error.message}`)
  assert.equal(parts[4], CODES[fault], error.message)
  // A name that may be a path in the working directory stays as it was given; the operation may be on a folder above.
  const above = operation.on.startsWith('/') ? [operation.on] : []
  const isNamed =
    [...places, ...above, projectFolder].some((place) => parts[1]!.includes(place)) || !parts[1]!.startsWith('/')
  assert.ok(isNamed, `another path: ${error.message}`)
  assert.equal(error.message.match(/: expected /g)?.length, 1, `more than one error: ${error.message}`)
}

/** Fails if this process has a file of a folder open. */
export function assertClosed(folder: string): void {
  assert.deepEqual(openIn(folder), [], 'descriptors left open')
}

/** Fails if a folder holds a temporary file or folder. */
export function assertTidy(folder: string): void {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  assert.deepEqual(
    names.filter((name) => /(^|\/)\.|\.tmp$|\.old$|\.part$/.test(name)),
    [],
    'temporary files left',
  )
}

/** Makes a folder that of a process that ended an hour ago: its leases are those of another one, and what is hidden is old. */
export function endOwners(folder: string): void {
  if (!existsSync(folder)) return
  const then = Date.now() / 1000 - 3600
  // Those inside a folder come before it, which is renamed.
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort().reverse()) {
    const file = path.join(folder, name)
    if (/lease-\d+\.json$/.test(name))
      writeFileSync(file, leaseText({ ...thisProcess(), pid: 2 ** 22 + 1, began: '1' }))
    const base = path.basename(name)
    const own = new RegExp(`\\.${process.pid}(?=[.-])`)
    if (!own.test(base) && !base.startsWith('.')) continue
    utimesSync(file, then, then)
    renameSync(file, path.join(path.dirname(file), base.replace(own, `.${2 ** 22 + 1}`)))
  }
  tidyAgain()
}
