import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type RolloutOptions, rolloutSettings, settingsWithoutEffect } from '../../lib/think/settings.js'

const idle = (given: RolloutOptions): string[] => settingsWithoutEffect(given, rolloutSettings(given))

test('a setting that has no effect beside the others is named', () => {
  assert.deepEqual(idle({ target: 'y', initStd: 2, settledSteps: 5, leave: 'halted' }), [
    'target has no effect without noise',
    'initStd has no effect without init=random',
    'settledSteps has no effect without leave=settled',
  ])
  assert.deepEqual(idle({ noise: 0.1, target: 'y', noiseAt: 'call', damping: 0.5, dampingAfter: 2 }), [])
  assert.deepEqual(idle({ relabel: true }), ['relabel has no effect without more than one rollout'])
  assert.deepEqual(idle({ relabel: false, dampingAt: 'call', dampingAfter: 2 }), [
    'dampingAt has no effect without damping',
    'dampingAfter has no effect without damping',
  ])
})

test('several rollouts in which nothing is random are said to be the same', () => {
  assert.deepEqual(idle({ rollouts: 3 }), [
    'the 3 rollouts of a puzzle are the same, without noise, init=random or relabel',
  ])
  for (const given of [{ noise: 0.1 }, { init: 'random' }, { relabel: true }, { guide: 0.25 }] as const)
    assert.deepEqual(idle({ rollouts: 3, ...given }), [])
})

test('a standard deviation whose square float32 could not hold is refused', () => {
  assert.throws(() => rolloutSettings({ noise: 1e20 }), { exitCode: 2, message: /key noise: expected at most 1000000/ })
  assert.throws(() => rolloutSettings({ init: 'random', initStd: 1e20 }), /key initStd: expected at most 1000000/)
})
