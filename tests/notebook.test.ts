import assert from 'node:assert/strict'
import { afterEach, mock, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { tableFromArrays } from 'apache-arrow'
import * as aq from 'arquero'
import { UserError } from '../lib/errors.js'
import { escapeHtml } from '../lib/escape/html.js'
import { isShown, PLOTLY_MIME } from '../lib/notebook/bundle.js'
import { settleDisplays, show } from '../lib/notebook/display.js'
import { setHost } from '../lib/notebook/host.js'
import { type Cell, type Notebook, overwritten, tidyNotebook } from '../lib/notebook/notebook.js'
import { injectParameters } from '../lib/notebook/parameters.js'
import { progressBundle, withoutProgress } from '../lib/notebook/progress-forms.js'
import { withoutScripts } from '../lib/notebook/report.js'
import { kaleidoFolder } from '../lib/plot/kaleido.js'
import { lineFigure } from '../lib/plot/line.js'
import { Picture } from '../lib/plot/picture.js'
import fc from './fast-check.js'
import { fakeHost } from './notebook/fake-host.js'

const withoutKaleido = kaleidoFolder() === null ? 'kaleido is not installed (npm run setup)' : false

afterEach(() => setHost(null))

const figure = (title: string) => lineFigure([{ name: 'mlp', x: [0, 1], y: [0, 1] }], { title })

test('a figure is shown at once, and one bundle has all its forms when the cell ends', {
  skip: withoutKaleido,
}, async () => {
  const { sent } = fakeHost()
  const handle = show(figure('first'))
  assert.deepEqual(Object.keys(sent[0]!.bundle), [PLOTLY_MIME, 'text/plain'])
  await settleDisplays()
  assert.equal(sent.length, 2)
  assert.deepEqual(Object.keys(sent[1]!.bundle).sort(), ['application/pdf', PLOTLY_MIME, 'image/svg+xml', 'text/plain'])
  const pdf = String(sent[1]!.bundle['application/pdf'])
  assert.match(Buffer.from(pdf, 'base64').toString('latin1'), /^%PDF-.*%%EOF\s*$/s)
  assert.ok(pdf.length < 100_000, 'it makes notebooks little larger')
  assert.equal(sent[1]!.id, handle.id)
  assert.ok(isShown(handle) && !isShown({ ...handle }))
  await settleDisplays()
  assert.equal(sent.length, 2)
})

test('a live drawing is SVG alone; PDF comes with what stays', { skip: withoutKaleido }, async () => {
  const { sent } = fakeHost()
  const handle = show(figure('first'))
  const clock = mock.method(performance, 'now', () => 1e9)
  handle.update(figure('second'))
  clock.mock.restore()
  await settleDisplays()
  const drawings = sent.slice(1).map(({ bundle }) => 'application/pdf' in bundle)
  assert.deepEqual(drawings, [false, true])
})

test('a picture of puzzles has its PDF when the cell ends; where somebody waits, it comes behind the cell', {
  skip: withoutKaleido,
}, async () => {
  const picture = new Picture('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"></svg>', 'drawn')
  for (const live of [false, true]) {
    const { sent } = fakeHost({ live })
    show(picture)
    await settleDisplays()
    assert.equal(sent.length, live ? 1 : 2)
    for (const until = Date.now() + 20_000; sent.length < 2 && Date.now() < until; ) await sleep(20)
    assert.deepEqual(Object.keys(sent[1]!.bundle), ['image/svg+xml', 'text/plain', 'application/pdf'])
  }
})

test('updates that come fast are sent at most twice a second, the last one always', async () => {
  const { sent } = fakeHost()
  const handle = show([{ step: 0 }])
  for (let step = 1; step <= 40; step++) {
    handle.update([{ step }])
    await sleep(20)
  }
  await settleDisplays()
  const updates = sent.filter(({ kind }) => kind === 'update')
  assert.ok(updates.length >= 2 && updates.length <= 4, `${updates.length} updates in 0.8 s`)
  assert.match(String(updates.at(-1)!.bundle['text/html']), />40</)
})

test('updates in a loop that leaves no time for timers are sent too, twice a second', async () => {
  const host = fakeHost()
  let now = 1e6
  const clock = mock.method(performance, 'now', () => now)
  const handle = show('step 0')
  for (let step = 1; step <= 100; step++) {
    now += 40
    handle.update(`step ${step}`)
  }
  clock.mock.restore()
  const during = host.sent.length - 1
  assert.ok(during >= 6 && during <= 8, `${during} updates in 4 s`)
  await host.endCell()
  assert.equal(host.sent.at(-1)!.bundle['text/plain'], 'step 100')
})

test('when a cell ends, a table that changes is sent at once, also if a figure before it is not drawn yet', {
  skip: withoutKaleido,
}, async () => {
  const host = fakeHost()
  const plot = show(figure('first'))
  const table = show([{ state: 'running' }])
  plot.update(figure('second'))
  table.update([{ state: 'interrupted' }])
  const ended = host.endCell()
  const sent = host.sent.slice(2)
  assert.equal(sent.length, 1)
  assert.match(String(sent[0]!.bundle['text/html']), /interrupted/)
  await ended
  assert.equal(String(host.sent[3]!.bundle['text/plain']).split('\n')[0], 'Figure: second')
  assert.equal(host.sent.length, 4)
})

test('after a forced stop a drawing that was waited for holds nothing up, and is not sent late', {
  skip: withoutKaleido,
}, async () => {
  const host = fakeHost()
  let now = 1e6
  const clock = mock.method(performance, 'now', () => now)
  const handle = show(figure('first'))
  now += 1000
  handle.update(figure('second'))
  clock.mock.restore()
  host.forceStop()
  handle.update(figure('third'))
  await host.endCell()
  const titles = host.sent.map(({ bundle }) => String(bundle['text/plain']).split('\n')[0])
  assert.deepEqual(titles, ['Figure: first', 'Figure: third'])
  assert.ok('image/svg+xml' in host.sent[1]!.bundle)
})

test('a drawing is as wide as its cell while it changes, in a screen’s colours; the last has a size, on white', {
  skip: withoutKaleido,
}, async () => {
  const host = fakeHost()
  let now = 1e6
  const clock = mock.method(performance, 'now', () => now)
  const handle = show(figure('first'))
  now += 1000
  handle.update(figure('second'))
  clock.mock.restore()
  for (let tries = 0; host.sent.length < 2 && tries < 300; tries++) await sleep(50)
  const svg = (at: number): string => String(host.sent.at(at)!.bundle['image/svg+xml'])
  assert.match(svg(1), /^<svg (?![^>]*(width|height)=)[^>]*viewBox="0 0 760 380"/)
  assert.doesNotMatch(svg(1), /rgb\(255, 255, 255\)/)
  await host.endCell()
  assert.match(svg(-1), /^<svg [^>]*viewBox="0 0 700 420" width="700"/)
  assert.match(svg(-1), /rgb\(255, 255, 255\)/)
})

test('without a watcher only the last of many updates is sent', async () => {
  const { sent } = fakeHost({ live: false })
  const handle = show([{ step: 0 }])
  for (let step = 1; step <= 100; step++) handle.update([{ step }])
  await settleDisplays()
  assert.deepEqual(
    sent.map(({ kind }) => kind),
    ['display', 'update'],
  )
  assert.match(String(sent[1]!.bundle['text/html']), />100</)
})

test('arquero tables, Arrow tables and objects give the same table; numbers stand right with common decimals', () => {
  const { sent } = fakeHost()
  const columns = { variant: ['mlp', 'attention'], exact: [85.25, 0.5] }
  show(aq.table(columns))
  show(tableFromArrays({ variant: columns.variant, exact: Float64Array.from(columns.exact) }))
  show(columns.variant.map((variant, i) => ({ variant, exact: columns.exact[i] })))
  const [html, ...others] = sent.map(({ bundle }) => String(bundle['text/html']))
  assert.deepEqual(others, [html, html])
  assert.match(html!, /<td style="text-align: right">0\.50<\/td>/)
  assert.match(html!, /<td style="text-align: left">mlp<\/td>/)
})

test('no value and no column name of a table becomes markup, also hostile names', () => {
  const { sent } = fakeHost()
  show([{ '<img src=x onerror=1>': '"><script>alert(1)</script>', toString: 1, constructor: null }])
  const html = String(sent[0]!.bundle['text/html'])
  assert.doesNotMatch(html, /<img|<script/)
  assert.match(html, />toString</)
  show(JSON.parse('[{"__proto__": "kept"}]'))
  assert.match(String(sent[1]!.bundle['text/html']), />__proto__<.*>kept</s)
})

test('escaped text has no character that HTML reads', () => {
  fc.assert(fc.property(fc.string(), (text) => !/[<>"']/.test(escapeHtml(text))))
})

test('a line that was overwritten keeps what was last to be seen', () => {
  assert.equal(overwritten('step 1\rstep 2\rstep 3\ndone\r\n'), 'step 3\ndone\n')
  assert.equal(overwritten('a\nb'), 'a\nb')
})

test('a tidied notebook has whole streams, lists of lines and no times', () => {
  const stream = (text: string) => ({ output_type: 'stream' as const, name: 'stdout', text })
  const cell: Cell = {
    cell_type: 'code',
    metadata: { execution: { 'iopub.status.busy': 'now' }, tags: ['a'] },
    source: 'a\nb',
    outputs: [stream('1\n'), stream('2\n'), { output_type: 'display_data', data: { 'text/plain': 'x' } }, stream('3')],
  }
  const [tidy] = tidyNotebook(notebookOf([cell])).cells
  assert.deepEqual(tidy?.metadata, { tags: ['a'] })
  assert.deepEqual(tidy?.source, ['a\n', 'b'])
  assert.deepEqual(
    tidy?.outputs?.map(({ text }) => text),
    [['1\n', '2\n'], undefined, ['3']],
  )
})

test('a notebook without its progress has all other outputs', () => {
  const line = progressBundle(['generated: 2 puzzles · 40 puzzles/s · took 0.1 s'])
  const output = (data: object) => ({ output_type: 'display_data' as const, metadata: {}, data })
  const others = [output({ 'text/plain': 'took 2 s' }), output({ 'text/html': ['<p>', 'recurlab-progress'] })]
  const outputs = [output(line), others[0]!, output({ ...line, 'text/html': [line['text/html']] }), others[1]!]
  const cells = [{ cell_type: 'code' as const, metadata: {}, source: '', outputs }]
  assert.deepEqual(withoutProgress(notebookOf(cells)).cells[0]?.outputs, others)
})

const parameters: Cell = {
  cell_type: 'code',
  metadata: { tags: ['parameters'] },
  source: `let steps: number = 300\nconst name = 'mlp' as const\nlet sizes = [1, 2]\nlet on = true`,
}

test('parameters are declared again after their cell, with the type as written', async () => {
  const given = new Map([
    ['steps', '5'],
    ['name', '7'],
    ['sizes', '[3]'],
    ['on', 'false'],
  ])
  const injected = await injectParameters(notebookOf([parameters]), given, 'a.ipynb')
  assert.deepEqual(injected.cells[1]?.metadata.tags, ['injected-parameters'])
  assert.deepEqual(String(injected.cells[1]?.source).split('\n').slice(1), [
    'let steps: number = 5',
    'let name = "7" as const',
    'let sizes = [3]',
    'let on = false',
  ])
  const again = await injectParameters(injected, new Map([['steps', '6']]), 'a.ipynb')
  assert.equal(again.cells.length, 2)
})

test('a BigInt parameter keeps every digit, and a number that would not is refused', async () => {
  const cell = { ...parameters, source: 'let seed = -1n\nlet steps = 2' }
  const inject = (name: string, text: string) =>
    injectParameters(notebookOf([cell]), new Map([[name, text]]), 'a.ipynb')
  for (const text of ['9007199254740993', '-9007199254740993n', '0'])
    assert.match(
      String((await inject('seed', text)).cells[1]?.source),
      new RegExp(`let seed = ${text.replace('n', '')}n$`),
    )
  await assert.rejects(inject('seed', '1.5'), /expected a value of kind bigint, as in the notebook, found 1\.5/)
  await assert.rejects(inject('steps', '9007199254740993'), /expected a whole number that is exact .*let steps = 1n/)
  assert.match(String((await inject('steps', '1e300')).cells[1]?.source), /let steps = 1e\+300$/)
})

const refused: readonly [string, [string, string], RegExp][] = [
  ['an unknown parameter, with the nearest', ['step', '1'], /found step\. Did you mean steps\?/],
  ['a value of another kind', ['steps', 'many'], /kind number.*found many/],
  ['a name that every object has', ['constructor', '1'], /found constructor/],
]
for (const [what, pair, message] of refused)
  test(`parameters: ${what} is refused as wrong use`, async () => {
    await assert.rejects(injectParameters(notebookOf([parameters]), new Map([pair]), 'a.ipynb'), (error) => {
      assert.ok(error instanceof UserError)
      assert.match(error.message, message)
      assert.equal(error.exitCode, 2)
      return true
    })
  })

test('parameters for a notebook without a parameters cell are refused', async () => {
  const plain = notebookOf([{ cell_type: 'code', metadata: {}, source: 'let steps = 1' }])
  await assert.rejects(
    injectParameters(plain, new Map([['steps', '1']]), 'a.ipynb'),
    /cell tagged "parameters".*found none/,
  )
})

test('a report keeps its text and loses every script and foreign style sheet', () => {
  const page =
    '<a>1</a><script src="https://x/y.js"></script><link rel="stylesheet" href="https://x/y.css"><script>\n1\n</script ><b>2</b>'
  assert.equal(withoutScripts(page), '<a>1</a><b>2</b>')
})

function notebookOf(cells: Cell[]): Notebook {
  return { nbformat: 4, nbformat_minor: 5, metadata: {}, cells }
}
