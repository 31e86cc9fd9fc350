import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { arm, evaluateRun, loadRun, Runs, readOutcomes, sudoku, train } from '../../lib/index.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-compare-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const base = { hidden: 16, heads: 2, layers: 1, T: 1, n: 1, K: 2, batch: 8, trainSteps: 2, lr: 1e-2, evalEvery: 2 }

test('two stored runs of the same puzzles, and an evaluation with another K, are compared puzzle by puzzle', async () => {
  const data = await sudoku({ box: [2, 2], clues: 6, train: 16, test: 40, seed: 3 })
  const ids: string[] = []
  for (const mixer of ['mlp', 'attention'] as const)
    ids.push(await train({ ...base, task: 'sudoku', mixer }, data, { resultsDir: folder, observer: {} }))
  const runs = new Runs(ids.map((id) => loadRun(id, folder)))
  const exact = runs.compare('mlp', 'attention')
  assert.deepEqual([exact.difference.test, exact.difference.n], ['exact McNemar', 40])
  assert.doesNotMatch(exact.warnings.join('\n'), /data|rows|seeds differ/)
  assert.match(exact.warnings.join('\n'), /mlp had 1\.8 times the training compute of attention/)

  const cells = runs.compare('mlp', 'attention', 'test.cells')
  const [mlp, attention] = runs.all.map((run) => [...readOutcomes(run).getChild('cells')!] as number[])
  const differences = mlp!.map((share, i) => 100 * (share - attention![i]!))
  const mean = differences.reduce((sum, each) => sum + each, 0) / 40
  assert.deepEqual([cells.difference.test, cells.difference.n], ['paired t', 40])
  assert.ok(Math.abs(cells.difference.value - mean) < 1e-9)
  assert.match(cells.verdict, /one run each, 40 puzzles/)

  const { scoredCells, rightCells } = runs.all[0]!.evaluations.at(-1)!
  assert.deepEqual(runs.summary('test.cells').rows[0]!.counted, { count: rightCells, of: 40 * 16, unit: 'cells' })
  assert.equal(scoredCells, 40 * 16)
  assert.ok(Math.abs(rightCells! / scoredCells! - runs.all[0]!.evaluations.at(-1)!['test.cells']!) < 1e-9)

  const made = await evaluateRun(ids[0]!, { resultsDir: folder, data, supervisionSteps: 4, onBatch: () => {} })
  const more = runs.compare(arm('K = 4', [made]), 'mlp')
  assert.deepEqual([more.difference.test, more.a.name, more.a.n], ['exact McNemar', 'K = 4', 1])
  assert.match(more.warnings.join('\n'), /K = 4 had 2 times the supervision steps in evaluation of mlp/)
  assert.doesNotMatch(
    more.warnings.join('\n'),
    /seed of a value|seeds differ/,
    'an evaluation knows the seed of its run',
  )
  const again = await evaluateRun(ids[0]!, { resultsDir: folder, data, onBatch: () => {} })
  const { difference } = runs.compare(arm('again', [again]), 'mlp')
  assert.deepEqual([difference.value, difference.p], [0, 1])
})
