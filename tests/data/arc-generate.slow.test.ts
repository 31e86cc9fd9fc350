import assert from 'node:assert/strict'
import { test } from 'node:test'
import { evaluationBatches } from '../../lib/data/evaluation-batches.js'
import { trainingBatches } from '../../lib/data/sampler.js'
import { Random } from '../../lib/random.js'
import { arc } from '../../lib/tasks/arc/build.js'
import { checkGrid } from '../../lib/tasks/arc/check.js'
import { drawGrid } from '../../lib/tasks/arc/draw.js'
import { FAMILIES, generateTasks } from '../../lib/tasks/arc/generate.js'
import { type FlatPair, gridKey, nested } from '../../lib/tasks/arc/grid.js'
import fc from '../fast-check.js'

test('generated tasks have 3 or 4 training pairs and 1 or 2 test pairs of grids within the size, unlike any other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 3, max: 30 }), fc.nat(1000), async (size, seed) => {
      const { train, test: tested } = await generateTasks({ train: 12, test: 6, size, seed })
      const tasks = [...train, ...tested]
      assert.equal(new Set(tasks.map(({ name }) => name)).size, 18)
      const pairs = tasks.flatMap(({ train, test }) => [...train, ...(test as FlatPair[])])
      assert.equal(new Set(pairs.map(({ input, output }) => gridKey(input) + gridKey(output))).size, pairs.length)
      for (const { train, test } of tasks) {
        assert.ok(train.length === 3 || train.length === 4)
        assert.ok(test.length === 1 || test.length === 2)
      }
      for (const grid of pairs.flatMap(({ input, output }) => [input, output])) {
        checkGrid(nested(grid), 'generated')
        assert.ok(grid.rows <= size && grid.columns <= size, `${grid.rows} × ${grid.columns} at ${size}`)
      }
    }),
    { numRuns: 25 },
  )
})

test('every family has its turn, and the same rule for the same parameters', async () => {
  const { train } = await generateTasks({ train: 400, test: 0, size: 10, seed: 0 })
  const met = new Set(train.map(({ name }) => name.replace(/-[0-9a-f]{8}$/, '')))
  assert.deepEqual([...met].sort(), FAMILIES.map(({ name }) => name).sort())
  for (const { name, smallest, rule } of FAMILIES)
    for (const size of [smallest, 10]) {
      const pair = (): FlatPair => rule(Random.of(name, 1), size)(Random.of(2))
      assert.deepEqual(pair(), pair(), name)
    }
})

/** The cells of a grid, in order of colour. */
const cells = (grid: string): string => [...grid.replaceAll(/\s/g, '')].sort().join('')

/** A rule of a family, as one sees it: what a pair's output must be, given its input. */
const laws: [string, (input: string, output: string) => boolean][] = [
  ['bars', (input, output) => cells(input) === cells(output)],
  ['gravity', (input, output) => cells(input) === cells(output)],
  ['mirror', (input, output) => cells(input) === cells(output)],
  ['count', (_, output) => new Set(output.replaceAll(/\s/g, '')).size === 1],
  ['fill', (input, output) => [...input].every((char, i) => char === '0' || char === output[i])],
  ['denoise', (input, output) => [...output].every((char, i) => char === '0' || char === input[i])],
  ['recolour', (input, output) => [...input].every((char, i) => (char === '0') === (output[i] === '0'))],
  ['scale', (input, output) => output.split('\n').length % input.split('\n').length === 0],
]
for (const [name, holds] of laws)
  test(`tasks of the family ${name} keep what their rule keeps`, () => {
    const family = FAMILIES.find((family) => family.name === name)!
    for (let seed = 0; seed < 60; seed++) {
      const rule = family.rule(Random.of(seed), 9)
      const { input, output } = rule(Random.of(seed, 'pair'))
      assert.ok(holds(drawGrid(input), drawGrid(output)), `${seed}:\n${drawGrid(input)}\n\n${drawGrid(output)}`)
    }
  })

test('test tasks stay the same when more training tasks are asked for', async () => {
  const names = async (train: number): Promise<string[]> =>
    (await generateTasks({ train, test: 5, size: 8, seed: 1 })).test.map(({ name }) => name)
  assert.deepEqual(await names(3), await names(30))
})

test('more tasks than there are at a size are one error', async () => {
  await assert.rejects(generateTasks({ train: 500, test: 0, size: 3, seed: 0, families: ['bars'] }), {
    name: 'UserError',
    message: /expected 500 tasks without a common pair, found \d+ of grids up to 3×3\. Ask for fewer/,
  })
})

test('a small board is small throughout: batches of generated tasks on 7×7', async () => {
  const data = await arc({ set: 'generated', train: 8, test: 3, board: 7, size: 5, augment: 4, seed: 2 })
  assert.equal(data.manifest.seqLen, 49)
  assert.equal(data.testTasks!.length, 3)
  const batch = trainingBatches(data, { batch: 16, seed: 0 }).next()
  assert.equal(batch.inputs.length, 16 * 49)
  assert.ok(batch.inputs.every((token) => token >= 0 && token < 12))
  const [first] = evaluationBatches(data, { batch: 4 })
  assert.equal(first!.inputs[0]! >= 2, true)
  assert.equal(
    (await arc({ set: 'generated', train: 8, test: 3, board: 7, size: 5, augment: 4, seed: 2 })).hash,
    data.hash,
  )
  assert.notEqual((await arc({ train: 8, test: 3, board: 7, size: 5, augment: 4, seed: 3 })).hash, data.hash)
})

test('only the families that are asked for are drawn from; one without room, or unknown, is refused by name', async () => {
  const data = await arc({ train: 6, test: 2, families: ['mirror', 'gravity'], augment: 0 })
  const names = Array.from({ length: data.identifiers.count - 1 }, (_, i) => data.identifiers.name(i + 1))
  assert.ok(names.every((name) => /^(mirror|gravity)-/.test(name)))
  const refused: [string, RegExp][] = [
    ['mirror,flip', /key families: expected of mirror, symmetry, .*, found flip/],
    ['logic', /key families: expected families with room in grids up to 4×4, found logic/],
  ]
  for (const [families, message] of refused)
    await assert.rejects(arc({ train: 1, test: 0, size: 4, families }), { name: 'UserError', message })
})
