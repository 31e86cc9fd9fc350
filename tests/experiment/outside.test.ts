import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordFunction } from '../../lib/config/functions.js'
import { parseConfig } from '../../lib/config/parse.js'
import { outsideNotes } from '../../lib/experiment/run/outside.js'
import { type Loss, type Mixer, rmsNorm, tf } from '../../lib/index.js'
import { conv, focal } from '../model/own-functions.js'

const width = 3
const [base, scale, at] = [['a'], 2, 0]
const halves = (x: number): number => x / 2
const sharp = focal

test('a function that uses only its parameters, globals and the library has no note', () => {
  const norm: Mixer = {
    weights: () => ({}),
    apply: (h) => tf.mul(rmsNorm(h), Math.max(...h.shape, Number.NaN, Infinity)),
  }
  assert.deepEqual(outsideNotes(parseConfig({ mixer: conv, loss: focal }), {}), [])
  assert.deepEqual(outsideNotes(parseConfig({ mixer: norm }), { one: ({ index: width }) => width }), [])
  assert.deepEqual(outsideNotes(parseConfig({}), {}), [])
})

test('a variable from outside a mixer, loss or metric is named in a note, once', () => {
  const wide: Mixer = {
    weights: ({ hidden }) => ({ kernel: [width, hidden, hidden] }),
    apply: (h, { kernel }) => tf.conv1d(h, kernel, width, 'same'),
  }
  const half: Loss = (logits, labels) => tf.mul(halves(width), sharp(logits, labels))
  const notes = outsideNotes(parseConfig({ mixer: { ...wide, name: 'wide' }, loss: half }), {
    scaled: ({ index }) => index * width,
  })
  assert.deepEqual(notes, [
    'the mixer wide uses width from outside: its value is not in the record',
    'the loss half uses halves, width and sharp from outside: their values are not in the record',
    'the metric scaled uses width from outside: its value is not in the record',
  ])
})

/** The names from outside in a text of a function, as JavaScript prints it. */
function namesIn(text: string): string {
  const metric = Object.assign(() => 0, { toString: () => text })
  const [note = ''] = outsideNotes({ mixer: 'mlp', loss: 'stablemax' }, { metric })
  return /uses (.*) from outside/.exec(note)?.[1] ?? ''
}

for (const [text, names] of [
  ['apply(h, { kernel: k }) { const { shape: [rows = W] } = h; return { W, k, rows, [X]: a.b.c } }', 'W, X and a'],
  ['async function f(x) { try { return await f(x) } catch (error) { return error } }', ''],
  [
    'x => { label: for (const [i, y] of x.entries()) { if (i > limit) break label; class A { m() { return y } } } }',
    'limit',
  ],
  [String((x: number, y = base) => `${x}${scale}${/gamma/.source}${y?.[at]}`), 'base, scale and at'],
  ['(x) => index_js_1.tf.mul(x, (0, helper_js_1.half)(x)) + gamma_1', 'gamma_1'],
  ['({ a, ...rest }) => ((b) => a + b + rest.c)(typeof delta)', 'delta'],
] as const)
  test(`the names from outside in ${text.slice(0, 40)}… are ${names || 'none'}`, () => {
    assert.equal(namesIn(text), names)
  })

test('a note needs the function of the record, which another process has not', () => {
  const record = { ...recordFunction('loss', focal), sha256: '0'.repeat(64) }
  assert.throws(() => outsideNotes({ mixer: 'mlp', loss: record }, {}), /expected the loss focal/)
})
