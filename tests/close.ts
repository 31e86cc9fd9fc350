import assert from 'node:assert/strict'

/** Asserts that all numbers agree, relative to the largest magnitude expected. */
export function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-5): void {
  assert.equal(actual.length, expected.length)
  const magnitude = Math.max(1e-30, ...Array.from(expected, Math.abs))
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / magnitude
    assert.ok(error <= tolerance, `number ${i}: expected ${expected[i]}, found ${actual[i]}`)
  }
}
