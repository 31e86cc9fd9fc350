import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NOTHING_SPENT } from '../../lib/backend/spent.js'
import { trainMetrics } from '../../lib/experiment/run/observer.js'
import { stepMetrics, trainingTotals } from '../../lib/train/metrics.js'

const report = {
  scored: 0,
  cells: 0,
  scoredCells: 0,
  rightCells: 0,
  exact: 0,
  haltAccuracy: 0,
  supervisionSteps: 0,
  puzzles: 0,
  halted: 0,
  puzzleSupervisionSteps: 0,
  lmLoss: 2,
  qHaltLoss: 4,
  lr: 1,
  puzzleLr: 1,
  rows: 2,
  norms: { gradient: 1, weights: 1 },
  skipped: null,
}

const totals = trainingTotals({ trainMacs: 1, trainSupervisionSteps: 1, trainNetworkCalls: 1 }, 0, NOTHING_SPENT)

test('a continue loss is a metric also where it is 0, null where it is NaN, and none where there is none', () => {
  const metrics = (qContinueLoss: number | null) =>
    trainMetrics(stepMetrics(1, { ...report, loss: 4, qContinueLoss }, totals))
  assert.equal(metrics(3)['train.continueLoss'], 1.5)
  assert.equal(metrics(0)['train.continueLoss'], 0)
  assert.equal(metrics(Number.NaN)['train.continueLoss'], null)
  assert.equal('train.continueLoss' in metrics(null), false)
})
