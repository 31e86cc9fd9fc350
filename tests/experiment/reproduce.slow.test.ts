import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { startBackend } from '../../lib/backend/index.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { runDifferences, tensorDifference } from '../../lib/experiment/reproduce/differences.js'
import { environmentChanges } from '../../lib/experiment/reproduce/environment.js'
import { type Dataset, reproduce, resume, sudoku, train } from '../../lib/index.js'
import { openRun } from '../../lib/results/run.js'
import { recurlab } from '../recurlab.js'
import { quiet, smallData, smallRun } from './small-run.js'

let resultsDir = ''
let data: Dataset
before(async () => {
  await startBackend()
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-reproduce-'))
  data = await smallData()
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

const base: ConfigInput = { ...smallRun, logEvery: 1, haltExploration: 0.5 }

test('a run repeats from its record with the same bits', async () => {
  const id = await train(base, data, { resultsDir, ...quiet })
  const made = await reproduce(id, { resultsDir, ...quiet })
  assert.equal(made.isSame, true, made.verdict())
  assert.deepEqual(made.compared, { metrics: 6, evaluations: 3, outcomes: 10, tensors: made.compared.tensors })
  assert.ok(made.compared.tensors > 20)
  assert.deepEqual(made.environment, [])
  assert.match(made.verdict(), /same bits: 6 rows of metrics, 3 evaluations, 10 outcomes and \d+ tensors of 6 steps\.$/)
  assert.deepEqual(readdirSync(path.join(resultsDir, 'reproduced', 'runs')), [made.repetition])
})

test('a run on a data set of the configuration, with weights of another run, repeats without being given either', async () => {
  const first = await train(
    { ...base, task: 'sudoku', box: '2x2', trainPuzzles: 30, testPuzzles: 10 },
    { resultsDir, ...quiet },
  )
  const next = await train(
    { ...base, task: 'sudoku', box: '2x2', trainPuzzles: 30, testPuzzles: 10, seed: 4 },
    { resultsDir, ...quiet, init: { from: openRun(first, resultsDir).dir, weights: 'live' } },
  )
  const made = await reproduce(next, { resultsDir, ...quiet })
  assert.equal(made.isSame, true, made.verdict())
})

test('a changed weight, metric or outcome is found where it first differs', async () => {
  const id = await train(base, data, { resultsDir, ...quiet })
  const other = await train({ ...base, seed: 1 }, data, { resultsDir, ...quiet })
  const [a, b] = [openRun(id, resultsDir), openRun(other, resultsDir)]
  const { differences, equalUntil } = runDifferences(a, b, { until: 6, atEnd: true })
  assert.equal(equalUntil, 0)
  assert.equal(differences[0]?.part, 'metrics')
  assert.equal(differences[0]?.step, 1)
  for (const part of ['metrics', 'evaluations', 'outcomes', 'checkpoint'])
    assert.ok(
      differences.some((one) => one.part === part),
      part,
    )
  const steps = differences.map(({ step }) => step)
  assert.deepEqual(
    steps,
    [...steps].sort((x, y) => x - y),
  )
})

test('an interrupted run repeats up to its checkpoint, a part of a run up to the step asked for', async () => {
  const id = await train(base, data, { resultsDir, ...quiet, stopAt: 3 })
  const made = await reproduce(id, { resultsDir, ...quiet })
  assert.equal(made.isSame, true, made.verdict())
  assert.equal(made.steps, 3)
  const part = await reproduce(id, { resultsDir, ...quiet, steps: 2 })
  assert.deepEqual([part.isSame, part.steps, part.compared.metrics], [true, 2, 2])
  await resume(id, { resultsDir, data, ...quiet })
  const whole = await reproduce(id, { resultsDir, ...quiet })
  assert.deepEqual([whole.isSame, whole.steps, whole.compared.outcomes], [true, 6, 10])
})

test('a run that the clock ended repeats up to its last step, with its evaluation', async () => {
  const observer = { onStep: ({ step }: { step: number }) => step === 2 && busy(700) }
  const id = await train({ ...base, trainSteps: 500, maxSeconds: 0.6 }, data, { resultsDir, observer })
  const { status } = openRun(id, resultsDir)
  assert.equal(status.ended, 'maxSeconds')
  const made = await reproduce(id, { resultsDir, ...quiet })
  assert.equal(made.isSame, true, made.verdict())
  assert.equal(made.steps, status.step)
})

test('a run that diverged repeats until it diverges again', async () => {
  const diverging: ConfigInput = {
    ...base,
    lr: 10,
    weightDecay: 10,
    warmup: 0,
    optimizer: 'adamw',
    trainSteps: 200,
    checkpointEvery: 1,
  }
  await assert.rejects(train(diverging, data, { resultsDir, ...quiet }), /finite/)
  const [id] = readdirSync(path.join(resultsDir, 'runs')).sort().slice(-1) as [string]
  const made = await reproduce(id, { resultsDir, ...quiet })
  assert.equal(made.isSame, true, made.verdict())
  assert.equal(openRun(made.repetition, path.join(resultsDir, 'reproduced')).state, 'failed')
  assert.doesNotMatch(made.remarks().join(), /its repetition has not/)
})

test('a stopped repetition goes on', async () => {
  const id = await train({ ...base, trainSteps: 8 }, data, { resultsDir, ...quiet })
  const stop = new AbortController()
  const observer = { onStep: ({ step }: { step: number }) => step === 3 && stop.abort() }
  await assert.rejects(reproduce(id, { resultsDir, observer, signal: stop.signal }), /stopped at step 3 of 8, saved/)
  const steps: number[] = []
  const made = await reproduce(id, { resultsDir, observer: { onStep: ({ step }) => void steps.push(step) } })
  assert.equal(made.isSame, true, made.verdict())
  assert.deepEqual(steps, [4, 5, 6, 7, 8])
})

test('a run without a step, a missing data set and changed initial weights are errors that name them', async () => {
  const id = await train(base, data, { resultsDir, ...quiet })
  const other = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 4 })
  await assert.rejects(reproduce(id, { resultsDir, data: other, ...quiet }), /its data set, hash/)
  await assert.rejects(reproduce(id, { resultsDir, steps: 0, ...quiet }), /a whole number from 1, found 0/)
  await assert.rejects(reproduce('20000101', { resultsDir, ...quiet }), /a run "20000101"/)
  const begun = await train({ ...base, seed: 5 }, data, {
    resultsDir,
    ...quiet,
    init: { from: openRun(id, resultsDir).dir, weights: 'ema' },
  })
  const file = readdirSync(openRun(id, resultsDir).dir).find((name) => name.startsWith('checkpoint-000006'))!
  const another = await train({ ...base, seed: 6 }, data, { resultsDir, ...quiet })
  cpSync(path.join(openRun(another, resultsDir).dir, file), path.join(openRun(id, resultsDir).dir, file))
  await assert.rejects(reproduce(begun, { resultsDir, ...quiet }), /its initial weights in .*, hash|another run/)
})

