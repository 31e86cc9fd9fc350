import assert from 'node:assert/strict'

/**
 * Asserts that all numbers agree, relative to the largest magnitude expected.
 *
 * @param options.atLeast the magnitude where that of the expected numbers is smaller. Default: 1e-30
 */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance = 1e-5,
  { atLeast = 1e-30 }: { readonly atLeast?: number } = {},
): void {
  assert.equal(actual.length, expected.length)
  let magnitude = atLeast
  for (let i = 0; i < expected.length; i++) magnitude = Math.max(magnitude, Math.abs(expected[i]!))
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!) / magnitude
    if (!(error <= tolerance)) assert.fail(`number ${i}: expected ${expected[i]}, found ${actual[i]}`)
  }
}
