import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type FlatPair, gridKey } from '../../lib/tasks/arc/grid.js'
import { identifiersFromList, identifiersOf } from '../../lib/tasks/arc/identifiers.js'
import { applyVersion, VERSION_CODES, versionName } from '../../lib/tasks/arc/version.js'
import { drawVersions, puzzleHasher } from '../../lib/tasks/arc/versions.js'
import fc from '../fast-check.js'
import { anyGrid } from './arc-helpers.js'

const anyPairs = fc.array(fc.record({ input: anyGrid(3), output: anyGrid(3) }), { minLength: 1, maxLength: 3 })

/** The whole puzzle in a version, whatever the order of its pairs. */
function content(pairs: readonly FlatPair[], code: number): string {
  const keys = pairs.map(
    ({ input, output }) => `${gridKey(applyVersion(input, code))}|${gridKey(applyVersion(output, code))}`,
  )
  return keys.sort().join('/')
}

test('the fast hash tells versions apart exactly where the whole puzzles differ', () => {
  const codes = fc.array(fc.integer({ min: 0, max: VERSION_CODES - 1 }), { minLength: 40, maxLength: 40 })
  fc.assert(
    fc.property(anyPairs, codes, (pairs, codes) => {
      const hash = puzzleHasher(pairs)
      const byContent = new Map(codes.map((code) => [content(pairs, code), code]))
      const byHash = new Map(codes.map((code) => [hash(code).join(), code]))
      assert.equal(byHash.size, byContent.size)
      for (const code of codes) assert.equal(content(pairs, byHash.get(hash(code).join())!), content(pairs, code))
    }),
  )
})

test('versions that differ only in the order of pairs, or swap two pairs, are one', () => {
  const [a, b] = [1, 2].map((n) => ({ rows: 1, columns: 2, cells: Uint8Array.of(0, n) }))
  const pairs = [
    { input: a!, output: a! },
    { input: b!, output: b! },
  ]
  const swap = parseRank('0213456789')
  assert.equal(content(pairs, swap), content(pairs, 0))
  assert.deepEqual([...puzzleHasher(pairs)(swap)], [...puzzleHasher(pairs)(0)])
})

function parseRank(permutation: string): number {
  return identifiersFromList(['<blank>', 'x', `x|||t0|||${permutation}`]).codeOf[2]!
}

test('drawn versions are distinct as whole puzzles, the task itself first', () => {
  fc.assert(
    fc.property(anyPairs, fc.integer({ min: 0, max: 60 }), (pairs, count) => {
      const codes = drawVersions({ name: 'x', pairs }, count, 1)
      assert.equal(codes[0], 0)
      assert.ok(codes.length <= count + 1)
      assert.equal(new Set([...codes].map((code) => content(pairs, code))).size, codes.length)
    }),
    { numRuns: 60 },
  )
})

test('a task of few colours has as many versions as there are, and no more', () => {
  const pairs = [
    {
      input: { rows: 1, columns: 2, cells: Uint8Array.of(0, 1) },
      output: { rows: 1, columns: 1, cells: Uint8Array.of(1) },
    },
  ]
  // Nine colours in four directions: mirror images of a single row are no others.
  assert.equal(drawVersions({ name: 'x', pairs }, 1000, 0).length, 36)
  const black = { rows: 2, columns: 2, cells: new Uint8Array(4) }
  assert.equal(drawVersions({ name: 'x', pairs: [{ input: black, output: black }] }, 1000, 0).length, 1)
})

test('versions follow from seed, name and content alone', () => {
  const [pairs, others] = fc.sample(anyPairs, { numRuns: 2, seed: 5 }) as [FlatPair[], FlatPair[]]
  const drawn = (name: string, of: FlatPair[], seed: number): string =>
    drawVersions({ name, pairs: of }, 20, seed).join()
  assert.equal(drawn('x', pairs, 1), drawn('x', pairs, 1))
  assert.notEqual(drawn('x', pairs, 1), drawn('x', pairs, 2))
  assert.notEqual(drawn('x', pairs, 1), drawn('y', pairs, 1))
  assert.notEqual(drawn('x', pairs, 1), drawn('x', others, 1))
})

test('identifiers are blank, then task by task; a list of their names gives them back', () => {
  const made = identifiersOf([
    { name: 'b', codes: [0, 77, 362_880] },
    { name: 'a', codes: [0] },
  ])
  const names = Array.from({ length: made.count }, (_, id) => made.name(id))
  assert.deepEqual(names, ['<blank>', 'b', versionName('b', 77), 'b|||t1|||0123456789', 'a'])
  const read = identifiersFromList(names)
  assert.deepEqual(read.tasks, made.tasks)
  assert.deepEqual(read.codeOf, made.codeOf)
  assert.deepEqual(read.taskOf, made.taskOf)
  assert.throws(() => made.name(5), RangeError)
})

test('a published list may stand in any order: the task itself is version 0, row numbers stay', () => {
  const list = ['<blank>', 'x|||t1|||0123456789', 'y', 'x', 'y|||t2|||0123456789', 'x|||t3|||0123456789']
  const read = identifiersFromList(list)
  assert.deepEqual(
    list.map((_, id) => read.name(id)),
    list,
  )
  assert.deepEqual([...read.rowsOf(read.tasks.indexOf('x'))], [3, 1, 5])
  assert.deepEqual([...read.rowsOf(read.tasks.indexOf('y'))], [2, 4])
})

const malformed: [string, unknown[], RegExp][] = [
  ['without a blank', ['x'], /ids\.json, \[0\]: expected <blank>, found "x"/],
  ['that is empty', [], /ids\.json, \[0\]: expected <blank>, found nothing/],
  ['with a number', ['<blank>', 7], /\[1\]: expected a name, found 7/],
  ['with an empty name', ['<blank>', ''], /\[1\]: expected NAME or NAME/],
  ['with two parts', ['<blank>', 'x', 'x|||t1'], /\[2\]: expected NAME or NAME.*found "x\|\|\|t1"/],
  ['with a ninth transform', ['<blank>', 'x', 'x|||t8|||0123456789'], /\[2\]: expected NAME or/],
  ['with a short permutation', ['<blank>', 'x', 'x|||t1|||012345678'], /\[2\]: expected NAME or/],
  ['with a colour twice', ['<blank>', 'x', 'x|||t1|||0112345678'], /\[2\]: expected NAME or/],
  ['that moves colour 0', ['<blank>', 'x', 'x|||t1|||1023456789'], /\[2\]: expected NAME or/],
  ['with four parts', ['<blank>', 'x|||y|||t1|||0123456789'], /\[1\]: expected NAME or/],
  ['with a name twice', ['<blank>', 'x', 'x'], /\[2\]: expected each version of a task once, found x again/],
  ['with the task under two names', ['<blank>', 'x', 'x|||t0|||0123456789'], /\[2\]: expected each version/],
  ['with versions of a task that is not in it', ['<blank>', 'x|||t1|||0123456789'], /the task x itself in the list/],
]
for (const [what, list, message] of malformed)
  test(`a list of identifiers ${what} is refused`, () => {
    assert.throws(() => identifiersFromList(list, 'ids.json'), { name: 'UserError', message })
  })
