import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTable } from '../../lib/results/text.js'
import { displayWidth } from '../../lib/results/text-width.js'
import fc from '../fast-check.js'

test('numbers are rounded and aligned to the right with equal decimals', () => {
  const table = formatTable([
    { variant: 'mlp', seed: 0, 'test.exact': 0.85123456, lr: 1e-5 },
    { variant: 'attention', seed: 12, 'test.exact': 1, lr: 0.001 },
  ])
  assert.equal(
    table,
    [
      'variant    seed  test.exact     lr',
      '─────────  ────  ──────────  ─────',
      'mlp           0      0.8512   1e-5',
      'attention    12      1.0000  0.001',
    ].join('\n'),
  )
})

test('what is missing is a dash and columns are the union of all rows', () => {
  const lines = formatTable([{ a: 1 }, { b: null, c: Number.NaN }]).split('\n')
  assert.deepEqual(lines, ['a  b    c', '─  ─  ───', '1  –    –', '–  –  NaN'])
})

test('no rows say so', () => assert.equal(formatTable([]), '(no rows)'))

test('wide characters keep the columns straight', () => {
  const lines = formatTable([
    { name: '数独', b: 'x' },
    { name: 'é', b: 'x' },
    { name: '👩‍🔬', b: 'x' },
  ]).split('\n')
  assert.deepEqual(
    lines.slice(2).map((line) => displayWidth(line)),
    [7, 7, 7],
  )
})

test('line breaks and escape sequences are shown, not sent to the terminal', () => {
  assert.match(formatTable([{ a: 'x\ny\u001b[31m' }]), /x\\ny\\u001b\[31m$/)
})

test('in a table too wide texts go on in further lines, then it is broken into blocks that repeat the first column', () => {
  const rows = [{ id: 'run-1', note: 'a long sentence about nothing', exact: 0.5, cells: 0.25, seconds: 1000.5 }]
  assert.equal(
    formatTable(rows, { width: 44 }),
    [
      'id     note            exact  cells  seconds',
      '─────  ──────────────  ─────  ─────  ───────',
      'run-1  a long            0.5   0.25     1001',
      '       sentence about',
      '       nothing',
    ].join('\n'),
  )
  const broken = formatTable(rows, { width: 24 })
  assert.equal(broken.match(/run-1/g)?.length, 2)
  assert.match(broken, /1001/)
})

test('the name of a column of numbers wraps before the numbers are moved to another block', () => {
  const lines = formatTable([{ id: 'a', 'exact accuracy (%)': 91.5 }], { width: 12 }).split('\n')
  assert.deepEqual(lines, ['id     exact', '    accuracy', '         (%)', '──  ────────', 'a       91.5'])
})

test('hostile column names are ordinary names', () => {
  const row = JSON.parse('{"__proto__": 1, "toString": 2}') as Record<string, unknown>
  assert.match(formatTable([row, {}]), /__proto__ {2}toString\n.*\n {8}1 {9}2\n {8}– {9}–/)
})

test('no table loses a character, and none is wider than the terminal where single columns fit', () => {
  const cell = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.double(), fc.integer(), fc.constant(null))
  const letters = (text: string): string => [...text.replace(/[\s─]/g, '')].sort().join('')
  fc.assert(
    fc.property(
      fc.array(fc.record({ a: fc.integer({ min: 0, max: 99 }), b: cell, c: cell }), { minLength: 1, maxLength: 5 }),
      (rows) => {
        const wide = formatTable(rows, { width: 500 })
        const narrow = formatTable(rows, { width: 60 })
        for (const line of narrow.split('\n')) assert.ok(displayWidth(line) <= 60, line)
        // A table in one block has the same characters, only in other lines.
        if (!narrow.includes('\n\n')) assert.equal(letters(narrow), letters(wide))
      },
    ),
  )
})

test('a text without end is broken, not cut, and its column is no wider than the terminal', () => {
  const hash = '0123456789'.repeat(12)
  const table = formatTable([{ name: 'data', hash }], { width: 40 })
  assert.ok(table.split('\n').every((line) => displayWidth(line) <= 40))
  assert.equal(table.replace(/^.*\n.*\n/, '').replace(/\D/g, ''), hash)
})
