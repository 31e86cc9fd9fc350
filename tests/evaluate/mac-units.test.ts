import assert from 'node:assert/strict'
import { test } from 'node:test'
import { macText } from '../../lib/evaluate/mac-units.js'

test('MACs are written with three digits in the unit that fits', () => {
  const texts: readonly [number, string][] = [
    [12.8165e9, '12.8 GMAC'],
    [0.205e12, '205 GMAC'],
    [1.07e18, '1.07 EMAC'],
    [999.9e9, '1.00 TMAC'],
    [4e21, '4000 EMAC'],
    [7, '7.00 MAC'],
    [0, '0 MAC'],
  ]
  for (const [macs, text] of texts) assert.equal(macText(macs), text)
})
