import assert from 'node:assert/strict'
import { test } from 'node:test'
import { symmetricEigen } from '../../lib/statistics/eigen.js'
import { coordinates, principalComponents } from '../../lib/statistics/principal.js'

function near(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-9): void {
  assert.equal(found.length, expected.length)
  for (let i = 0; i < expected.length; i++)
    assert.ok(Math.abs(found[i]! - expected[i]!) <= tolerance, `${i}: ${found[i]} is not ${expected[i]}`)
}

test('the eigenvalues of a symmetric matrix come largest first, with unit eigenvectors', () => {
  // [[2, 1], [1, 2]]: 3 along (1, 1), 1 along (1, −1).
  const { values, vectors } = symmetricEigen([2, 1, 1, 2], 2)
  near(values, [3, 1])
  near([...vectors[0]!].map(Math.abs), [Math.SQRT1_2, Math.SQRT1_2])
  assert.ok(vectors[1]![0]! * vectors[1]![1]! < 0)
})

test('a matrix is the sum of its eigenvalues times the squares of their eigenvectors', () => {
  const n = 12
  const matrix = Array.from({ length: n * n }, (_, k) => {
    const [i, j] = [Math.floor(k / n), k % n]
    return Math.cos(1 + Math.min(i, j)) * Math.sin(2 + Math.max(i, j)) + (i === j ? i : 0)
  })
  const { values, vectors } = symmetricEigen(matrix, n)
  const again = Array.from({ length: n * n }, (_, k) =>
    values.reduce((sum, value, e) => sum + value * vectors[e]![Math.floor(k / n)]! * vectors[e]![k % n]!, 0),
  )
  near(again, matrix, 1e-12)
})

test('points on a line have one component along it, with all of the variance', () => {
  const points = [-2, 0, 1, 5].map((t) => Float32Array.of(1 + 3 * t, 2, 7 - 4 * t))
  const found = principalComponents(points, 2)
  near(found.mean, [4, 2, 3])
  near(found.shares, [1, 0])
  near(found.components[0]!, [0.6, 0, -0.8], 1e-6)
  near(found.components[1]!, [0, 0, 0])
  near(coordinates(found, points[3]!), [20, 0], 1e-5)
})

test('an ellipse of four points has components along its axes, with variances in proportion to their squares', () => {
  const points = [
    [0, 3],
    [0, -3],
    [-1, 0],
    [1, 0],
  ].map((point) => Float32Array.from(point))
  const { shares, components } = principalComponents(points, 2)
  near(shares, [0.9, 0.1])
  near([...components[0]!].map(Math.abs), [0, 1])
  near(components[1]!, [1, 0])
})

test('vectors that are all the same have no components, and vectors of several dimensions are refused', () => {
  const same = [Float32Array.of(1, 2), Float32Array.of(1, 2)]
  near(coordinates(principalComponents(same, 2), same[0]!), [0, 0])
  assert.throws(() => principalComponents([Float32Array.of(1), Float32Array.of(1, 2)], 1), RangeError)
  assert.throws(() => principalComponents([], 1), RangeError)
})
