import assert from 'node:assert/strict'
import { test } from 'node:test'
import { distributionOf, drawn, integers, logUniform, uniform } from '../../lib/experiment/sweep/distributions.js'
import { expandGrid } from '../../lib/experiment/sweep/grid.js'
import fc from '../fast-check.js'

test('draws keep within their limits, and depend on seed, key and number alone', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 1, noNaN: true }),
      fc.double({ min: 1.1, max: 1e4, noNaN: true }),
      fc.nat(1000),
      fc.nat(),
      (low, factor, draw, seed) => {
        const high = low * factor
        for (const distribution of [uniform(low, high), logUniform(low, high)]) {
          const value = drawn(distribution, 'lr', draw, seed)
          assert.ok(value >= low * (1 - 1e-3) && value <= high * (1 + 1e-3), `${value} of ${low} to ${high}`)
          assert.equal(value, drawn(distribution, 'lr', draw, seed))
        }
      },
    ),
  )
  const whole = Array.from({ length: 300 }, (_, draw) => drawn(integers(2, 4), 'layers', draw, 0))
  assert.deepEqual([...new Set(whole)].sort(), [2, 3, 4])
  assert.notEqual(drawn(uniform(0, 1), 'lr', 0, 0), drawn(uniform(0, 1), 'ema', 0, 0))
})

test('the logarithm of a logUniform draw is uniform', () => {
  const values = Array.from({ length: 4000 }, (_, draw) => drawn(logUniform(1e-4, 1), 'lr', draw, 7))
  const below = values.filter((value) => value < 1e-2).length / values.length
  assert.ok(Math.abs(below - 0.5) < 0.03, String(below))
})

test('a grid draws its distributions together, each draw with every value of the other keys; more draws keep the first', () => {
  const grid = { lr: logUniform(1e-4, 1e-2), weightDecay: uniform(0, 1), seed: [0, 1] }
  const rows = expandGrid({ hidden: 16 }, grid, { draws: 3, drawSeed: 1 })
  assert.deepEqual(
    rows.map(({ input }) => input.seed),
    [0, 1, 0, 1, 0, 1],
  )
  assert.equal(new Set(rows.map(({ input }) => `${input.lr} ${input.weightDecay}`)).size, 3)
  assert.equal(rows[0]!.input.lr, rows[1]!.input.lr)
  assert.deepEqual(expandGrid({ hidden: 16 }, grid, { draws: 5, drawSeed: 1 }).slice(0, 6), rows)
  assert.equal(expandGrid({}, { lr: uniform(0, 1) }).length, 10)
})

test('limits out of order, draws without a distribution and empty lists of grids are refused', () => {
  assert.throws(() => logUniform(0, 1), /expected 0 < LOW < HIGH, found 0 and 1/)
  assert.throws(() => uniform(2, 1), /expected LOW < HIGH, found 2 and 1/)
  assert.throws(() => integers(1, 2.5), /two whole numbers/)
  assert.throws(() => distributionOf('uniform(1)'), /expected uniform\(LOW, HIGH\), found 1/)
  assert.equal(distributionOf('mlp'), null)
  assert.deepEqual(distributionOf(' logUniform(1e-5, 1e-2)'), logUniform(1e-5, 1e-2))
  assert.throws(() => expandGrid({}, { seed: [0] }, { draws: 3 }), /option draws: expected a distribution in the grid/)
  assert.throws(() => expandGrid({}, { lr: uniform(0, 1) }, { draws: 0 }), /whole number of 1 or more, found 0/)
  assert.throws(() => expandGrid({}, []), /expected at least one grid, found an empty list/)
})
