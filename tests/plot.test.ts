import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { UserError } from '../lib/errors.js'
import { bars } from '../lib/plot/bars.js'
import { curves } from '../lib/plot/curves.js'
import { isFigure } from '../lib/plot/figure.js'
import { kaleidoFolder } from '../lib/plot/kaleido.js'
import { lineFigure } from '../lib/plot/line.js'
import { reportedSudoku } from '../lib/plot/reported.js'
import { renderFigure } from '../lib/plot/static.js'

const withoutKaleido = kaleidoFolder() === null ? 'kaleido is not installed (npm run setup)' : false

test('runs of one name become their mean with a band from the least to the largest', () => {
  const figure = curves([
    { name: 'mlp', seed: 0, x: [0, 100], y: [0, 80] },
    { name: 'mlp', seed: 1, x: [0, 100], y: [10, 90] },
  ])
  const [low, high, mean] = figure.data
  assert.deepEqual(low?.y, [0, 80])
  assert.deepEqual(high?.y, [10, 90])
  assert.equal(high?.fill, 'tonexty')
  assert.deepEqual(mean?.y, [5, 85])
  assert.equal(mean?.name, 'mlp (mean and range of 2 seeds)')
})

test('a run that is still training counts as far as it got', () => {
  const figure = curves([
    { name: 'mlp', seed: 0, x: [0, 100], y: [0, 80] },
    { name: 'mlp', seed: 1, x: [0], y: [10] },
  ])
  assert.deepEqual(figure.data[2]?.y, [5, 80])
  assert.match(String((figure.data[2]!.text as string[])[1]), /1 of 2 seeds/)
})

test('the mean lies inside the band, whatever the runs', () => {
  const run = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(fc.array(run, { minLength: 2, maxLength: 4 }), (runs) => {
      const figure = curves(runs.map((y, seed) => ({ name: 'a', seed, x: y.map((_, i) => i), y })))
      const [low, high, mean] = figure.data.map((trace) => trace.y as number[])
      return mean!.every((value, i) => value >= low![i]! - 1e-6 && value <= high![i]! + 1e-6)
    }),
  )
})

test('each: run draws every run, in the colour of its name', () => {
  const runs = [0, 1].map((seed) => ({ name: 'mlp', seed, x: [0, 1], y: [seed, seed] }))
  const figure = curves(runs, { each: 'run' })
  assert.equal(figure.data.length, 2)
  assert.deepEqual(figure.data[0]?.line, figure.data[1]?.line)
})

test('what is not finite is a gap, and names from data are no markup', () => {
  const figure = lineFigure([{ name: '<b>x</b>', x: [0, 1], y: [Number.NaN, 1] }], { title: 'a < b' })
  assert.deepEqual(figure.data[0]?.y, [null, 1])
  assert.equal(figure.data[0]?.name, '&lt;b&gt;x&lt;/b&gt;')
  assert.deepEqual(figure.layout.title, { text: 'a &lt; b' })
  assert.ok(isFigure(figure))
})

test('bars show mean, range, every seed, and the reported number marked as such', () => {
  const figure = bars([
    { name: 'MLP', values: [60, 90, 90], reported: reportedSudoku.trm.value },
    { name: 'attention', values: [0] },
  ])
  const [measured, reported, dots] = figure.data
  assert.deepEqual(measured?.y, [80, 0])
  assert.deepEqual((measured!.error_y as { array: number[] }).array, [10, 0])
  assert.deepEqual((measured!.error_y as { arrayminus: number[] }).arrayminus, [20, 0])
  assert.deepEqual(reported?.y, [87.4, null])
  assert.match(String(reported?.name), /^reported/)
  assert.deepEqual(reported?.text, ['reported 87.4', ''])
  assert.deepEqual(dots?.y, [60, 90, 90])
})

test('a legend of several rows has room under the title, and the plot keeps its height', () => {
  const named = (...names: string[]) =>
    lineFigure(
      names.map((name) => ({ name, x: [0], y: [0], color: '#000' })),
      { title: 'T' },
    )
  const margin = (figure: ReturnType<typeof named>): number => {
    const { margin, height } = figure.layout as { margin?: { t: number }; height: number }
    assert.equal(height, 420 + (margin ? margin.t - 76 : 0))
    return margin?.t ?? 76
  }
  const long = 'measured here (mean, range over seeds)'
  assert.equal(margin(named('one')), 76)
  assert.equal(margin(named('mlp', 'attention')), 76)
  assert.ok(margin(named(long, `${long}, reported`)) > 76)
  assert.ok(margin(named(long, long, long)) > margin(named(long, long)))
  assert.equal(lineFigure([], {}).layout.margin, undefined)
})

test('a bar without a finite value is refused by name', () => {
  assert.throws(
    () => bars([{ name: 'MLP', values: [] }]),
    (error) => error instanceof UserError && /MLP/.test(error.message),
  )
})

test('the reported numbers are those of the paper', () => {
  const { trm, selfAttention, fourLayers } = reportedSudoku
  assert.deepEqual([trm.value, selfAttention.value, fourLayers.value], [87.4, 74.7, 79.5])
  assert.ok(Object.values(reportedSudoku).every((row) => row.kind === 'reported' && row.source.includes('2510.04871')))
})

test('a figure is drawn as SVG, PNG and PDF, and the same figure gives the same SVG', {
  skip: withoutKaleido,
}, async () => {
  const figure = curves([{ name: 'mlp', x: [0, 1], y: [0, 1] }], { title: 'Exact', y: 'accuracy (%)' })
  const [svg, again, other] = [
    await renderFigure(figure, 'svg'),
    await renderFigure(figure, 'svg'),
    await renderFigure(curves([{ name: 'other', x: [0, 1], y: [0, 1] }]), 'svg'),
  ]
  assert.match(svg, /^<svg [^>]*viewBox="0 0 700 420"/)
  assert.match(svg, />accuracy \(%\)</)
  assert.equal(svg, again)
  const ids = (text: string): string[] => text.match(/ id="[^"]+"/g) ?? []
  assert.ok(ids(svg).length > 0)
  assert.deepEqual(
    ids(svg).filter((id) => ids(other).includes(id)),
    [],
  )
  assert.equal(
    Buffer.from(await renderFigure(figure, 'png'))
      .subarray(1, 4)
      .toString(),
    'PNG',
  )
  assert.equal(
    Buffer.from(await renderFigure(figure, 'pdf'))
      .subarray(0, 4)
      .toString(),
    '%PDF',
  )
})
