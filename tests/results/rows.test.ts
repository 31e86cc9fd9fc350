import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { type Row, rowsOfTable, tableOfRows } from '../../lib/files/arrow-rows.js'
import { fileOperations } from '../../lib/files/operations.js'
import { FlushTimer } from '../../lib/results/flush-timer.js'
import { type LogRow, openRun, type RunWriter, readMetrics, resumeRun } from '../../lib/results/run.js'
import fc from '../fast-check.js'
import { newRun, setOwner, temporaryFolder } from './fixture.js'

const results = temporaryFolder()

const metrics = (step: number): LogRow => ({ step, 'train.loss': 1 / step, 'train.exact': step % 3 ? null : 0.5 })
const stepsOf = (run: { dir: string }): unknown[] => rowsOfTable(readMetrics(run)).map(({ step }) => step)
const fileOf = (run: { dir: string }, name: string): string => path.join(run.dir, name)

/** A run that has flushed after each group of rows, and its `status.json` and file after each flush. */
function flushed(groups: readonly (readonly LogRow[])[]): {
  run: RunWriter
  after: { status: Buffer; bytes: Buffer }[]
} {
  const run = newRun(results)
  const after = groups.map((rows) => {
    for (const row of rows) run.logMetrics(row)
    run.flush()
    return { status: readFileSync(fileOf(run, 'status.json')), bytes: readFileSync(fileOf(run, 'metrics.arrow')) }
  })
  return { run, after }
}

test('a run killed at any byte of a flush has the rows of the flush before, and is resumed', () => {
  const { run, after } = flushed([[1, 2], [3], [4, 5, 6]].map((steps) => steps.map(metrics)))
  const [, { status, bytes: before }, { bytes }] = after as [(typeof after)[0], (typeof after)[0], (typeof after)[0]]
  assert.ok(bytes.subarray(0, before.length).equals(before), 'a flush appends')
  setOwner(run.dir, { pid: 2 ** 22 + 1 })
  writeFileSync(fileOf(run, 'status.json'), status)
  for (let cut = before.length; cut <= bytes.length; cut++) {
    writeFileSync(fileOf(run, 'metrics.arrow'), bytes.subarray(0, cut))
    assert.deepEqual(stepsOf(run), [1, 2, 3])
  }
  writeFileSync(fileOf(run, 'metrics.arrow'), bytes.subarray(0, before.length + 7))
  const second = resumeRun(openRun(run.dir), 2)
  second.logMetrics(metrics(3))
  second.flush()
  second.logMetrics(metrics(4))
  second.flush()
  assert.deepEqual(stepsOf(run), [1, 2, 3, 4])
})

test('a table cut at any byte of what was complete is refused before it is parsed', () => {
  const { run, after } = flushed([[metrics(1)], [metrics(2)]])
  const { bytes } = after.at(-1)!
  for (let cut = 0; cut < bytes.length; cut++) {
    writeFileSync(fileOf(run, 'metrics.arrow'), bytes.subarray(0, cut))
    assert.throws(() => readMetrics(run), { name: 'UserError', message: /expected SHA-256/ })
  }
})

test('whatever rows are flushed in whatever groups, a reader sees all of them at once, and the ended run has one batch', () => {
  const cell = fc.oneof(fc.double(), fc.constant(null), fc.boolean(), fc.string())
  const row = fc.dictionary(fc.constantFrom('a', 'b', 'c'), cell)
  const groups = fc.array(fc.array(row, { maxLength: 3 }), { maxLength: 5 })
  fc.assert(
    fc.property(groups, (given) => {
      const run = newRun(results)
      const all: LogRow[] = []
      for (const rows of given) {
        for (const row of rows) {
          all.push({ ...row, step: all.length })
          run.logMetrics(all.at(-1)!)
        }
        run.flush()
        appendFileSync(fileOf(run, 'metrics.arrow'), 'what another flush has begun')
        assert.deepEqual(rowsOfTable(readMetrics(run)), rowsAs(all))
      }
      run.finish('finished')
      assert.deepEqual(rowsOfTable(readMetrics(run)), rowsAs(all))
      assert.equal(readFileSync(fileOf(run, 'metrics.arrow')).toString('latin1', 0, 6), 'ARROW1')
    }),
    { numRuns: 40 },
  )
})

function rowsAs(rows: readonly LogRow[]): Row[] {
  return rowsOfTable(tableOfRows(rows, ['step']))
}

test('a flush writes as many bytes after 5,000 rows as after 50', () => {
  const run = newRun(results)
  const { writeSync } = fileOperations
  let written = 0
  const flushBytes = (): number => {
    written = 0
    run.flush()
    return written
  }
  const bytesAfter = new Map<number, number>()
  try {
    Object.assign(fileOperations, {
      writeSync: (...args: unknown[]) => {
        const bytes = Reflect.apply(writeSync, undefined, args) as number
        written += bytes
        return bytes
      },
    })
    for (let step = 1; step <= 5000; step++) {
      run.logMetrics(metrics(step))
      if (step % 50 === 0) bytesAfter.set(step, flushBytes())
    }
  } finally {
    Object.assign(fileOperations, { writeSync })
  }
  // The first flush begins the stream; the numbers in status.json have a few more digits later.
  assert.ok(Math.abs(bytesAfter.get(5000)! - bytesAfter.get(100)!) < 16, `${[...bytesAfter.values()]}`)
  assert.equal(readMetrics(run).numRows, 5000)
})

test('rows are flushed so that none waits longer than ten seconds, whatever a step takes', () => {
  for (const stepSeconds of [0.01, 0.9, 4, 9.9, 15]) {
    let now = 0
    const timer = new FlushTimer(() => now)
    let waiting: number | null = null
    let flushes = 0
    for (let step = 0; step < 5000; step++) {
      now += 1000 * stepSeconds
      assert.ok(waiting === null || now - waiting <= 10_000, `steps of ${stepSeconds} s`)
      timer.logged()
      waiting ??= now
      if (!timer.isDue()) continue
      timer.flushed()
      waiting = null
      flushes++
    }
    assert.ok(flushes <= Math.max(1, (5000 * stepSeconds) / 4.9), `${flushes} flushes of steps of ${stepSeconds} s`)
  }
})
