import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { outOfMemoryLine } from '../../lib/backend/out-of-memory.js'
import { UserError } from '../../lib/errors.js'
import { outOfMemory } from '../../lib/experiment/estimate/out-of-memory.js'
import { openRun } from '../../lib/results/run.js'
import { root } from '../shared.js'

const out = mkdtempSync(path.join(os.tmpdir(), 'recurlab-memory-'))
after(() => rmSync(out, { recursive: true, force: true }))

/** Runs a command that has this much address space, in kB. */
function within(kilobytes: number, words: readonly string[]): Promise<{ code: number; stderr: string }> {
  const script = `ulimit -v ${kilobytes} && exec "$@"`
  const args = ['-c', script, 'bash', process.execPath, path.join(root, 'lib', 'cli', 'recurlab.mjs'), ...words]
  return new Promise((resolve) => {
    execFile('bash', args, { timeout: 240_000 }, (error, _, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stderr })
    })
  })
}

const tiny = [
  'hidden=64',
  'heads=2',
  'T=1',
  'n=1',
  'K=2',
  'trainPuzzles=40',
  'testPuzzles=5',
  'trainSteps=2',
  'evalEvery=2',
]

test('a run that memory is too small for says so, names the keys to lower, and has failed', {
  skip: process.platform === 'linux' ? false : 'only Linux limits the address space so',
}, async () => {
  const words = ['train', 'sudoku-pocket', ...tiny, 'batch=16000', 'microBatch=16000', 'dtype=float32', `out=${out}`]
  const { code, stderr } = await within(3_000_000, words)
  assert.equal(code, 1, stderr)
  const message =
    /^recurlab: run \S+, step 1: expected enough memory \(about .+ by estimate\), of which .+ is available, found .*(OOM|memory)/m
  assert.match(stderr, message)
  assert.match(
    stderr,
    /its last checkpoint is of step 0\. Lower microBatch \(16000; auto chooses one that fits\) or batch \(16000\), for \S+ GB/,
  )
  assert.doesNotMatch(stderr, /^ {4}at /m)
  const [id] = readdirSync(path.join(out, 'runs'))
  assert.equal(openRun(id!, out).state, 'failed')
})

test('messages of TensorFlow, CUDA, V8, the kernels and the system are recognised, and no others', () => {
  for (const text of [
    'Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[2] and type float on /device:CPU:0 by allocator cpu',
    'Invalid TF_Status: 8\nMessage: out of memory in the fused kernels',
    'Failed to allocate memory: CUDA_ERROR_OUT_OF_MEMORY: out of memory',
    'Array buffer allocation failed',
    'std::bad_alloc',
    'ENOMEM: not enough memory, read',
    'spawn ENOMEM',
  ])
    assert.ok(outOfMemoryLine(new Error(text)), text)
  assert.equal(outOfMemoryLine(new Error('no room in the zoom of this boom')), null)
  assert.equal(outOfMemoryLine('OOM'), null)
  assert.equal(outOfMemoryLine(new Error('a\nMessage: OOM when allocating\nb')), 'OOM when allocating')
  const user = { where: 'think', estimate: 2e9, todo: 'Lower batch (9).' }
  const error = outOfMemory(user, new RangeError('Array buffer allocation failed'))
  assert.ok(error instanceof UserError)
  assert.match(
    error.message,
    /^think: expected enough memory \(about 2\.0 GB by estimate\).*failed\. Lower batch \(9\)\.$/,
  )
  assert.equal(outOfMemory(user, error), error)
})
