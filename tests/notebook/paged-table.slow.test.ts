import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { tableFromArrays, Utf8, vectorFromArray } from 'apache-arrow'
import * as aq from 'arquero'
import { resultBundle } from '../../lib/notebook/bundle.js'
import { show } from '../../lib/notebook/display.js'
import { type Content, setHost } from '../../lib/notebook/host.js'
import { tableSource } from '../../lib/notebook/table.js'
import { sortedRows } from '../../lib/notebook/table-order.js'
import fc from '../fast-check.js'
import { type FakeComm, type FakeHost, fakeHost } from './fake-host.js'

afterEach(() => setHost(null))

const VIEW = 'application/vnd.jupyter.widget-view+json'

interface Shown {
  /** The texts of the cells, column by column. */
  columns(): string[][]
  /** Of the buttons: names of columns and steps between pages. */
  click(tooltip: string): void
  words(): string
  heads(): string[]
}

const stateOf = (comm: FakeComm): Record<string, unknown> =>
  Object.assign({}, ...comm.sent.map(({ data }) => data.state as Content))

/** The words below the table; undefined for its columns. */
const wordsOf = (comm: FakeComm): string | undefined =>
  /^<span class="mathjax_ignore">(.*)<\/span>$/.exec(String(stateOf(comm).value))?.[1]

/** The table as the front end has it. */
function front({ opened }: FakeHost): Shown {
  const all = (name: string): FakeComm[] => opened.filter((comm) => stateOf(comm)._model_name === name)
  return {
    columns: () =>
      all('HTMLModel')
        .filter((comm) => wordsOf(comm) === undefined)
        .map((comm) =>
          [...String(stateOf(comm).value).matchAll(/<div [^>]*>([^<]*)<\/div>/g)].map(([, text]) => text!),
        ),
    click(tooltip) {
      const button = all('ButtonModel').find((comm) => stateOf(comm).tooltip === tooltip)
      button!.receive({ method: 'custom', content: { event: 'click' } })
    },
    words: () =>
      all('HTMLModel')
        .map(wordsOf)
        .find((words) => words !== undefined)!,
    heads: () => all('ButtonModel').map((comm) => String(stateOf(comm).description)),
  }
}

const rows = Array.from({ length: 60 }, (_, i) => ({
  index: i,
  value: i % 10 === 0 ? undefined : ((i * 7) % 60) / 4,
  name: `run ${i}`,
}))

test('a long table has pages, and a click on a name sorts by it: upwards, downwards, not at all', () => {
  const host = fakeHost()
  show(rows)
  const table = front(host)
  assert.equal(table.words(), 'Rows 1–25 of 60')
  assert.deepEqual(
    table.columns()[0],
    Array.from({ length: 25 }, (_, i) => String(i)),
  )
  table.click('Next page')
  assert.deepEqual(table.columns()[2]![0], 'run 25')
  table.click('Last page')
  assert.equal(table.words(), 'Rows 51–60 of 60')
  table.click('Sort by value')
  assert.equal(table.words(), 'Rows 1–25 of 60 · by value ▲')
  assert.ok(table.heads().includes('value ▲'))
  const up = table.columns()[1]!.map(Number)
  assert.deepEqual(
    up,
    [...up].sort((a, b) => a - b),
  )
  table.click('Last page')
  assert.deepEqual(table.columns()[1]!.slice(-6), Array(6).fill('–'))
  table.click('Sort by value')
  const down = table.columns()[1]!.map(Number)
  assert.deepEqual(
    down,
    [...down].sort((a, b) => b - a),
  )
  table.click('Last page')
  assert.deepEqual(table.columns()[1]!.slice(-6), Array(6).fill('–'))
  table.click('Sort by value')
  assert.equal(table.words(), 'Rows 1–25 of 60')
  table.click('Sort by name')
  assert.deepEqual(table.columns()[2]!.slice(0, 3), ['run 0', 'run 1', 'run 2'])
})

test('numbers of a long table stand on the right, and no cell or name becomes markup', () => {
  const host = fakeHost()
  const hostile = '"><script>alert(1)</script>'
  show(Array.from({ length: 30 }, (_, i) => ({ [hostile]: hostile, number: i / 8 })))
  const cells = host.opened.map(stateOf).filter(({ _model_name }) => _model_name === 'HTMLModel')
  assert.match(String(cells[1]!.value), /text-align: right[^>]*>0\.125</)
  assert.match(String(cells[0]!.value), /text-align: left/)
  assert.doesNotMatch(String(cells[0]!.value), /<script|"">/)
})

