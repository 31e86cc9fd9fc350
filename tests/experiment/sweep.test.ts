import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { loadRun } from '../../lib/experiment/load.js'
import type { Dataset, RunObserver } from '../../lib/index.js'
import { evaluateRun, Runs, resume, sudoku, sweep, train } from '../../lib/index.js'

let resultsDir = ''
let data: Dataset
before(async () => {
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-sweep-'))
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, steps: 4, evalEvery: 2, evalBatch: 10 }
const silent: RunObserver = {}

test('a sweep trains every combination and its runs compare themselves', async () => {
  const seen: string[] = []
  const observer: RunObserver = {
    onStart: ({ config }) => seen.push(`${config.mixer} ${config.seed}`),
    onEvaluation: (step) => seen.push(String(step)),
  }
  const runs = await sweep(base, { mixer: ['mlp', 'attention'], seed: [0, 1] }, data, { resultsDir, observer })
  assert.deepEqual(seen, ['mlp 0', '2', '4', 'mlp 1', '2', '4', 'attention 0', '2', '4', 'attention 1', '2', '4'])
  const table = runs.table()
  assert.deepEqual(
    table.map(({ mixer, seed }) => `${mixer}${seed}`),
    ['mlp0', 'mlp1', 'attention0', 'attention1'],
  )
  assert.deepEqual(Object.keys(table[0]!), [
    'mixer',
    'seed',
    'parameters',
    'exact accuracy (%)',
    'cell accuracy (%)',
    'seconds',
    'run',
  ])
  assert.deepEqual([...runs.final('test.cells').keys()], ['mlp', 'attention'])
  const curves = runs.curves('test.cells')
  assert.ok(curves.data.some((trace) => trace.name === 'mlp (mean and range of 2 seeds)'))
  const bars = runs.bars('test.exact', { mlp: 87.4 }, { names: { mlp: 'MLP' } })
  assert.match(JSON.stringify(bars), /reported 87\.4/)
})

test('nothing is trained when one combination of a sweep is wrong', async () => {
  let started = false
  const observer: RunObserver = {
    onStart: () => {
      started = true
    },
  }
  await assert.rejects(
    sweep(base, { mixer: ['attention'], heads: [4, 16] }, data, { resultsDir, observer }),
    /even head size/,
  )
  assert.equal(started, false)
})

test('a run keeps what its data set was made of, so that it can be resumed without it, and leaks no tensor', async () => {
  const { numTensors } = tf.memory()
  const stop = new AbortController()
  const observer: RunObserver = {
    onStep: ({ step }) => {
      if (step === 3) stop.abort()
    },
  }
  const id = await train({ ...base, steps: 6, seed: 5 }, data, { resultsDir, observer, signal: stop.signal })
  const config = JSON.parse(readFileSync(path.join(resultsDir, 'runs', id, 'config.json'), 'utf8')) as Record<
    string,
    unknown
  >
  assert.deepEqual(
    [config.box, config.clues, config.trainPuzzles, config.testPuzzles, config.dataSeed],
    ['2x2', 6, 30, 10, 3],
  )
  await resume(id, { resultsDir, observer: silent })
  const whole = await train({ ...base, steps: 6, seed: 5 }, data, { resultsDir, observer: silent })
  const timeless = (run: string) => loadRun(run, resultsDir).metrics.map((row) => ({ ...row, seconds: 0 }))
  assert.deepEqual(timeless(id), timeless(whole))
  assert.equal(tf.memory().numTensors, numTensors)
})

test('an evaluation alone gives what the evaluation in the loop gave', async () => {
  const id = await train({ ...base, seed: 8 }, data, { resultsDir, observer: silent })
  const { evaluation, step } = await evaluateRun(id, { resultsDir })
  const inLoop = loadRun(id, resultsDir).evaluations.at(-1)!
  assert.equal(step, 4)
  assert.deepEqual(
    [evaluation['test.exact'], evaluation['test.cells'], evaluation['test.halt']],
    [inLoop['test.exact'], inLoop['test.cells'], inLoop['test.halt']],
  )
  assert.equal(evaluation.outcomes.length, 10)
})

test('no runs make an empty table', () => {
  assert.deepEqual(new Runs([]).table(), [])
})

test('a batch that memory cannot hold is refused before the run is made', async () => {
  await assert.rejects(
    train({ ...base, hidden: 16384, layers: 64 }, data, { resultsDir }),
    /memory: expected at most .* free, found a step that needs/,
  )
})
