import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { reportObserver } from '../../lib/experiment/watch/report.js'
import { arc, type Dataset, evaluateRun, loadRun, predictionPicture, Runs, sudoku, train } from '../../lib/index.js'
import { addMetrics, noMetrics, type RowOutputs } from '../../lib/model/accuracy.js'
import { Comparison, storedRun } from '../../lib/results/comparison.js'
import { openRun, readEvaluations, readMetrics, readOutcomes } from '../../lib/results/run.js'
import { exportPublished } from '../../lib/storage/published/write.js'
import { loadDataset } from '../../lib/storage/store.js'
import { randomBatch, tinyShape } from '../model/tiny.js'

let folder = ''
/** Two of three test pairs have no output, as in a competition's file. */
let partly: Dataset
let unknown: Dataset
before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-unknown-'))
  partly = await tasks('partly', [true, false])
  unknown = await tasks('unknown', [false, false])
})
after(() => rmSync(folder, { recursive: true, force: true }))

const base = {
  task: 'arc',
  mixer: 'attention',
  hidden: 16,
  heads: 2,
  T: 1,
  n: 1,
  K: 2,
  batch: 4,
  trainSteps: 2,
  evalEvery: 1,
  evalBatch: 4,
} as const

interface Pair {
  readonly input: number[][]
  readonly output: number[][]
}

function pair(n: number): Pair {
  const [a, b] = [n % 10, (n + 3) % 10]
  return {
    input: [
      [a, 1],
      [Math.floor(n / 10), b],
    ],
    output: [
      [1, a],
      [b, Math.floor(n / 10)],
    ],
  }
}

/** A test task for each entry, with its answer or without, and two tasks to train on, one of whose answers is missing. */
function tasks(name: string, answered: readonly boolean[]): Promise<Dataset> {
  const dir = path.join(folder, name)
  const write = (subset: string, file: string, n: number, known: boolean): void => {
    mkdirSync(path.join(dir, subset), { recursive: true })
    const asked = known ? pair(n + 2) : { input: pair(n + 2).input }
    writeFileSync(
      path.join(dir, subset, `${file}.json`),
      JSON.stringify({ train: [pair(n), pair(n + 1)], test: [asked] }),
    )
  }
  write('training', 't0', 0, true)
  write('training', 't1', 5, false)
  for (const [i, known] of answered.entries()) write('evaluation', `e${i}`, 20 + 7 * i, known)
  return arc({ set: 'arc-1', dir, subsets: 'training,evaluation', augment: 2 })
}

test('where no answer is known, no metric is a number, in tables, JSON and Arrow, and no step is the best', async () => {
  const lines: string[] = []
  const observer = reportObserver({ line: (text) => lines.push(text), status: () => {} })
  const id = await train(base, unknown, { resultsDir: folder, observer })
  assert.ok(
    lines.some((line) =>
      /^step 2: exact accuracy –, cell accuracy –, halting accuracy –, halted \d+\.\d %, pass@1 –, pass@2 – \(0 tasks\), answers known for 0 of 6 puzzles$/.test(
        line,
      ),
    ),
    lines.join('\n'),
  )
  assert.ok(!lines.some((line) => /best|NaN/.test(line)), lines.join('\n'))
  const run = openRun(id, folder)
  const table = readEvaluations(run)
  for (const name of ['test.exact', 'test.cells', 'test.haltAccuracy', 'test.pass@1', 'test.pass@1000'])
    assert.deepEqual([...table.getChild(name)!], [null, null], name)
  assert.deepEqual([...table.getChild('puzzles')!, ...table.getChild('scored')!], [6, 6, 0, 0])
  const { evaluation } = await evaluateRun(id, { resultsDir: folder, data: unknown, onBatch: () => {} })
  const { 'test.exact': exact, 'test.cells': cells, 'test.haltAccuracy': halt, puzzles, scored, votes } = evaluation
  assert.deepEqual([exact, cells, halt, puzzles, scored, votes!.pass, votes!.scored], [null, null, null, 6, 0, null, 0])
  assert.ok(evaluation['test.halted']! >= 0)
  for (const outcome of evaluation.outcomes) assert.deepEqual([outcome.exact, outcome.cells], [null, null])
  const outcomes = readOutcomes(run)
  for (const name of ['exact', 'cells', 'rows', 'columns'])
    assert.ok(
      [...outcomes.getChild(name)!].every((cell) => cell === null),
      name,
    )
  const runs = new Runs([loadRun(id, folder)])
  const [row] = runs.table()
  assert.deepEqual([row!['exact accuracy (%)'], row!['cell accuracy (%)'], row!['pass@2 (%)']], [null, null, null])
  assert.deepEqual(runs.curves('test.exact').data[0]!.y, [null, null])
  const [compared] = new Comparison([storedRun(run)]).rows
  assert.deepEqual([compared!['test.exact'], compared!['best test.exact']], [null, null])
  const picture = predictionPicture(unknown, evaluation.outcomes[0]!)
  assert.match(JSON.stringify(picture), /the answer is not known/)
})

