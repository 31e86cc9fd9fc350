import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { curves } from '../../lib/plot/curves.js'
import { renderFigure } from '../../lib/plot/static.js'
import { formatTable } from '../../lib/results/text.js'
import { readsOrRefuses } from './holds.js'

const MILLION = 1_000_000

test('a figure of more points or lines than a browser draws is one error, at once', async () => {
  const numbers = Array.from({ length: 2 * MILLION }, (_, i) => i)
  const many = await readsOrRefuses(() => renderFigure(curves([{ name: 'a', x: numbers, y: numbers }]), 'svg'))
  assert.ok(many instanceof UserError)
  assert.match(many.message, /at most 1,000,000 points, found 2,000,000/)
  const lines = Array.from({ length: 100_000 }, (_, i) => ({ name: `s${i}`, x: [0, 1], y: [0, i] }))
  const wide = await readsOrRefuses(() => renderFigure(curves(lines), 'svg'), { seconds: 20 })
  assert.ok(wide instanceof UserError)
  assert.match(wide.message, /at most 10,000 lines, found 100,00/)
})

test('a table of a hundred thousand columns, or half a million rows, is printed', async () => {
  const row = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`c${i}`, i]))
  const wide = await readsOrRefuses(() => formatTable([row, row], { width: 80 }))
  assert.match(String(wide), /… and 99500 more columns$/)
  const rows = Array.from({ length: 500_000 }, (_, i) => ({ i }))
  const long = await readsOrRefuses(() => formatTable(rows), { seconds: 20 })
  assert.equal(String(long).split('\n').length, 500_002)
})