test('with other threads the command says where the bits first differ, what has changed, and ends with 1', async () => {
  const id = await train({ ...base, hidden: 32 }, data, { resultsDir, ...quiet })
  const same = await recurlab(['reproduce', id, `out=${resultsDir}`, '--json'])
  const { threads } = openRun(id, resultsDir).provenance.computeSettings as { threads: number }
  assert.equal(same.code, 0, same.stderr)
  assert.equal((JSON.parse(same.stdout) as { same: boolean }).same, true)
  const plain = await recurlab(['reproduce', id, `out=${resultsDir}`], {
    env: { RECURLAB_FAST: '0', RECURLAB_THREADS: String(threads + 1) },
  })
  assert.equal(plain.code, 1, plain.stderr)
  assert.match(plain.stdout, /repeats with other bits: [\w.]+ first differs in step \d/)
  assert.match(plain.stdout, /threads +\d+ +\d+ +yes/)
})

test('the size of a difference between tensors is relative to the largest number', () => {
  assert.equal(tensorDifference(new Float32Array([1, -0.0]), new Float32Array([1, -0.0])), null)
  assert.deepEqual(tensorDifference(new Float32Array([1, 4, 2]), new Float32Array([1, 4, 3])), {
    before: 2,
    after: 3,
    relative: 0.25,
    differing: 1,
  })
  assert.equal(tensorDifference(new Float32Array([0]), new Float32Array([-0]))?.differing, 1)
})

test('sources, packages and settings that differ are listed, those that decide numbers first', () => {
  const provenance = (code: object, threads: number, zod: string, commit: string) => ({
    code: { files: code, commit },
    computeSettings: { threads },
    packages: { zod, '@tensorflow/tfjs': '4.22.0' },
  })
  const changes = environmentChanges(
    provenance({ 'lib/a.ts': '1', 'lib/b.ts': '2' }, 2, '4.0.0', 'a'.repeat(40)),
    provenance({ 'lib/a.ts': '9', 'lib/c.ts': '2' }, 1, '4.0.1', 'b'.repeat(40)),
  )
  assert.deepEqual(
    changes.map(({ what, before, after, decides }) => [what, before, after, decides]),
    [
      ['lib/a.ts', '1', '9', true],
      ['lib/b.ts', '2', 'none', true],
      ['lib/c.ts', 'none', '2', true],
      ['threads', '2', '1', true],
      ['commit', 'a'.repeat(12), 'b'.repeat(12), false],
      ['package zod', '4.0.0', '4.0.1', false],
    ],
  )
})

function busy(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
