import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BitsMeasurement } from '../bench/bits.js'
import { recurlab } from './recurlab.js'

test('bench bits finds the same bits in an equal run, and how far other threads and plain operations are', async () => {
  const only = 'again,plain operations'
  const { code, stdout, stderr } = await recurlab(['bench', 'bits', `only=${only}`, 'trainSteps=4', '--json'])
  assert.equal(code, 0, stderr)
  const { measured } = JSON.parse(stdout) as { measured: BitsMeasurement[] }
  assert.deepEqual(
    measured.map(({ mixer, setting }) => `${mixer} ${setting}`),
    ['mlp again', 'mlp plain operations', 'attention again', 'attention plain operations'],
  )
  for (const { setting, firstStep, loss, weights } of measured)
    if (setting === 'again') assert.deepEqual([firstStep, loss.all, weights], [null, 0, 0])
    else {
      assert.ok(loss.first < 1e-4, `${loss.first}`)
      assert.ok(weights > 0 && weights < 0.1, `${weights}`)
    }
})
