import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { startBackend } from '../../lib/backend/index.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { loadRun } from '../../lib/experiment/run/load.js'
import type { Dataset } from '../../lib/index.js'
import { evaluateRun, Runs, resume, solve, sudoku, sweep, train } from '../../lib/index.js'
import { Comparison, storedRun } from '../../lib/results/comparison.js'
import { checkpointsOf, loadCheckpoint, openRun, readOutcomes } from '../../lib/results/run.js'
import { recurlab } from '../recurlab.js'
import { checkpointPath } from '../results/fixture.js'
import { timeless } from '../timeless.js'

let resultsDir = ''
let data: Dataset
before(async () => {
  await startBackend()
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-life-'))
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

const observer = {}
const base: ConfigInput = {
  hidden: 16,
  layers: 1,
  T: 1,
  n: 1,
  K: 3,
  batch: 8,
  trainSteps: 12,
  evalEvery: 2,
  evalBatch: 10,
  warmup: 4,
  lrMinRatio: 0.1,
}
const trained = (change: ConfigInput) => train({ ...base, ...change }, data, { resultsDir, observer })
const statusOf = (id: string) => openRun(id, resultsDir).status

test('a run keeps the checkpoints that its configuration asks for, and eval and solve take one of them', async () => {
  // Every evaluation has the same share of exact answers, so that the first is the best.
  const id = await trained({ keepEvery: 5, lr: 0 })
  assert.deepEqual(checkpointsOf(openRun(id, resultsDir)), [
    { step: 2, keptAs: ['best'] },
    { step: 5, keptAs: ['keepEvery'] },
    { step: 10, keptAs: ['last', 'keepEvery'] },
    { step: 12, keptAs: ['last'] },
  ])
  const options = { resultsDir, onBatch: () => {} }
  for (const [checkpoint, step] of [
    ['last', 12],
    ['best', 2],
    [5, 5],
    [undefined, 12],
  ] as const) {
    const which = checkpoint === undefined ? {} : { checkpoint }
    assert.equal((await evaluateRun(id, { ...options, ...which })).step, step)
  }
  const solving = await solve(id, '1...............', { resultsDir, checkpoint: 'best' })
  assert.equal(solving.file.step, 2)
  await assert.rejects(evaluateRun(id, { ...options, checkpoint: 4 }), {
    name: 'UserError',
    message: /expected a checkpoint of step 4, found those of steps 2, 5, 10, 12/,
  })
  await assert.rejects(evaluateRun(checkpointPath(openRun(id, resultsDir), 5), { ...options, checkpoint: 'best' }), {
    message: /expected a run, beside checkpoint=best, found a file/,
  })

  const words = [`out=${resultsDir}`]
  const evaluated = await recurlab(['eval', id, 'checkpoint=best', '--json', ...words])
  assert.equal((JSON.parse(evaluated.stdout) as { step: number }).step, 2, evaluated.stderr)
  const out = path.join(resultsDir, 'five.safetensors')
  const exported = await recurlab(['export', id, 'checkpoint=5', `results=${resultsDir}`, `out=${out}`, '--json'])
  assert.equal((JSON.parse(exported.stdout) as { step: number }).step, 5, exported.stderr)
  const wrong = await recurlab(['eval', id, 'checkpoint=bets', ...words])
  assert.deepEqual([wrong.code, /checkpoint=best/.test(wrong.stderr)], [2, true], wrong.stderr)
  const listed = await recurlab(['runs', id, ...words])
  assert.match(listed.stdout, /checkpoints of steps 2 \(best\), 5 \(keepEvery\), 10 \(last, keepEvery\), 12 \(last\)/)
})

test('a damaged newest checkpoint is left out with a note by eval and by resume, whose run ends as an unbroken one', async () => {
  const whole = await trained({ seed: 7 })
  const stop = new AbortController()
  const id = await train({ ...base, seed: 7 }, data, {
    resultsDir,
    signal: stop.signal,
    observer: { onStep: ({ step }) => step === 7 && stop.abort() },
  })
  const file = checkpointPath(openRun(id, resultsDir), 7)
  const bytes = readFileSync(file)
  bytes[bytes.length - 1]! ^= 1
  writeFileSync(file, bytes)
  const { step, notes } = await evaluateRun(id, { resultsDir, onBatch: () => {} })
  assert.equal(step, 6)
  assert.match(notes.join('; '), /checkpoint of step 6 in place of step 7: .*expected SHA-256/)
  const said: string[] = []
  await resume(id, { resultsDir, observer: { onNote: (note) => said.push(note) } })
  assert.match(said.join('; '), /checkpoint of step 6 in place of step 7/)
  const [a, b] = [loadRun(whole, resultsDir), loadRun(id, resultsDir)]
  assert.deepEqual(timeless(b.metrics), timeless(a.metrics))
  assert.deepEqual(timeless(b.evaluations), timeless(a.evaluations))
  const tensors = (run: string) => loadCheckpoint(openRun(run, resultsDir)).tensors
  assert.deepEqual(tensors(id), tensors(whole))
})

test('a run ends after patience evaluations without improvement, finished and with the reason, as does one that was resumed', async () => {
  const full = await trained({ seed: 1, lr: 0 })
  const config = { ...base, seed: 1, lr: 0, patience: 2 }
  const whole = await train(config, data, { resultsDir, observer })
  const { state, status } = openRun(whole, resultsDir)
  assert.deepEqual([state, status.ended, status.step, status.checkpoint], ['finished', 'patience', 6, 6])
  assert.match(status.message!, /^at step 6 of 12: test.exact has not improved in the last 2 evaluations \(patience\)$/)
  assert.equal(readOutcomes(openRun(whole, resultsDir)).numRows, 10)
  // The schedule of the learning rate and everything else are those of the whole length.
  assert.deepEqual(
    timeless(loadRun(whole, resultsDir).metrics),
    timeless(loadRun(full, resultsDir).metrics.filter(({ step }) => step <= 6)),
  )
  assert.deepEqual([statusOf(full).ended, statusOf(full).message], ['trainSteps', null])

  const stop = new AbortController()
  const stopAt5 = { onStep: ({ step }: { step: number }) => step === 5 && stop.abort() }
  const parts = await train(config, data, { resultsDir, observer: stopAt5, signal: stop.signal })
  assert.deepEqual([openRun(parts, resultsDir).state, statusOf(parts).ended], ['interrupted', null])
  await resume(parts, { resultsDir, observer })
  assert.deepEqual([statusOf(parts).ended, statusOf(parts).step], ['patience', 6])
  assert.deepEqual(timeless(loadRun(parts, resultsDir).evaluations), timeless(loadRun(whole, resultsDir).evaluations))
  await assert.rejects(resume(whole, { resultsDir, observer }), {
    name: 'UserError',
    message: /found one that is finished at step 6 of 12: .*patience/,
  })
  assert.ok([whole, parts].includes(await train(config, data, { resultsDir, observer, resume: true })))
})

test('a run ends when until is met by a metric of a step or of an evaluation, and after maxSeconds of training', async () => {
  const rows = new Map<string, object[]>()
  for (const [change, reason, step, message] of [
    [{ until: 'train.loss < 100' }, 'until', 1, /^at step 1 of 12: train.loss < 100 \(\d/],
    [{ until: 'test.cells >= 0' }, 'until', 2, /^at step 2 of 12: test.cells >= 0 \(\d/],
    [{ maxSeconds: 1e-6 }, 'maxSeconds', 1, /^at step 1 of 12: 0.000001 s of training \(maxSeconds\)$/],
    [{ until: 'test.exact > 1', patience: 9 }, 'trainSteps', 12, null],
  ] as const) {
    const id = await trained({ seed: 2, logEvery: 5, ...change })
    const { state, status } = openRun(id, resultsDir)
    assert.deepEqual([state, status.ended, status.step], ['finished', reason, step])
    if (message) assert.match(status.message!, message)
    // A run ends with its last step logged, evaluated and saved.
    const { metrics, evaluations } = loadRun(id, resultsDir)
    assert.deepEqual([metrics.at(-1)?.step, evaluations.at(-1)?.step, status.checkpoint], [step, step, step])
    assert.equal(readOutcomes(openRun(id, resultsDir)).numRows, 10)
    rows.set(reason === 'until' ? message.source : reason, timeless(metrics))
  }
  // The learning rate follows trainSteps, wherever the run ends.
  const whole = rows.get('trainSteps')!.filter((row) => (row as { step: number }).step <= 2)
  assert.deepEqual([...rows.values()][1], whole)
})

test('the rows of a run at work can be read before its first evaluation and its second checkpoint', async () => {
  const seen: number[] = []
  let id = ''
  await train({ ...base, trainSteps: 3, evalEvery: 3 }, data, {
    resultsDir,
    observer: {
      onStart: (run) => {
        id = run.id
      },
      onStep: ({ step }) => {
        if (step === 2) seen.push(...loadRun(id, resultsDir).metrics.map((row) => row.step))
      },
    },
  })
  assert.deepEqual(seen, [1])
})

test('a run that was killed after the step that ended it is finished when it is resumed', async () => {
  const stop = new AbortController()
  const id = await train({ ...base, until: 'train.loss < 100', logEvery: 5 }, data, {
    resultsDir,
    signal: stop.signal,
    observer: { onEvaluating: () => stop.abort() },
  })
  assert.deepEqual([openRun(id, resultsDir).state, statusOf(id).checkpoint], ['interrupted', 1])
  await resume(id, { resultsDir, observer })
  assert.deepEqual([openRun(id, resultsDir).state, statusOf(id).ended, statusOf(id).step], ['finished', 'until', 1])
  assert.equal(loadRun(id, resultsDir).evaluations.length, 1)
})

test('the runs of a sweep end by themselves, with the reason in the table and in the list of runs', async () => {
  const folder = path.join(resultsDir, 'sweep')
  const runs = await sweep({ ...base, lr: 0 }, { patience: [1, null] }, data, { resultsDir: folder, observer })
  assert.deepEqual(
    runs.table().map(({ patience, ended }) => [patience, ended]),
    [
      [1, 'patience'],
      [null, 'trainSteps'],
    ],
  )
  const records = runs.all.map(({ id }) => openRun(id, folder))
  assert.deepEqual(
    new Comparison(records.map(storedRun)).rows.map(({ state, ended, step }) => [state, ended, step]),
    [
      ['finished', 'patience', 4],
      ['finished', 'trainSteps', 12],
    ],
  )
  const again = await sweep({ ...base, lr: 0 }, { patience: [1, null] }, data, {
    resultsDir: folder,
    observer,
    resume: true,
  })
  assert.deepEqual(
    again.all.map(({ id }) => id),
    runs.all.map(({ id }) => id),
  )
  const { stdout } = await recurlab(['runs', `out=${folder}`])
  assert.match(stdout, /finished +patience/)
})

test('a condition that cannot be met is refused before the first run, with the metrics that there are', async () => {
  const before = readdirSync(path.join(resultsDir, 'runs')).length
  for (const [change, message] of [
    [
      { until: 'test.exat >= 0.9' },
      /key until: expected a metric of the run: test\.exact, .*train\.loss.*found test\.exat.*test\.exact/,
    ],
    [{ until: 'train.continueLoss < 1' }, /key until: .*found train\.continueLoss/],
    [{ bestMetric: 'min test.wrong' }, /key bestMetric: .*found test\.wrong/],
    [{ until: 'test.exact => 0.9' }, /key until: expected a metric, a comparison and a number/],
    [{ until: 'test.exact >= 90%' }, /key until: expected a metric/],
    [{ bestMetric: 'train.loss' }, /key bestMetric: expected a metric of the evaluations/],
    [{ patience: 0 }, /key patience: expected at least 1/],
  ] as const) {
    await assert.rejects(trained(change), { name: 'UserError', message })
    await assert.rejects(sweep({ ...base, ...change }, { seed: [0] }, data, { resultsDir, observer }), { message })
  }
  assert.equal(readdirSync(path.join(resultsDir, 'runs')).length, before)
})

test('on the command line the last line of a run says what ended it', async () => {
  const out = path.join(resultsDir, 'command')
  const keys = Object.entries(base).map(([key, value]) => `${key}=${value}`)
  const { code, stdout, stderr } = await recurlab([
    'train',
    'sudoku-pocket',
    ...keys,
    'trainPuzzles=30',
    'testPuzzles=10',
    'until=train.loss<100',
    `out=${out}`,
  ])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^finished at step 1 of 12: train\.loss < 100 \(/m)
})

test('a run that evaluates both sets of weights has a row and a curve of each, and its results are those of the EMA', async () => {
  const change = { seed: 4, lr: 0.05, trainSteps: 6 }
  const only = await trained(change)
  const seen: string[] = []
  const both = await train({ ...base, ...change, evalWeights: 'both' }, data, {
    resultsDir,
    observer: {
      onEvaluating: (_, done, puzzles) => assert.ok(done <= puzzles && puzzles === 20),
      onEvaluation: (step, _, weights) => seen.push(`${step} ${weights ?? 'ema'}`),
    },
  })
  assert.deepEqual(seen, ['2 live', '2 ema', '4 live', '4 ema', '6 live', '6 ema'])
  const rows = loadRun(both, resultsDir).evaluations
  assert.deepEqual(
    rows.map(({ step, weights }) => `${step} ${weights}`),
    seen,
  )
  const withoutWeights = timeless(rows.filter(({ weights }) => weights === 'ema')).map(
    ({ weights: _, ...row }: { weights?: unknown }) => row,
  )
  assert.deepEqual(withoutWeights, timeless(loadRun(only, resultsDir).evaluations))
  assert.deepEqual(timeless(loadRun(both, resultsDir).metrics), timeless(loadRun(only, resultsDir).metrics))
  // The live rows are those of the live weights in the checkpoints.
  for (const step of [4, 6]) {
    const { evaluation } = await evaluateRun(both, { resultsDir, weights: 'live', checkpoint: step, onBatch: () => {} })
    const row = rows.find((each) => each.step === step && each.weights === 'live')
    assert.equal(row?.['test.cells'], evaluation['test.cells'])
  }
  const live = loadRun(await trained({ ...change, evalWeights: 'live' }), resultsDir)
  assert.deepEqual(timeless(live.evaluations), timeless(rows.filter(({ weights }) => weights === 'live')))

  const figure = new Runs([loadRun(both, resultsDir)]).curves('test.cells')
  assert.match(JSON.stringify(figure), /live weights/)
  assert.doesNotMatch(JSON.stringify(new Runs([live]).curves('test.cells')), /live weights/)
  assert.equal(readOutcomes(openRun(both, resultsDir)).numRows, 10)
  await assert.rejects(trained({ ema: 0, evalWeights: 'both' }), /key evalWeights: expected live or null/)
})

test('a run stopped between its two sets of weights evaluates both when it is resumed', async () => {
  const change = { ...base, seed: 5, trainSteps: 4, evalWeights: 'both' as const }
  const whole = await train(change, data, { resultsDir, observer })
  const stop = new AbortController()
  const parts = await train(change, data, {
    resultsDir,
    signal: stop.signal,
    observer: { onEvaluating: (step, done) => step === 2 && done > 10 && stop.abort() },
  })
  assert.equal(loadRun(parts, resultsDir).evaluations.length, 0)
  await resume(parts, { resultsDir, observer })
  assert.deepEqual(timeless(loadRun(parts, resultsDir).evaluations), timeless(loadRun(whole, resultsDir).evaluations))
})