test('where some answers are known, metrics are over those alone', async () => {
  const id = await train(base, partly, { resultsDir: folder, observer: {} })
  const { evaluation } = await evaluateRun(id, { resultsDir: folder, data: partly, onBatch: () => {} })
  const known = evaluation.outcomes.filter(({ exact }) => exact !== null)
  assert.deepEqual([evaluation.puzzles, evaluation.scored, known.length, evaluation.votes!.scored], [6, 3, 3, 1])
  const share = known.reduce((sum, { cells }) => sum + cells!, 0) / 3
  assert.ok(Math.abs(evaluation['test.cells']! - share) < 1e-12)
  assert.ok(evaluation.rightCells >= 0 && evaluation.scoredCells > evaluation.rightCells)
  const [row] = new Runs([loadRun(id, folder)]).all[0]!.evaluations.slice(-1)
  assert.deepEqual([row!.scoredCells, row!.rightCells], [evaluation.scoredCells, evaluation.rightCells])
})

test('pairs without an answer do not train, and the builder’s placeholder in a published folder is no answer', async () => {
  assert.equal(unknown.train.count, 3 + 2 + 2 + 2)
  const dir = path.join(folder, 'published')
  await exportPublished(partly, dir)
  const published = loadDataset(dir)
  assert.deepEqual(
    published.testTasks!.map(({ pairs }) => pairs.map(({ output }) => output === null)),
    [[false], [true]],
  )
  const id = await train(base, partly, { resultsDir: folder, observer: {} })
  const of = async (data: Dataset) => {
    const { evaluation } = await evaluateRun(id, { resultsDir: folder, data, onBatch: () => {} })
    return [evaluation['test.cells'], evaluation['test.exact'], evaluation.scored, evaluation.puzzles]
  }
  assert.deepEqual(await of(published), await of(partly))
})

test('a run is not evaluated on no puzzles: evaluateRun refuses them', async () => {
  const data = await sudoku({ box: [2, 2], clues: 6, train: 10, test: 2, seed: 3 })
  const id = await train({ ...base, task: 'sudoku', mixer: 'mlp' }, data, { resultsDir: folder, observer: {} })
  const none = await sudoku({ box: [2, 2], clues: 6, train: 10, test: 0, seed: 3 })
  await assert.rejects(
    evaluateRun(id, { resultsDir: folder, data: none, onBatch: () => {} }),
    /at least one puzzle, found none/,
  )
  const notes: string[] = []
  const observer = { onNote: (text: string) => notes.push(text) }
  const trained = await train({ ...base, task: 'sudoku', mixer: 'mlp' }, none, { resultsDir: folder, observer })
  assert.match(notes.join('\n'), /no test puzzles: the run is not evaluated/)
  assert.deepEqual(loadRun(trained, folder).evaluations, [])
})

test('metrics of a training step in which no row has halted are null in Arrow, not NaN', async () => {
  const data = await sudoku({ box: [2, 2], clues: 6, train: 10, test: 2, seed: 3 })
  const id = await train({ ...base, task: 'sudoku', mixer: 'mlp' }, data, { resultsDir: folder, observer: {} })
  const metrics = readMetrics(openRun(id, folder))
  for (const name of ['train.exact', 'train.cells', 'train.haltAccuracy', 'train.halted', 'supervisionSteps']) {
    const [first, second] = metrics.getChild(name)!
    assert.equal(first, null, name)
    assert.ok(Number.isFinite(second), name)
  }
  assert.ok(metrics.getChild('trainSeconds')!.get(1) > 0)
  const evaluations = readEvaluations(openRun(id, folder))
  assert.ok(evaluations.getChild('trainSeconds')!.get(1) > 0 && evaluations.getChild('evaluationSeconds')!.get(1) > 0)
})

test('what halting logits of NaN go with is wrong, and they are never right about it', () => {
  const shape = tinyShape()
  const batch = randomBatch(shape, 3, 1)
  const wrong = batch.labels.map((token) => token + 1)
  const said = (predictions: Int32Array, qHalt: number): RowOutputs => ({
    predictions,
    qHalt: [qHalt, qHalt, qHalt],
    qContinue: [-9, -9, -9],
    supervisionSteps: [1, 2, 3],
  })
  const sums = (predictions: Int32Array, qHalt: number) => {
    const all = noMetrics()
    addMetrics(all, shape, said(predictions, qHalt), [1, 1, 1], batch)
    const { scored, exact, haltAccuracy, halted, supervisionSteps, scoredCells, rightCells } = all
    assert.equal(scoredCells, batch.labels.length)
    assert.equal(rightCells, exact === 3 ? scoredCells : 0)
    return { scored, exact, haltAccuracy, halted, supervisionSteps }
  }
  assert.deepEqual(sums(batch.labels, 1), { scored: 3, exact: 3, haltAccuracy: 3, halted: 3, supervisionSteps: 6 })
  assert.deepEqual(sums(wrong, -1), { scored: 3, exact: 0, haltAccuracy: 3, halted: 0, supervisionSteps: 6 })
  for (const predictions of [batch.labels, wrong])
    assert.deepEqual(sums(predictions, Number.NaN), {
      scored: 3,
      exact: 0,
      haltAccuracy: 0,
      halted: 0,
      supervisionSteps: 6,
    })
})
