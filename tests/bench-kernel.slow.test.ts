import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CompilerMeasurement } from '../bench/kernel/compilers.js'
import type { KernelMeasurement, SoakMeasurement } from '../bench/kernel/measure.js'
import { recurlab } from './recurlab.js'

test('bench kernel measures the kernels that are asked for, in one run', async () => {
  const { code, stdout, stderr } = await recurlab(['bench', 'kernel', 'recurlab', 'starts=1', 'cells=2', '--json'])
  assert.equal(code, 0, stderr)
  const [row] = JSON.parse(stdout) as [KernelMeasurement]
  assert.equal(row.kernel, 'recurlab')
  assert.deepEqual(row.notes, [])
  assert.deepEqual(
    [row.firstResultSeconds, row.trivialMs, row.trivialAfterImportsMs].map((list) => list.length),
    [1, 2, 2],
  )
  assert.ok(row.linesSeconds > 0)
  assert.ok(row.libSeconds.length === 1 && row.libSeconds[0]! > 0)
})

test('bench kernel soak=N says what memory the kernel gained', async () => {
  const { code, stdout, stderr } = await recurlab(['bench', 'kernel', 'soak=20', '--json'])
  assert.equal(code, 0, stderr)
  const [row] = JSON.parse(stdout) as [SoakMeasurement]
  assert.equal(row.cells, 20)
  assert.ok(row.bytesBefore > 1e7 && row.bytesAfter > 1e7)
})

test('bench kernel compilers=N checks and completes the same cells both ways', async () => {
  const { code, stdout, stderr } = await recurlab(['bench', 'kernel', 'compilers=3', '--json'])
  assert.equal(code, 0, stderr)
  const rows = JSON.parse(stdout) as CompilerMeasurement[]
  assert.deepEqual(
    rows.map(({ compiler, cellMs, completionMs, heapBytes }) => [
      compiler,
      cellMs.length,
      completionMs.length,
      // What was garbage before may be collected meanwhile.
      Number.isFinite(heapBytes),
    ]),
    [
      ['notebook kernel', 3, 3, true],
      ['language service', 3, 3, true],
    ],
  )
})

test('bench kernel names the kernels that it knows', async () => {
  const { code, stderr } = await recurlab(['bench', 'kernel', 'python'])
  assert.equal(code, 2)
  assert.match(stderr, /expected recurlab\|tslab\|deno, found python/)
})