test('of 100,000 rows only a page is sent, for Arrow and arquero tables too, shown or as a result', () => {
  const count = 100_000
  const arrow = tableFromArrays({ x: Int32Array.from({ length: count }, (_, i) => (i * 7919) % count) })
  const values = aq.table({ x: Array.from({ length: count }, (_, i) => count - i) })
  for (const table of [arrow, values]) {
    const host = fakeHost()
    assert.ok(VIEW in resultBundle(table)!)
    const shown = front(host)
    shown.click('Sort by x')
    assert.ok(JSON.stringify(host.opened.map((comm) => comm.sent)).length < 60_000)
    assert.deepEqual(shown.columns()[0]!.slice(0, 2), table === arrow ? ['0', '1'] : ['1', '2'])
    assert.equal(shown.words(), 'Rows 1–25 of 100,000 · by x ▲')
    setHost(null)
  }
})

test('a long table that is saved has its first rows as HTML and as text, and says how to see the others', () => {
  const host = fakeHost()
  show(Array.from({ length: 2500 }, (_, i) => ({ i })))
  const { bundle } = host.sent[0]!
  assert.ok(VIEW in bundle)
  assert.equal(String(bundle['text/html']).match(/<tr>/g)?.length, 101)
  assert.match(String(bundle['text/html']), /Rows 1–100 of 2,500\. Run the cell in JupyterLab to page /)
  assert.match(String(bundle['text/plain']), /\nRows 1–100 of 2,500\.$/)
})

test('where nobody watches, and for a short table, there are no pages', () => {
  const quiet = fakeHost({ live: false })
  show(rows)
  assert.deepEqual(Object.keys(quiet.sent[0]!.bundle), ['text/html', 'text/plain'])
  const host = fakeHost()
  show(rows.slice(0, 25))
  assert.equal(host.opened.length, 0)
})

test('what is pushed to an array after it was shown is no part of the table', () => {
  const host = fakeHost()
  const growing = rows.slice()
  show(growing)
  growing.length = 0
  const table = front(host)
  table.click('Last page')
  assert.equal(table.words(), 'Rows 51–60 of 60')
  assert.equal(table.columns()[0]!.at(-1), '59')
})

test('of very many long tables the oldest lets go of its rows, and says so', () => {
  const host = fakeHost()
  show(rows)
  for (let i = 0; i < 40; i++) show(rows)
  const table = front(host)
  assert.match(table.words(), /^Rows 1–25 of 60 · Run the cell again to continue\.$/)
  table.click('Next page')
  assert.match(table.words(), /^Rows 1–25 of 60/)
})

test('rows are sorted by value: sizes, times, numbers in texts, numbers before texts, what is missing last', () => {
  const order = (values: unknown[], direction: 'up' | 'down'): number[] => [
    ...sortedRows(tableSource(values.map((v) => ({ v }))), 0, direction),
  ]
  assert.deepEqual(order([10, 9, null, 2n ** 60n, Number.NaN, -1, undefined], 'up'), [5, 1, 0, 3, 2, 4, 6])
  assert.deepEqual(order([10, 9, null, 2n ** 60n, Number.NaN, -1, undefined], 'down'), [3, 0, 1, 5, 2, 4, 6])
  assert.deepEqual(order([new Date(5), new Date(Number.NaN), new Date(1)], 'down'), [0, 2, 1])
  assert.deepEqual(order(['run 10', 'run 9', 3, 'Run 1', true], 'up'), [4, 2, 3, 1, 0])
  assert.deepEqual(order(['0.5', '0.25', '-1', '1e3', 'x'], 'up'), [2, 1, 0, 3, 4])
  assert.deepEqual(order([{ a: 2 }, { a: 1 }, [1]], 'up').length, 3)
  const missing = vectorFromArray(['b', null, 'a'], new Utf8())
  assert.deepEqual([...sortedRows(tableSource(tableFromArrays({ t: missing as never })), 0, 'down')].at(-1), 1)
})

test('sorting keeps every row once, in order, and equal ones as they were', () => {
  const cell = fc.oneof(fc.double(), fc.constant(null), fc.integer({ min: 0, max: 3 }))
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1 }), (values) => {
      const sorted = [...sortedRows(tableSource(values.map((v) => ({ v }))), 0, 'up')]
      const known = sorted.filter((row) => values[row] !== null && !Number.isNaN(values[row]!))
      return (
        new Set(sorted).size === values.length &&
        known.every((row, i) => {
          const before = known[i - 1]
          if (before === undefined) return true
          return values[before]! < values[row]! || (values[before]! === values[row]! && before < row)
        })
      )
    }),
  )
})
