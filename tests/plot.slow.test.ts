import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import * as arrow from 'apache-arrow'
import { startBackend } from '../lib/backend/index.js'
import { UserError } from '../lib/errors.js'
import { bundleOf, PLOTLY_MIME } from '../lib/notebook/bundle.js'
import { bars } from '../lib/plot/bars.js'
import { beside } from '../lib/plot/beside.js'
import { binned } from '../lib/plot/binned.js'
import { confusion } from '../lib/plot/confusion.js'
import { type CurvesOptions, curves } from '../lib/plot/curves.js'
import { type Figure, isFigure, plainFigure } from '../lib/plot/figure.js'
import { liveForm, paperForm, screenForm } from '../lib/plot/forms.js'
import { heatmap } from '../lib/plot/heatmap.js'
import { kaleidoFolder } from '../lib/plot/kaleido.js'
import { lineFigure } from '../lib/plot/line.js'
import { paired } from '../lib/plot/paired.js'
import { parallel } from '../lib/plot/parallel.js'
import { points } from '../lib/plot/points.js'
import { reportedSudoku } from '../lib/plot/reported.js'
import { renderFigure } from '../lib/plot/static.js'
import fc from './fast-check.js'
import { root, tsx } from './shared.js'

const withoutKaleido = kaleidoFolder() === null ? 'kaleido is not installed (npm run setup)' : false

const twoSeeds = [
  { name: 'mlp', seed: 0, x: [0, 100], y: [0, 80] },
  { name: 'mlp', seed: 1, x: [0, 100], y: [10, 90] },
]

test('runs of one name become their mean with a band of the 95 % interval over seeds', () => {
  const [low, high, mean, key] = curves(twoSeeds).data
  // Student's t with one degree of freedom: 12.706 · 7.0711 / √2 on both sides.
  const half = 63.531
  for (const [i, centre] of [5, 85].entries()) {
    assert.ok(Math.abs((low!.y as number[])[i]! - (centre - half)) < 1e-3)
    assert.ok(Math.abs((high!.y as number[])[i]! - (centre + half)) < 1e-3)
  }
  assert.equal(high?.fill, 'tonexty')
  assert.deepEqual(mean?.y, [5, 85])
  assert.equal(mean?.name, 'mlp')
  assert.equal(key?.name, '95 % interval, 2 seeds')
})

test('a band is the range over seeds, or none, where asked for, and one seed has none', () => {
  const [low, high, , key] = curves(twoSeeds, { band: 'range' }).data
  assert.deepEqual(low?.y, [0, 80])
  assert.deepEqual(high?.y, [10, 90])
  assert.equal(key?.name, 'range, 2 seeds')
  for (const figure of [curves(twoSeeds, { band: 'none' }), curves(twoSeeds.slice(0, 1))])
    assert.deepEqual(
      figure.data.map(({ name }) => name),
      ['mlp'],
    )
  assert.throws(() => curves(twoSeeds, { band: 'sd' as 'none' }), /band: expected interval, range or none, found "sd"/)
})

test('a band ends where a single seed is left, and goes on where there are more again', () => {
  const figure = curves([
    { name: 'mlp', seed: 0, x: [0, 1, 2, 3, 4], y: [1, 1, 1, 1, 1] },
    { name: 'mlp', seed: 1, x: [0, 1, 2, 3, 4], y: [2, 2, Number.NaN, 2, 2] },
  ])
  const filled = figure.data.filter(({ fill }) => fill === 'tonexty')
  assert.deepEqual(
    filled.map(({ x }) => x),
    [
      [0, 1],
      [3, 4],
    ],
  )
  assert.deepEqual(
    figure.data.find(({ name, showlegend }) => name === 'mlp' && showlegend === true)?.y,
    [1.5, 1.5, 1, 1.5, 1.5],
  )
})

