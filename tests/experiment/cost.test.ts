import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { startBackend } from '../../lib/backend/index.js'
import {
  calibrationShapes,
  evaluationBlocks,
  fitCost,
  stepBlocks,
  stepSeconds,
  type TimedStep,
} from '../../lib/experiment/estimate/cost.js'
import { tinyShape } from '../model/tiny.js'

before(async () => void (await startBackend()))

test('a TRM computes T(n + 1) calls of the network, the last n + 1 with gradient, each of all layers', () => {
  const shape = tinyShape({ T: 3, n: 6, layers: 2 })
  assert.deepEqual(stepBlocks(shape), { plain: 2 * 7 * 2, recorded: 7 * 2 })
  assert.equal(evaluationBlocks(shape), 3 * 7 * 2)
})

test('the 1-step gradient records two calls, the continue loss looks a whole step ahead', () => {
  assert.deepEqual(stepBlocks(tinyShape({ T: 2, n: 3, gradient: 'one-step' })), { plain: 6, recorded: 2 })
  assert.deepEqual(stepBlocks(tinyShape({ T: 2, n: 3, halting: 'continue' })), { plain: 4 + 8, recorded: 4 })
})

test('HRM’s two networks count with their own layers, direct prediction is one call', () => {
  const hrm = tinyShape({ model: 'hrm', networks: 'separate', T: 2, n: 2, layers: 3, layersH: 5, gradient: 'one-step' })
  assert.deepEqual(stepBlocks(hrm), { plain: 2 * 2 * 3 + 2 * 5 - 8, recorded: 3 + 5 })
  const direct = tinyShape({
    model: 'direct',
    latents: 'single',
    T: 1,
    n: 0,
    layers: 4,
    layersH: 4,
    halting: 'compare',
  })
  assert.deepEqual(stepBlocks(direct), { plain: 0, recorded: 4 })
  assert.deepEqual(calibrationShapes(direct), [direct])
})

test('where a step’s cost is linear in its blocks, the timed small steps predict that of every T and n', () => {
  const seconds = fc.double({ min: 1e-4, max: 10, noNaN: true })
  const shapes = fc.record({
    T: fc.integer({ min: 1, max: 6 }),
    n: fc.integer({ min: 1, max: 8 }),
    layers: fc.integer({ min: 1, max: 4 }),
    gradient: fc.constantFrom('full' as const, 'one-step' as const),
    latents: fc.constantFrom('two' as const, 'single' as const, 'multi' as const),
    halting: fc.constantFrom('halt' as const, 'continue' as const),
  })
  fc.assert(
    fc.property(shapes, seconds, seconds, seconds, (change, plain, more, rest) => {
      const shape = tinyShape({ ...change, ...(change.latents === 'multi' ? { n: 6 } : {}) })
      const truth = { plain, recorded: plain + more, rest }
      const timed = calibrationShapes(shape).map((each): TimedStep => {
        const blocks = stepBlocks(each)
        return { blocks, seconds: stepSeconds(truth, blocks) }
      })
      const predicted = stepSeconds(fitCost(timed), stepBlocks(shape))
      const real = stepSeconds(truth, stepBlocks(shape))
      assert.ok(Math.abs(predicted - real) < 1e-6 * real, `${predicted} for ${real}`)
    }),
    { seed: 1 },
  )
})

test('noise never makes a cost negative', () => {
  const blocks = (plain: number, recorded: number) => ({ plain, recorded })
  const cost = fitCost([
    { blocks: blocks(0, 4), seconds: 1 },
    { blocks: blocks(4, 4), seconds: 0.9 },
    { blocks: blocks(0, 6), seconds: 0.8 },
  ])
  assert.deepEqual(cost, { plain: 0, recorded: 0, rest: 1 })
})
