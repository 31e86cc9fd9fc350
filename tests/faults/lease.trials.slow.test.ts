import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { thisProcess } from '../../lib/files/owner.js'
import { isAtWork, takeLease } from '../../lib/results/lease.js'
import { leaseText } from '../../lib/results/lease-file.js'
import { type Trial, trials } from '../trials.js'
import {
  assertClosed,
  assertTold,
  endOwners,
  type FaultCase,
  faultCases,
  inCase,
  operationsOf,
  scratch,
  thrownDuring,
} from './faults.js'

const folder = scratch('lease-faults')
const ENDED = leaseText({ ...thisProcess(), pid: 2 ** 22 + 1, began: '1' })

/** Makes a folder whose lease is that of a process that has ended. */
function abandoned(name: string): string {
  const dir = path.join(folder, name)
  mkdirSync(dir)
  writeFileSync(path.join(dir, 'lease-000004.json'), ENDED)
  return dir
}

/** Takes a lease over, renews the right of writing, loses it to a second one, and releases both. */
function work(dir: string): void {
  const first = takeLease(dir)
  try {
    first.check()
    const second = takeLease(dir)
    try {
      second.check()
    } finally {
      second.release()
    }
  } finally {
    first.release()
  }
}

const cases = async (): Promise<FaultCase[]> => faultCases(await operationsOf(() => work(abandoned('counted'))))

const attempt = inCase<Trial>(async (fault, { index }) => {
  const dir = abandoned(`trial-${index}`)
  try {
    const error = await thrownDuring(fault, () => work(dir))
    if (error !== null) assertTold(error, fault, dir)
    // The thread of a heartbeat is ended before the descriptor is closed.
    await new Promise((resolve) => setImmediate(resolve))
    assertClosed(dir)
    if (fault.fault === 'crash') endOwners(dir)
    assert.equal(isAtWork(dir), false, 'nobody works here')
    const lease = takeLease(dir)
    lease.check()
    assert.equal(isAtWork(dir), true)
    const names = readdirSync(dir).filter((name) => name.startsWith('lease-'))
    assert.equal(names.length, 1, String(names))
    assert.equal(readFileSync(path.join(dir, names[0]!), 'utf8'), leaseText(thisProcess()))
    lease.release()
    assert.equal(isAtWork(dir), false)
    assertClosed(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test(
  ...trials(
    'whatever happens to a file operation of taking, keeping or releasing a lease, it is held by nobody afterwards, and can be taken',
    { cases, sample: 1000 },
    attempt,
  ),
)
