import assert from 'node:assert/strict'
import { test } from 'node:test'
import { util } from 'apache-arrow'
import { halfBits, halfValues } from '../../lib/recording/half.js'

test('every half-precision number keeps its bits, and its neighbours round to it', () => {
  for (let bits = 0; bits < 0x7c00; bits++) {
    const value = util.uint16ToFloat64(bits)
    assert.equal(halfBits(value), bits)
    assert.equal(halfBits(-value), bits | 0x8000)
    assert.equal(halfValues(Uint16Array.of(bits))[0], value)
    const middle = (value + util.uint16ToFloat64(Math.min(bits + 1, 0x7bff))) / 2
    assert.equal(halfBits(middle), bits & 1 ? Math.min(bits + 1, 0x7bff) : bits, String(middle))
  }
})

test('infinite, too large and undefined numbers stay what they are', () => {
  assert.equal(halfBits(Number.POSITIVE_INFINITY), 0x7c00)
  assert.equal(halfBits(Number.NEGATIVE_INFINITY), 0xfc00)
  assert.equal(halfBits(65_520), 0x7c00)
  assert.equal(halfBits(65_519), 0x7bff)
  assert.ok(Number.isNaN(util.uint16ToFloat64(halfBits(Number.NaN))))
  assert.equal(halfBits(1e-9), 0)
})
