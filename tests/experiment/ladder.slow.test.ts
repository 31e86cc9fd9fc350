import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { ladder } from '../../lib/experiment/think/ladder.js'
import { readJson } from '../../lib/files/json.js'
import { arc, type Dataset, evaluateRun, sudoku, train } from '../../lib/index.js'
import { powerLaw } from '../../lib/statistics/power-law.js'
import { recurlab } from '../recurlab.js'
import { root } from '../shared.js'

let resultsDir = ''
let boards: Dataset
let tasks: Dataset
let sudokuRun = ''
let arcRun = ''
const tiny = { hidden: 32, heads: 2, T: 1, n: 1, K: 2, batch: 32, evalBatch: 20, lr: 3e-3, warmup: 5 } as const
before(async () => {
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-ladder-'))
  boards = await sudoku({ box: [2, 2], clues: 9, train: 100, test: 30, seed: 3 })
  tasks = await arc({ set: 'generated', train: 6, test: 2, board: 6, augment: 3 })
  const options = { resultsDir, observer: {} }
  sudokuRun = await train({ ...tiny, trainSteps: 60, evalEvery: 60 }, boards, options)
  const small = { ...tiny, hidden: 16, batch: 8, trainSteps: 4, evalEvery: 4 }
  arcRun = await train({ ...small, task: 'arc', mixer: 'attention', puzzleLr: 1 }, tasks, options)
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

test('every rung of a ladder is an evaluation with as many supervision steps, and its law that of the rungs', async () => {
  const { numTensors } = tf.memory()
  const depths = [8, 1, 3, 2]
  const made = await ladder(sudokuRun, boards, { resultsDir, depths, dtype: 'float32', floor: true })
  assert.equal(tf.memory().numTensors, numTensors)
  assert.deepEqual(
    made.rungs.map(({ depth }) => depth),
    [1, 2, 3, 8],
  )
  for (const { depth, accuracy, metrics, macs } of made) {
    const { evaluation } = await evaluateRun(sudokuRun, {
      resultsDir,
      data: boards,
      supervisionSteps: depth,
      dtype: 'float32',
      onBatch: () => {},
    })
    assert.equal(accuracy.value, evaluation['test.exact'], `D = ${depth}`)
    assert.ok(Math.abs(metrics['test.cells']!.value - evaluation['test.cells']!) < 1e-12)
    assert.equal(metrics['test.valid']!.value, evaluation['test.valid'])
    assert.equal(macs, evaluation.evaluationMacs! / 30)
    assert.deepEqual([accuracy.n, accuracy.method], [30, 'wilson'])
  }
  assert.equal(made.facts.floor?.puzzles ?? 30, 30)
  const errors = made.rungs.map(({ depth, accuracy }) => ({ x: depth, y: 1 - accuracy.value }))
  // Two rungs are past the trained depth of 2 beside it, so that the law is fitted to those three.
  assert.deepEqual([made.law?.from, made.law?.to], [2, 8])
  assert.ok(Math.abs(made.law!.exponent.value - powerLaw(errors.slice(1)).exponent.value) < 1e-12)
  const all = await ladder(sudokuRun, boards, { resultsDir, depths, fit: [1, 8] })
  assert.ok(Math.abs(all.law!.exponent.value - powerLaw(errors).exponent.value) < 1e-12)
})

test('a ladder on ARC counts the votes of all versions after every depth', async () => {
  const made = await ladder(arcRun, tasks, { resultsDir, depths: [1, 4], metric: 'test.pass@2', dtype: 'float32' })
  for (const { depth, accuracy, metrics } of made) {
    const options = { resultsDir, data: tasks, supervisionSteps: depth, dtype: 'float32', onBatch: () => {} } as const
    const { evaluation } = await evaluateRun(arcRun, options)
    const { votes } = evaluation
    assert.equal(accuracy.value, votes!.pass!['pass@2'])
    assert.equal(metrics['test.pass@1']!.value, votes!.pass!['pass@1'])
    assert.ok(Math.abs(metrics['test.exact']!.value - evaluation['test.exact']!) < 1e-12)
    assert.ok(Math.abs(metrics['test.cells']!.value - evaluation['test.cells']!) < 1e-12)
    assert.equal(accuracy.n, votes!.scored)
  }
})

test('a ladder names its puzzles, precision and depths, and beyond the trained depth computes in float32', async () => {
  const made = await ladder(sudokuRun, boards, { resultsDir, puzzles: 10, metric: 'test.valid' })
  assert.deepEqual(
    made.rungs.map(({ depth }) => depth),
    [1, 2, 4, 8, 16, 32],
  )
  assert.deepEqual([made.facts.dtype, made.facts.trainedDepth], ['float32', 2])
  assert.match(made.footnotes()[0]!, /10 of 30 test puzzles \(drawn\) \([0-9a-f]{12}\); float32/)
  const caption = made.figure().caption()
  assert.match(caption, /Valid answers \(%\) against supervision steps D\. Bands: 95 % interval over puzzles\./)
  assert.match(caption, new RegExp(`Run ${sudokuRun}, data [0-9a-f]{12}, .*10 of 30 test puzzles`))
})

test('wrong depths, metrics, ranges and puzzles are refused before anything is computed', async () => {
  const refuses = (options: Parameters<typeof ladder>[2], message: RegExp): Promise<void> =>
    assert.rejects(
      ladder(sudokuRun, boards, { resultsDir, onProgress: () => assert.fail('computed'), ...options }),
      message,
    )
  await refuses({ depths: [] }, /depths: expected at least one depth, found none/)
  await refuses({ depths: [1, 0] }, /depths: expected whole numbers of 1 or more, found 0/)
  await refuses({ depths: [2, 1.5] }, /found 1\.5/)
  await refuses({ depths: [2, 4, 2] }, /each depth once, found 2 twice/)
  await refuses({ metric: 'test.exakt' }, /metric test\.exakt: expected one of test\.exact, .*test\.exact/)
  await refuses({ metric: 'test.pass@2' }, /metric test\.pass@2: expected one of/)
  await refuses(
    { depths: [1, 2, 4], fit: [3, 4] },
    /fit: expected a range with two or more of 1, 2, 4, found 3 to 4, with one/,
  )
  await refuses({ puzzles: 31 }, /puzzles: expected 1 to 30 puzzles, found 31/)
  await refuses({ level: 95 }, /level: expected a confidence level between 0 and 1/)
  await assert.rejects(ladder(sudokuRun, tasks, { resultsDir }), /the data set for .*: expected/)
  await assert.rejects(
    ladder(sudokuRun, boards, { resultsDir, signal: AbortSignal.abort() }),
    /stopped after 0 of \d+ supervision steps: the next call starts again/,
  )
  await assert.rejects(ladder(7 as never, boards), /expected a run, a file of weights/)
})

test('a ladder of the weights that come with the project has the accuracies of their record', async () => {
  const record = readJson(path.join(root, 'data/weights/sudoku-4x4/record.json')) as {
    evaluations: { depth: number; rollouts: number; exact: number; puzzles: number }[]
  }
  const made = await ladder('sudoku-4x4', undefined, { depths: [1, 2, 4, 8], floor: false })
  for (const { depth, accuracy } of made) {
    const expected = record.evaluations.find((each) => each.depth === depth && each.rollouts === 1)!
    assert.equal(accuracy.n, expected.puzzles)
    // Other kernels round otherwise, which changes a puzzle or two.
    assert.ok(Math.abs(accuracy.value - expected.exact) <= 0.004, `D = ${depth}: ${accuracy.value}`)
  }
  assert.ok(made.law!.exponent.low! <= made.law!.exponent.value && made.law!.exponent.value <= made.law!.exponent.high!)
})

test('recurlab ladder prints the rungs, the law and the published exponents, and writes table and figure', async () => {
  const folder = mkdtempSync(path.join(resultsDir, 'command-'))
  const args = ['ladder', sudokuRun, `out=${resultsDir}`, 'depths=1,2,4', 'table=t.csv', 'figure=f.svg', '--json']
  const { code, stdout, stderr } = await recurlab(args, { cwd: folder })
  assert.equal(code, 0, stderr)
  const made = JSON.parse(stdout) as { metric: string; rows: Record<string, number>[]; exponents: { ladder: string }[] }
  assert.deepEqual([made.metric, made.rows.map(({ depth }) => depth)], ['test.exact', [1, 2, 4]])
  assert.ok(made.exponents.some(({ ladder }) => ladder === 'reported: EqR (Sudoku-Extreme)'))
  const [head, first] = readFileSync(path.join(folder, 't.csv'), 'utf8').split('\r\n')
  assert.match(head!, /^depth,macs,test\.exact,test\.exact\.low,test\.exact\.high,test\.exact\.n,/)
  assert.equal(Number(first!.split(',')[2]), made.rows[0]!['test.exact'])
  assert.match(readFileSync(path.join(folder, 'f.svg'), 'utf8'), /supervision steps D/)
  const wrong = await recurlab(['ladder', sudokuRun, `out=${resultsDir}`, 'fit=8,2'], { cwd: folder })
  assert.deepEqual([wrong.code, wrong.stdout], [2, ''])
  assert.match(wrong.stderr, /expected fit=FROM,TO with FROM < TO, found 8,2/)
})

test('recurlab ladder prints depths, law and published exponents in 100 columns', async () => {
  const { code, stdout, stderr } = await recurlab(['ladder', 'sudoku-4x4', 'depths=1,2,4', 'puzzles=40'])
  assert.equal(code, 0, stderr)
  assert.match(
    stdout,
    /^reported: TRM-MLP \(alphaXiv\) \(Sudoku-Extreme\) +0\.152 ± 0\.019 +0\.133 to 0\.171 +16 to 256 +0\.995$/m,
  )
  assert.match(stdout, /^Reported ladders: Fixed-Point-Reasoner-Structures .*Student's t over the depths\.$/m)
  const tables = stdout.split('\n').filter((line) => / {2}/.test(line))
  for (const line of tables) assert.ok(line.length <= 100, line)
})