test('of five hundred curves the legend names the five that end best, and the others are grey below them', () => {
  const many = Array.from({ length: 500 }, (_, i) => ({ name: `lr ${i}`, x: [0, 1], y: [i === 7 ? 9 : 0, i] }))
  const named = (options: CurvesOptions): unknown[] =>
    curves(many, options)
      .data.filter(({ showlegend }) => showlegend !== false)
      .map(({ name }) => name)
  assert.deepEqual(named({}), ['lr 495', 'lr 496', 'lr 497', 'lr 498', 'lr 499', '495 more (names on hover)'])
  assert.deepEqual(named({ better: 'lower' }).slice(0, 5), ['lr 0', 'lr 1', 'lr 2', 'lr 3', 'lr 4'])
  const { data } = curves(many)
  assert.equal(data[0]!.name, 'lr 0')
  assert.equal(data.length, 501)
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
      const named = runs.map((y, seed) => ({ name: 'a', seed, x: y.map((_, i) => i), y }))
      const { data } = curves(named, { band: 'range' })
      const mean = data.find(({ showlegend, x }) => showlegend === true && Array.isArray(x))!
      const ends = data.filter(({ showlegend }) => showlegend === false)
      return (mean.y as number[]).every((value, x) =>
        ends.every((end, i) => {
          const at = (end.y as number[])[(end.x as number[]).indexOf(x)]
          return at === undefined || (i % 2 === 0 ? value >= at - 1e-6 : value <= at + 1e-6)
        }),
      )
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

test('bars show the mean with its 95 % interval, every seed, and the reported number as a marker of its own', () => {
  const [{ value, source }] = [reportedSudoku.trm]
  const groups = [
    { name: 'MLP', values: [60, 90, 90], reported: { value, source } },
    { name: 'attention', values: [0] },
  ]
  const figure = bars(groups)
  const [measured, reported, dots] = figure.data
  assert.deepEqual(measured?.y, [80, 0])
  assert.equal(measured?.name, 'measured: mean, 95 % interval, 1 to 3 seeds')
  // Student's t with two degrees of freedom: 4.3027 · 17.3205 / √3.
  const { array, arrayminus } = measured!.error_y as { array: number[]; arrayminus: number[] }
  for (const ends of [array, arrayminus]) {
    assert.ok(Math.abs(ends[0]! - 43.0265) < 1e-3)
    assert.equal(ends[1], null)
  }
  assert.deepEqual(reported?.y, [87.4])
  assert.equal(reported?.name, 'reported in the paper')
  assert.deepEqual(reported?.text, ['\u00a087.4'])
  assert.deepEqual((reported!.marker as { symbol: string }).symbol, 'diamond-open')
  assert.deepEqual(reported?.meta, { kind: 'reported', source })
  assert.match(String((reported!.hovertext as string[])[0]), /MLP: 87\.4, reported in arXiv 2510\.04871/)
  assert.deepEqual(dots?.y, [60, 90, 90])
  const { ticktext } = figure.layout.xaxis as { ticktext: string[] }
  assert.deepEqual(ticktext, ['MLP<br><b>80 ± 43</b>', 'attention<br><b>0</b>'])
  const ranged = bars(groups, { band: 'range' }).data[0]!
  assert.deepEqual((ranged.error_y as { array: number[] }).array, [10, null])
  assert.deepEqual((ranged.error_y as { arrayminus: number[] }).arrayminus, [20, null])
})

test('bars that would be too many to read are refused with advice', () => {
  const many = Array.from({ length: 500 }, (_, i) => ({ name: `lr ${i}`, values: [i] }))
  assert.throws(() => bars(many), /bars: expected at most 40 groups, whose names can be read, found 500\. Draw fewer/)
})

test('a legend of several rows has room under the title, and the plot keeps its height', () => {
  const named = (...names: string[]) =>
    paperForm(
      lineFigure(
        names.map((name) => ({ name, x: [0], y: [0], color: '#000' })),
        { title: 'T' },
      ),
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
  assert.equal(paperForm(lineFigure([], {})).layout.margin, undefined)
})

test('a legend of a drawing without fonts has room for names in a wider font', () => {
  const name = '95 % interval, 3 seeds'
  const { layout } = paperForm(
    lineFigure(
      [
        { name: 'mlp', x: [0], y: [0] },
        { name, x: [0], y: [0] },
      ],
      {},
    ),
  )
  assert.deepEqual(layout.legend, { entrywidth: 8 * name.length, entrywidthmode: 'pixels' })
})

/** Contrast of two colours by WCAG 2. */
function contrast(a: string, b: string): number {
  const luminance = (hex: string): number => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
  }
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high! + 0.05) / (low! + 0.05)
}

interface TemplateLayout {
  readonly font: { readonly color: string }
  readonly paper_bgcolor: string
  readonly plot_bgcolor: string
  readonly colorway: readonly string[]
}

const templateOf = ({ layout }: { layout: object }): TemplateLayout =>
  (layout as { template: { layout: TemplateLayout } }).template.layout

test('on a screen a figure is as wide as its cell, without a ground, and its text is read on light and on dark', () => {
  const line = lineFigure([{ name: 'a', x: [0, 1], y: [0, 1] }])
  for (const figure of [line, beside(line, line), bars([{ name: 'a', values: [1, 2], reported: 3 }])]) {
    const { layout } = screenForm(figure)
    assert.equal(layout.width, undefined)
    assert.equal(layout.autosize, true)
  }
  for (const form of [screenForm(line), liveForm(line)]) {
    const { font, paper_bgcolor, plot_bgcolor, colorway } = templateOf(form)
    assert.deepEqual([paper_bgcolor, plot_bgcolor], ['rgba(0, 0, 0, 0)', 'rgba(0, 0, 0, 0)'])
    for (const ground of ['#FFFFFF', '#111111']) {
      assert.ok(contrast(font.color, ground) > 4.3, ground)
      for (const color of colorway) assert.ok(contrast(color, ground) > 2, `${color} on ${ground}`)
    }
  }
  assert.ok(Number(liveForm(beside(line, line)).layout.width) <= 780, "wider than JupyterLab's cell at 1,280 pixels")
})

test('on a page a figure is on white, with dark text and a width of its own; what its layout says stays', () => {
  const line = lineFigure([{ name: 'a', x: [0, 1], y: [0, 1] }])
  assert.equal(templateOf(paperForm(line)).paper_bgcolor, '#FFFFFF')
  assert.ok(contrast(templateOf(paperForm(line)).font.color, '#FFFFFF') > 12)
  assert.deepEqual(
    [paperForm(line), paperForm(beside(line, line))].map(({ layout }) => layout.width),
    [700, 980],
  )
  const own = { data: [], layout: { width: 300, height: 200, margin: { t: 5 }, template: { layout: {} } } }
  for (const form of [paperForm, screenForm, liveForm]) assert.deepEqual(form(own).layout, own.layout)
})

test('more curves than there are colours are told apart by how their lines are broken', () => {
  for (const [count, draw] of [
    [12, curves],
    [14, lineFigure],
  ] as const) {
    const many = Array.from({ length: count }, (_, i) => ({ name: `n${i}`, x: [0, 1], y: [i, i] }))
    const looks = draw(many).data.map((trace) => JSON.stringify(trace.line))
    assert.equal(new Set(looks).size, count)
  }
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

/** Pairs of equal traces: one with other kinds of arrays, one with plain arrays. */
const [one, two, gap] = [Float32Array.of(3, 2, 1), Float64Array.of(1, Number.NaN), [1, Number.POSITIVE_INFINITY, 2]]
const day = new Date(Date.UTC(2026, 0, 2))
const alike: [string, Figure['data'][number], Figure['data'][number]][] = [
  ['Float32Array', { type: 'scatter', x: [0, 1, 2], y: one }, { type: 'scatter', x: [0, 1, 2], y: [3, 2, 1] }],
  ['a part of a typed array', { y: one.subarray(1) }, { y: [2, 1] }],
  ['Uint8Array and Buffer', { x: Uint8Array.of(1, 2), y: Buffer.of(3, 4) }, { x: [1, 2], y: [3, 4] }],
  ['BigInt64Array', { y: BigInt64Array.of(2n, -1n) }, { y: [2, -1] }],
  ['BigInts', { y: [1n, 2n ** 60n] }, { y: [1, '1152921504606846976'] }],
  ['NaN and infinities', { y: two, x: gap }, { y: [1, null], x: [1, null, 2] }],
  ['holes', { y: [1, undefined, 2] }, { y: [1, null, 2] }],
  [
    'rows of a heatmap',
    { type: 'heatmap', z: [one, [1, Number.NaN, 2]] },
    {
      type: 'heatmap',
      z: [
        [3, 2, 1],
        [1, null, 2],
      ],
    },
  ],
  [
    'error bars',
    { y: one, error_y: { array: Float32Array.of(1, 1, 1) } },
    { y: [3, 2, 1], error_y: { array: [1, 1, 1] } },
  ],
  [
    'marker sizes',
    { y: one, marker: { size: one, color: [day] } },
    { y: [3, 2, 1], marker: { size: [3, 2, 1], color: ['2026-01-02T00:00:00.000Z'] } },
  ],
  [
    'customdata',
    { y: one, customdata: [[one], [Int32Array.of(1)]] },
    { y: [3, 2, 1], customdata: [[[3, 2, 1]], [[1]]] },
  ],
  ['dates', { x: [day, new Date(Number.NaN)], y: [1, 2] }, { x: ['2026-01-02T00:00:00.000Z', null], y: [1, 2] }],
  [
    'an Arrow column with a gap',
    { y: arrow.vectorFromArray([1, null, 2.5], new arrow.Float64()) },
    { y: [1, null, 2.5] },
  ],
  ['an Arrow column of 64-bit integers', { y: arrow.vectorFromArray([1n, 2n], new arrow.Int64()) }, { y: [1, 2] }],
  [
    'an Arrow column of days',
    { x: arrow.vectorFromArray([day], new arrow.DateDay()), y: [1] },
    { x: ['2026-01-02'], y: [1] },
  ],
  [
    'an Arrow column of lists',
    { z: arrow.vectorFromArray([[1, 2]], new arrow.List(new arrow.Field('x', new arrow.Float32()))) },
    { z: [[1, 2]] },
  ],
]
for (const [what, given, right] of alike)
  test(`a figure with ${what} is the one with plain arrays: interactive, in words, and as JSON`, () => {
    const layout = { xaxis: { range: Float32Array.of(0, 2) } }
    const plain = { data: [right], layout: { xaxis: { range: [0, 2] } } }
    assert.deepEqual(plainFigure({ data: [given], layout }), plain)
    assert.deepEqual(bundleOf({ data: [given], layout }), bundleOf(plain))
    const { data } = bundleOf({ data: [given], layout })[PLOTLY_MIME] as Figure
    assert.deepEqual(JSON.parse(JSON.stringify(data)), [right])
  })

test('a figure of tensors is that of their numbers, nested by shape; one that is gone is refused by its place', async () => {
  await startBackend()
  const [y, z, empty] = [tf.tensor1d([1, Number.NaN]), tf.tensor3d([1, 2, 3, 4], [2, 1, 2]), tf.zeros([2, 0])]
  assert.deepEqual(plainFigure({ data: [{ y, z, text: empty }], layout: {} }).data, [
    { y: [1, null], z: [[[1, 2]], [[3, 4]]], text: [] },
  ])
  tf.dispose([y, z, empty])
  assert.throws(() => bundleOf({ data: [{}, { marker: { size: y } }], layout: {} }), {
    name: 'UserError',
    message: /^figure, trace 2, marker, size: expected numbers, found a tensor \[2\] of float32 that was disposed\./,
  })
})

test('what would be drawn as nothing is refused by trace and key, in every way to show a figure', async () => {
  const circle: unknown[] = []
  circle.push(circle)
  const bad: [unknown, RegExp][] = [
    [new DataView(new ArrayBuffer(8)), /found a DataView\. Convert it to a typed array\./],
    [new ArrayBuffer(8), /found an ArrayBuffer\. Convert it to a typed array/],
    [new Set([1]), /found a Set\. Convert it to an array: Array\.from/],
    [new Map().values(), /Convert it to an array/],
    [Promise.resolve([1]), /found a promise\. Await it\./],
    [circle, /found one that contains itself/],
  ]
  for (const [y, message] of bad) {
    const figure = { data: [{ type: 'scatter', y }], layout: {} }
    const refusal = { name: 'UserError', message: new RegExp(`^figure, trace 1, y: expected .*${message.source}`) }
    assert.throws(() => bundleOf(figure), refusal)
    await assert.rejects(renderFigure(figure, 'svg'), refusal)
  }
})

test('a plain figure is not copied, and one of great depth takes no time', () => {
  const y = [1, null, 'x']
  assert.equal(plainFigure({ data: [{ y }], layout: {} }).data[0]!.y, y)
  let deep: unknown = Number.NaN
  for (let i = 0; i < 500; i++) deep = i % 2 === 0 ? [deep] : { deep }
  const { customdata } = plainFigure({ data: [{ customdata: deep }], layout: {} }).data[0]!
  assert.match(JSON.stringify(customdata), /\[null\]/)
  const named = plainFigure({ data: [JSON.parse('{ "__proto__": [1], "y": 1 }')], layout: { a: Number.NaN } })
  assert.equal(JSON.stringify(named), '{"data":[{"__proto__":[1],"y":1}],"layout":{"a":null}}')
})

test('a typed array is drawn as the plain one is, text for text', { skip: withoutKaleido }, async () => {
  const draw = (trace: Figure['data'][number]): Promise<string> => renderFigure({ data: [trace], layout: {} }, 'svg')
  for (const [what, given, right] of alike.slice(0, 8)) assert.equal(await draw(given), await draw(right), what)
})

test('the words for a figure count what is drawn: points, the values of a heatmap, the parts of a pie', () => {
  const data = [
    { type: 'scatter', y: Float32Array.of(1, 2) },
    { type: 'histogram', x: Float64Array.of(1, 2, 3) },
    { type: 'heatmap', z: [one, one] },
    { type: 'pie', values: [1, 2] },
  ]
  assert.deepEqual(
    String(bundleOf({ data, layout: {} })['text/plain'])
      .split('\n')
      .slice(1),
    ['  scatter: 2 points, last 2', '  histogram: 3 points', '  heatmap: 2 × 3 values', '  pie: 2 points'],
  )
})
test('figures are drawn in a project whose path has letters outside ASCII, blanks, #, % and quotes', {
  skip: withoutKaleido,
  timeout: 300_000,
}, async () => {
  const outer = mkdtempSync(path.join(os.tmpdir(), 'recurlab-plot-'))
  try {
    const project = path.join(outer, "jürgen's prö j#e%c t 数")
    cpSync(path.join(root, 'lib'), path.join(project, 'lib'), { recursive: true })
    for (const name of ['package.json', 'tsconfig.json']) cpSync(path.join(root, name), path.join(project, name))
    for (const name of ['node_modules', '.venv']) symlinkSync(path.join(root, name), path.join(project, name))
    writeFileSync(
      path.join(project, 'draw.ts'),
      `import { curves } from './lib/plot/curves.js'
       import { renderFigure } from './lib/plot/static.js'
       const svg = await renderFigure(curves([{ name: 'a', x: [0, 1], y: [0, 1] }]), 'svg')
       process.stdout.write(svg.slice(0, 4), () => process.exit(0))`,
    )
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', tsx, 'draw.ts'], { cwd: project })
    assert.equal(stdout, '<svg')
  } finally {
    rmSync(outer, { recursive: true, force: true })
  }
})

test('every kind of figure is drawn in one column of a page with its labels', { skip: withoutKaleido }, async () => {
  const estimate = { value: 50, n: 3, sd: 1, low: 40, high: 60, method: 't', level: 0.95 } as const
  const kinds: [Figure, RegExp[]][] = [
    [
      points([{ name: 'wide', points: [{ x: 1e6, y: 50 }] }], {
        log: 'x',
        reported: [{ name: 'TRM', x: 7e6, value: 87.4, source: 'Table 4' }],
      }),
      [/>wide</, />reported: TRM</, />1M</],
    ],
    [paired([{ seed: 0, a: 1, b: 2 }], ['mlp', 'attention']), [/>mlp</, /difference -1\.00/]],
    [binned(['0', '1–9'], [{ name: 'mlp', estimates: [estimate, null] }]), [/>1–9</]],
    [
      heatmap({ rows: ['r'], columns: ['c'], values: [[7]], texts: [['7 ± 2']] }, { colors: 'exact (%)' }),
      [/>± 2</, />exact \(%\)</],
    ],
    [
      confusion({
        tokens: ['a', 'b'],
        counts: [
          [3, 1],
          [0, 2],
        ],
      }),
      [/>75</, />predicted</, />right</],
    ],
    [
      parallel([
        { name: 'mixer', values: ['mlp', 'attention'] },
        { name: 'exact (%)', values: [10, 90] },
      ]),
      [/>attention</, />mixer</, />90</],
    ],
  ]
  for (const [figure, texts] of kinds) {
    const svg = await renderFigure(figure, 'svg', { venue: 'icml' })
    for (const text of texts) assert.match(svg, text)
  }
})
