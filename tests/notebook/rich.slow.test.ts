import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { inspect } from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import { tableFromArrays } from 'apache-arrow'
import * as aq from 'arquero'
import { startBackend } from '../../lib/backend/index.js'
import { parseConfig } from '../../lib/config/parse.js'
import { showable } from '../../lib/experiment/compare/runs.js'
import { lineFigure, Picture, Runs } from '../../lib/index.js'
import { bundleOf, isShown, PLOTLY_MIME, resultBundle } from '../../lib/notebook/bundle.js'
import { show } from '../../lib/notebook/display.js'
import { setHost } from '../../lib/notebook/host.js'
import { fakeHost } from './fake-host.js'

before(() => startBackend())

const textOf = (value: unknown): string => String(bundleOf(value)['text/plain'])
const htmlOf = (value: unknown): string => String(bundleOf(value)['text/html'])

/** What no user's data may become: an element, or the end of an attribute. */
function assertHarmless(html: string): void {
  assert.doesNotMatch(html, /<(img|script|b)\b|onerror=1"|"></i)
}

const HOSTILE = '"><script>alert(1)</script><img src=x onerror=1>'

test('a cell’s value that inspect prints is no more than that: text, numbers, lists, objects, functions', () => {
  for (const value of [
    'ab',
    1,
    null,
    undefined,
    true,
    [1, 2],
    [{ a: 1 }],
    { a: 1 },
    new Map(),
    () => 1,
    new Error('e'),
  ])
    assert.equal(resultBundle(value), null, inspect(value))
})

test('what show returns is no result', () => {
  fakeHost()
  const handle = show(1)
  setHost(null)
  assert.ok(isShown(handle))
  assert.equal(resultBundle(handle), null)
})

test('tables, tensors, figures and pictures are results in several forms, always with text', () => {
  const tensor = tf.zeros([2])
  const forms = [
    [aq.table({ a: [1] }), 'text/html'],
    [tableFromArrays({ a: [1] }), 'text/html'],
    [tensor, 'text/html'],
    [lineFigure([]), PLOTLY_MIME],
    [new Picture('<svg/>', 'drawn'), 'image/svg+xml'],
  ] as const
  for (const [value, mime] of forms) assert.deepEqual(Object.keys(resultBundle(value) ?? {}), [mime, 'text/plain'])
  tensor.dispose()
})

test('an object says itself how it is shown; one that cannot is text with the reason', () => {
  const display = Symbol.for('Jupyter.display')
  assert.deepEqual(resultBundle({ [display]: () => ({ 'text/plain': 'own', 'text/html': '<i>own</i>' }) }), {
    'text/plain': 'own',
    'text/html': '<i>own</i>',
  })
  class Point {
    x = 1;
    [display]() {
      return { 'text/html': '<i>1</i>' }
    }
  }
  assert.deepEqual(bundleOf(new Point()), { 'text/html': '<i>1</i>', 'text/plain': inspect(new Point()) })
  const failing = {
    [display]: () => {
      throw new Error('no form')
    },
  }
  assert.match(String(resultBundle(failing)?.['text/plain']), /its own display failed: no form/)
  assert.match(
    String(resultBundle({ [display]: async () => ({}) })?.['text/plain']),
    /must return an object keyed by MIME/,
  )
})

test('a tensor shows shape, type, statistics of its finite numbers, what is not finite, and the first values', () => {
  const { numTensors } = tf.memory()
  const tensor = tf.tensor2d([1, 2, 3, Number.NaN, Number.POSITIVE_INFINITY, 4], [2, 3])
  assert.equal(
    textOf(tensor),
    `Tensor [2, 3] float32
values 6, min 1, mean 2.5, max 4, std 1.118, NaN 1, infinite 1
[[1, 2, 3],
 [NaN, Infinity, 4]]`,
  )
  const html = htmlOf(tensor)
  assert.match(html, /<p class="mathjax_ignore">Tensor \[2, 3\] float32<\/p>/)
  assert.match(html, /<th[^>]*>mean<\/th><td[^>]*>2\.5<\/td>/)
  tensor.dispose()
  assert.equal(textOf(tensor), 'Tensor [2, 3] float32, disposed')
  assert.equal(tf.memory().numTensors, numTensors)
})

