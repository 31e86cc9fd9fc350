import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { kernels, setFast } from '../../lib/backend/kernels.js'
import { threadCount } from '../../lib/backend/machine.js'
import { parseConfig } from '../../lib/config/parse.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { UserError } from '../../lib/errors.js'
import { estimateMemory } from '../../lib/experiment/estimate/memory.js'
import { runWork } from '../../lib/experiment/estimate/work.js'
import { applyComputeSettings, storedComputeSettings, threadsFor } from '../../lib/experiment/run/compute-settings.js'
import { chooseDtype } from '../../lib/experiment/run/dtype.js'
import { resume } from '../../lib/experiment/run/resume.js'
import { train } from '../../lib/experiment/run/train.js'
import { countParameters } from '../../lib/model/weights.js'
import { openRun } from '../../lib/results/run.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
import { whyNoKernels } from '../kernels.js'

const lacking = await whyNoKernels()
const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-settings-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const config = {
  hidden: 16,
  heads: 2,
  T: 1,
  n: 1,
  K: 2,
  batch: 8,
  microBatch: 3,
  trainSteps: 4,
  evalEvery: 4,
  evalBatch: 8,
} as const
const data = await sudoku({ box: [2, 2], clues: 8, train: 20, test: 8 })

test('auto takes the whole batch where it fits, else equal parts of it that do, else single rows', () => {
  const of = (change: ConfigInput, available = 1e12) =>
    estimateMemory(runWork(parseConfig({ ...config, batch: 101, ...change }), data), available)
  const auto = (available: number): number => of({ microBatch: 'auto' }, available).microBatch
  // The free memory of which 80 % are as much as a step with a micro-batch of so many rows needs.
  const enoughFor = (microBatch: number): number => of({ microBatch }).peakBytes / 0.8
  assert.equal(auto(enoughFor(101) + 10), 101)
  assert.equal(auto(enoughFor(101) - 10), 51)
  assert.equal(auto(enoughFor(51) + 10), 51)
  assert.equal(auto(enoughFor(51) - 10), 34)
  assert.equal(auto(enoughFor(1) - 10), 1)
  assert.throws(
    () => auto(of({ microBatch: 1 }).peakBytes - 10),
    /memory: expected at most .*Lower .*microBatch \(1; auto/s,
  )
  assert.equal(of({ microBatch: 5 }).microBatch, 5)
  assert.equal(of({ microBatch: 640 }).microBatch, 101)
})

test('an evaluation of many puzzles at a time needs its memory beside the weights of the training', () => {
  const evalBatch = 5000
  const of = (change: ConfigInput) => {
    const work = runWork(parseConfig({ ...config, evalBatch, ...change }), data)
    return { ...estimateMemory({ ...work, evaluated: evalBatch }, 1e12), weights: 4 * countParameters(work.shape) }
  }
  const [averaged, plain, few] = [of({ ema: 0.9 }), of({ ema: 0 }), of({ ema: 0, evalBatch: 8 })]
  assert.ok(plain.peakBytes > 2 * few.peakBytes, `${plain.peakBytes} and ${few.peakBytes} bytes`)
  // The puzzle embedding is not averaged.
  const table = 4 * data.manifest.puzzleIdentifiers * config.hidden
  assert.ok(Math.abs(averaged.peakBytes - plain.peakBytes - (plain.weights - table)) < 1)
})

test('auto keeps a step below 6 GB, however much memory is free', () => {
  const batch = 200_000
  const of = (microBatch: number | 'auto') =>
    estimateMemory(runWork(parseConfig({ ...config, batch, microBatch }), data), 1e12)
  const { microBatch, peakBytes } = of('auto')
  const parts = Math.ceil(batch / microBatch)
  assert.ok(parts > 1 && peakBytes <= 6e9, `${parts} parts, ${peakBytes} bytes`)
  assert.ok(of(Math.ceil(batch / (parts - 1))).peakBytes > 6e9)
})

/** The ID of a run that was stopped after two of its steps. */
async function stoppedRun(change: ConfigInput = {}): Promise<string> {
  const controller = new AbortController()
  return await train({ ...config, ...change }, data, {
    resultsDir: folder,
    signal: controller.signal,
    observer: { onStep: ({ step }) => step === 2 && controller.abort() },
  })
}

test('what was chosen for a run is stored in it, and stays when it goes on', async () => {
  const id = await stoppedRun()
  const settings = storedComputeSettings(openRun(id, folder))
  assert.deepEqual(settings, {
    microBatch: 3,
    fast: kernels() !== null,
    dtype: chooseDtype('auto'),
    threads: settings?.threads,
  })
  await resume(id, { resultsDir: folder, data, observer: {} })
  assert.deepEqual(storedComputeSettings(openRun(id, folder)), settings)
})

for (const fast of [true, false])
  test(`a run that was begun ${fast ? 'with' : 'without'} the kernels goes on so, whatever the process does beside it`, {
    skip: lacking,
  }, async () => {
    const before = setFast(fast)
    try {
      const id = await stoppedRun()
      setFast(!fast)
      const seen: boolean[] = []
      await resume(id, {
        resultsDir: folder,
        data,
        observer: { onStep: () => seen.push(kernels() !== null) },
      })
      assert.deepEqual(seen, [fast, fast])
      assert.equal(kernels() !== null, !fast, 'the choice ends with the run')
    } finally {
      setFast(before)
    }
  })

test('auto is bfloat16 where the processor has AMX, which goes into the run; what cannot be had is refused before a run is made', async () => {
  const units = kernels()?.units.bfloat16 ?? null
  assert.equal(chooseDtype('auto'), units === 'AMX' ? 'bfloat16' : 'float32')
  const before = setFast(false)
  try {
    assert.equal(chooseDtype('auto'), 'float32')
    await assert.rejects(
      train({ ...config, dtype: 'bfloat16' }, data, { resultsDir: path.join(folder, 'refused'), observer: {} }),
      (error: Error) => error instanceof UserError && /key dtype.*turned off.*auto/s.test(error.message),
    )
    assert.equal(existsSync(path.join(folder, 'refused')), false)
  } finally {
    setFast(before)
  }
})

test('a micro-batch that cannot fit is refused before a step of that size is tried', async () => {
  await assert.rejects(
    train({ ...config, hidden: 256, batch: 1_000_000, microBatch: 1_000_000 }, data, {
      resultsDir: path.join(folder, 'refused'),
      observer: {},
    }),
    (error: Error) => error instanceof UserError && /memory: expected at most .* Lower microBatch/s.test(error.message),
  )
  assert.equal(existsSync(path.join(folder, 'refused')), false)
})

test('estimate: false tries nothing beforehand and takes the whole batch for auto', async () => {
  const told: string[] = []
  const observer = {
    onEstimating: () => told.push('estimating'),
    onEstimate: () => told.push('estimate'),
    onEvaluationTime: () => told.push('evaluation time'),
    onEnd: () => told.push('end'),
  }
  const id = await train({ ...config, microBatch: 'auto' }, data, { resultsDir: folder, estimate: false, observer })
  assert.deepEqual(told, ['end'])
  assert.equal(storedComputeSettings(openRun(id, folder)).microBatch, config.batch)
})

test('what a run computes in stays when it goes on, and where it cannot, the user is told', async () => {
  const notes: string[] = []
  for (const dtype of ['float32', 'auto'] as const) {
    const id = await stoppedRun({ dtype })
    const settings = storedComputeSettings(openRun(id, folder))
    assert.equal(settings.dtype, chooseDtype(dtype))
    const applied = applyComputeSettings(settings)
    assert.equal(applied.dtype, settings.dtype)
    applied.end()
  }
  const applied = applyComputeSettings({ microBatch: 1, fast: false, dtype: 'bfloat16', threads: 1 })
  if (applied.note) notes.push(applied.note)
  applied.end()
  assert.equal(applied.dtype, 'float32')
  assert.match(notes.join(), /begun in bfloat16.*float32/)
})

test('a run goes on with the threads it was begun with, unless the user says otherwise or there are fewer cores', () => {
  const before = process.env.RECURLAB_THREADS
  const begun = (threads: number) => ({ microBatch: 1, fast: true, dtype: 'float32', threads }) as const
  try {
    delete process.env.RECURLAB_THREADS
    assert.equal(threadsFor(begun(1), 'tfjs-node'), 1)
    assert.equal(threadsFor(begun(1025), 'tfjs-node'), threadCount())
    assert.equal(threadsFor(begun(1), 'wasm'), threadCount())
    process.env.RECURLAB_THREADS = '3'
    assert.equal(threadsFor(begun(1), 'tfjs-node'), 3)
  } finally {
    if (before === undefined) delete process.env.RECURLAB_THREADS
    else process.env.RECURLAB_THREADS = before
  }
})

test('a record without whole settings is refused, with the part that is wrong', () => {
  const of = (settings: unknown) => () => storedComputeSettings({ id: 'x', provenance: { computeSettings: settings } })
  assert.deepEqual(of({ microBatch: 1, fast: true, threads: 2, dtype: 'float32' })().threads, 2)
  assert.throws(of(undefined), /run x, computeSettings in provenance\.json: /)
  assert.throws(of({ microBatch: 0, fast: true, threads: 2, dtype: 'float32' }), /computeSettings\.microBatch in/)
  assert.throws(of({ microBatch: 1, fast: true, threads: 2 }), /computeSettings\.dtype in/)
  assert.throws(of({ microBatch: 1, fast: true, threads: 2, dtype: 'int8' }), /computeSettings\.dtype in/)
})
