/**
 * Returns the largest value; −∞ without values. `Math.max(...values)` overflows the stack from some 120,000 values, and
 * a test set or a log has more.
 */
export function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
}
