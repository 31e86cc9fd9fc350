import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineFigure } from '../lib/plot/line.js'
import { withReportedCurves } from '../lib/plot/reported-curves.js'
import { withSources } from '../lib/plot/sources.js'

const own = lineFigure([{ name: 'best q', x: [0.1, 0.4], y: [60, 70] }], { x: 'noise σ', y: 'exact accuracy (%)' })

test('published curves lie behind the own ones, grey, named as reported, with their points', () => {
  const figure = withReportedCurves(own, { series: 'ptrm.sudoku.sigma' })
  assert.equal(figure.data.length, 4)
  assert.equal(figure.data.at(-1), own.data[0])
  const first = figure.data[0] as { name: string; x: number[]; y: number[]; meta: unknown }
  assert.equal(first.name, 'reported: PTRM, pass@K (Sudoku-Extreme)')
  assert.deepEqual(first.x.slice(0, 2), [0.1, 0.2])
  assert.deepEqual(first.y.slice(0, 2), [98.5, 98.4])
  assert.deepEqual(first.meta, { kind: 'reported', source: 'arXiv 2605.19943 Figure 7' })
})

test('published curves of one method and data set are told apart by their metric', () => {
  const names = withReportedCurves(own, { series: 'ptrm.q' }).data.flatMap(({ name }) =>
    String(name).startsWith('reported') ? [name] : [],
  )
  assert.equal(new Set(names).size, 2, names.join())
  assert.match(String(names[0]), /^reported: .* \(PPBench, validation\), mean q logit/)
})

test('the caption of published curves gives the source of each and the part of it that was read', () => {
  const sourced = withSources(own, {
    recordings: ['20261130-1'],
    weights: ['sudoku-6x6'],
    data: ['0123456789abcdef'],
    subsets: ['first 100 of test (aabbccddeeff)'],
    precision: ['float32'],
  })
  assert.equal(
    withReportedCurves(sourced, { series: 'depth.hrm' }).caption(),
    'Exact accuracy (%) against noise σ. Reported: HRM on Sudoku-Extreme (public checkpoint, 20k subset, fp32), ' +
      'Fixed-Point-Reasoner-Structures 2026-09-06, from its table. Recording 20261130-1, weights sudoku-6x6, ' +
      'data 0123456789ab, puzzles: first 100 of test (aabbccddeeff), float32.',
  )
})

test('a logarithmic axis has room for the published curve too', () => {
  const curve = lineFigure([{ name: 'trm', x: [1, 4, 16], y: [20, 50, 60] }], { log: 'x' })
  const before = (curve.layout.xaxis as { range: number[] }).range[1]!
  const { range } = withReportedCurves(curve, { series: 'depth.trm.alphaxiv' }).layout.xaxis as { range: number[] }
  assert.ok(before < 1.5 && range[1]! > Math.log10(256), String(range))
})

test('published curves against different quantities are refused together', () => {
  assert.throws(
    () => withReportedCurves(own, { method: 'PTRM' }),
    /published curves against one quantity.*sigma and K/s,
  )
})
