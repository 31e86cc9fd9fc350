import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { listPlans, readPlan, type SweepPlan } from '../../lib/experiment/sweep/plan.js'
import { type PlannedSweep, planSweep } from '../../lib/experiment/sweep/plan-sweep.js'
import { sudoku } from '../../lib/index.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-plan-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Plans one sweep of four runs as two processes do that begin at the same time: neither finds the other's plan. */
async function plannedTwice(resultsDir: string): Promise<[PlannedSweep, PlannedSweep]> {
  const data = await sudoku({ box: [2, 2], clues: 6, train: 10, test: 4, seed: 3 })
  const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 4, evalEvery: 2 }
  const plan = (): Promise<PlannedSweep> => planSweep(base, { seed: [0, 1, 2, 3] }, data, { resultsDir })
  return [await plan(), await plan()]
}

test('of two processes that plan one sweep at the same time both train the runs of the plan that was stored first', async () => {
  const resultsDir = path.join(folder, 'twice')
  const [first, second] = await plannedTwice(resultsDir)
  const runs = ({ plan }: Pick<PlannedSweep, 'plan'>): string[] => plan.runs.map(({ run }) => run)
  assert.notDeepEqual(runs(first), runs(second))
  const stored = first.store()
  assert.deepEqual(runs({ plan: stored }), runs(first))
  assert.deepEqual(runs({ plan: second.store() }), runs(first))
  assert.deepEqual(runs({ plan: first.store() }), runs(first))
  const [name, ...more] = listPlans(resultsDir)
  assert.deepEqual(more, [])
  assert.deepEqual(runs({ plan: readPlan(name!, resultsDir) }), runs(first))
})

test('the plan of a sweep is the same with and without an estimate of memory, and keeps the last wish', async () => {
  const resultsDir = path.join(folder, 'estimate')
  const data = await sudoku({ box: [2, 2], clues: 6, train: 10, test: 4, seed: 3 })
  const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 4, evalEvery: 2 }
  const plans: SweepPlan[] = []
  for (const options of [{}, { estimate: false }, {}])
    plans.push((await planSweep(base, { seed: [0, 1] }, data, { resultsDir, ...options })).store())
  assert.deepEqual(
    plans.map(({ id, runs }) => [id, ...runs.map(({ run }) => run)]),
    plans.map(() => [plans[0]!.id, ...plans[0]!.runs.map(({ run }) => run)]),
  )
  assert.deepEqual(
    plans.map(({ estimate }) => estimate),
    [true, false, true],
  )
  assert.deepEqual(listPlans(resultsDir), [plans[0]!.id])
  assert.equal(readPlan(plans[0]!.id, resultsDir).estimate, true)
})