test('tensors of every kind and size are shown: scalars, empty, large, text, truth values, variables', () => {
  tf.tidy(() => {
    assert.match(textOf(tf.scalar(7)), /^Tensor \[\] float32\nvalues 1, min 7, .*\n7$/)
    assert.match(textOf(tf.zeros([0, 3])), /^Tensor \[0, 3\] float32\nvalues 0, NaN 0, infinite 0\n\[\]$/)
    assert.match(textOf(tf.ones([4, 50, 60])), /values 12000, .*\n\[\[1, 1, 1, 1, 1, 1, 1, 1, …\],\n(.*\n){5} …\], …$/)
    assert.match(textOf(tf.tensor1d(['a', HOSTILE])), /^Tensor \[2\] string\n\['a', /)
    assertHarmless(htmlOf(tf.tensor1d([HOSTILE])))
    assert.match(textOf(tf.tensor1d([true, false], 'bool')), /mean 0\.5/)
    assert.match(textOf(tf.complex([1], [2])), /^Tensor \[1\] complex64$/)
  })
  const variable = tf.variable(tf.tensor1d([1]), true, 'shown')
  assert.match(textOf(variable), /^Tensor \[1\] float32/)
  variable.dispose()
  const fake = { shape: [HOSTILE], dtype: HOSTILE, isDisposed: false, dataSync: () => Float32Array.of(1) }
  assertHarmless(htmlOf(fake))
})

test('a tensor that is freed after it was given to update is shown as it was', async () => {
  const host = fakeHost()
  const handle = show('nothing yet')
  tf.tidy(() => handle.update(tf.scalar(5)))
  await host.endCell()
  setHost(null)
  assert.match(String(host.sent.at(-1)!.bundle['text/plain']), /\n5$/)
})

test('a long array of numbers has statistics beside what inspect prints', () => {
  const array = Float32Array.from({ length: 1000 }, (_, i) => i)
  const bundle = resultBundle(array)!
  assert.equal(bundle['text/plain'], inspect(array))
  assert.match(String(bundle['text/html']), /Float32Array\(1000\).*>499\.5</s)
  assert.equal(resultBundle(Float32Array.of(1)), null)
})

test('of a large table the first rows and columns are shown, and said to be', () => {
  const rows = 100_000
  const arrow = tableFromArrays({ x: Int32Array.from({ length: rows }, (_, i) => i) })
  assert.match(htmlOf(arrow), /<p>Rows 1–100 of 100,000\. Run the cell in JupyterLab to page [^<]*<\/p>$/)
  assert.match(textOf(arrow), /\nRows 1–100 of 100,000\.$/)
  const wide = Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`c${i}`, i]))
  assert.match(htmlOf([wide]), />c59<.*Columns 1–60 of 80\./s)
  assert.doesNotMatch(htmlOf([wide]), />c60</)
})

test('lists, big integers, dates, typed arrays and what refers to itself are cells of a table as text', () => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  const row = {
    list: [1, 2n],
    typed: Uint8Array.of(1, 2),
    circle,
    big: 2n ** 60n,
    date: new Date(0),
    long: 'x'.repeat(1e5),
  }
  const html = htmlOf([row])
  for (const text of ['[1,&quot;2&quot;]', '>[1,2]<', 'Circular', '>1152921504606846976<', '1970-01-01'])
    assert.ok(html.includes(text), text)
  assert.ok(html.length < 5000 && textOf([row]).length < 5000)
})

test('nothing that users name or store becomes markup: columns and cells of every kind of table, titles, runs', () => {
  const columns = JSON.parse(
    `{ "__proto__": [1], "toString": ["x"], ${JSON.stringify(HOSTILE)}: [${JSON.stringify(HOSTILE)}] }`,
  ) as Record<string, unknown[]>
  const tables = [
    tableFromArrays({ [HOSTILE]: [HOSTILE], constructor: ['y'] }),
    aq.table(Object.entries(columns)),
    [{ [HOSTILE]: HOSTILE, nested: { [HOSTILE]: [HOSTILE] } }],
    JSON.parse('[{ "__proto__": "kept" }]'),
  ]
  for (const table of tables) {
    assertHarmless(htmlOf(table))
    assert.ok(textOf(table).length > 0)
  }
  assert.match(htmlOf(tables[1]), />__proto__<.*>toString</s)
  assert.match(textOf(tables[3]), /__proto__\n.*\nkept/)
  const run = { id: HOSTILE, dir: '', config: parseConfig({}), parameters: 1, evaluations: [], metrics: [] }
  assertHarmless(htmlOf(new Runs([run])))
  assertHarmless(htmlOf(showable(run)))
})

test('runs are shown as their table, a single one too', () => {
  const shares = { 'test.exact': 0.5, 'test.cells': 0.75, 'test.haltAccuracy': 1, 'test.halted': 0.5 }
  const row = { step: 4, ...shares, supervisionSteps: 2, puzzles: 4, scored: 4, trainSeconds: 3, evaluationSeconds: 1 }
  const run = { id: 'one', dir: '', config: parseConfig({ seed: 7 }), parameters: 12, evaluations: [row], metrics: [] }
  const runs = new Runs([run, { ...run, id: 'two', config: parseConfig({ seed: 8, mixer: 'attention' }) }])
  const bundle = resultBundle(runs)!
  assert.deepEqual(bundle, bundleOf(runs.table()))
  assert.match(String(bundle['text/plain']), /mixer.*\n.*\nmlp +7 .*one\nattention +8 .*two/)
  assert.match(String(resultBundle(showable(run))?.['text/plain']), /trm +7 +12 +50\.0 +75\.0 +3 +1 +one/)
  assert.deepEqual(showable(run), run)
})
