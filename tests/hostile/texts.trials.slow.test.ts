import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import { UserError } from '../../lib/errors.js'
import { escapeLatex } from '../../lib/escape/latex.js'
import { escapeMarkdown } from '../../lib/escape/markdown.js'
import { visible } from '../../lib/escape/visible.js'
import { progressText } from '../../lib/notebook/progress-text.js'
import { streamSink } from '../../lib/notebook/status-line.js'
import { terminalProgress } from '../../lib/notebook/terminal.js'
import { boardsText } from '../../lib/plot/puzzle-text.js'
import { toCsv } from '../../lib/results/export.js'
import { toLatex } from '../../lib/results/latex.js'
import { toMarkdown } from '../../lib/results/markdown.js'
import { formatTable } from '../../lib/results/text.js'
import { displayWidth } from '../../lib/results/text-width.js'
import { trials } from '../trials.js'
import { payloads } from './payloads.js'
import { printedByTex } from './tex.js'
import { formulas, honestTexts, latexTexts, plainCells, terminalTexts } from './texts.js'

const all = [...latexTexts, ...terminalTexts, ...honestTexts, ...formulas, ...payloads.map(({ text }) => text)]
const every = { cases: all, sample: all.length }

/** The reading of a line of text: ends of lines are spaces, and what cannot be printed is visible. */
const oneLine = (text: string): string => visible(text.replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, ' '))
/** A text as a file holds it. */
const inUtf8 = (text: string): string => Buffer.from(text).toString()
const squeezed = (text: string): string => text.replace(/[\s’']+/g, '')

test(
  ...trials('LaTeX prints a hostile text as it is, and obeys no command in it', every, (text) => {
    const expected = squeezed(oneLine(text.normalize('NFC')).replaceAll('"', '”'))
    assert.equal(squeezed(printedByTex(escapeLatex(text)).replaceAll('"', '”')), expected)
    for (const environment of ['table', 'tabular'] as const) {
      const caption = environment === 'table' ? { caption: text } : {}
      const latex = toLatex(
        [
          { [text]: text, n: 1 },
          { [text]: 'b', n: 2 },
        ],
        { environment, ...caption },
      )
      assert.equal(latex.match(/\\\\(?=\n)/g)?.length, 3, 'rows')
      const [, cell] = /\\midrule\n {4}([\s\S]*?) & \\num\{1\} \\\\/.exec(latex) ?? []
      assert.ok(text.trim() === '' || cell !== undefined, latex)
      assert.equal(squeezed(printedByTex(cell!).replaceAll('"', '”')), expected)
      assert.doesNotMatch(latex, /^ {4}[[*]/m, 'no argument of the row before')
    }
  }),
)

test(
  ...trials('a Markdown table keeps a hostile text in its cell, without markup', every, (text) => {
    const table = toMarkdown([{ [text]: text, n: 1 }], { caption: text })
    const rows = table.split('\n').filter((line) => line.startsWith('|'))
    assert.equal(rows.length, 3)
    for (const row of rows) assert.equal(row.match(/(?<!\\)(?:\\\\)*\|/g)?.length, 3, row)
    const escaped = escapeMarkdown(text)
    assert.doesNotMatch(escaped, /[<>]|(?<!\\)(?:\\\\)*[`*_[\]~$|]|&(?!amp;|lt;|gt;)/)
    const read = escaped
      .replace(/\\([\\`*_[\]|~$])/g, '$1')
      .replace(/&lt;/g, '<')
      .replace(/&gt;/g, '>')
      .replace(/&amp;/g, '&')
    assert.equal(read, oneLine(text))
    assert.doesNotMatch(table, /^(?:#|=|- |\+ |---|\d+[.)] )/)
  }),
)

const cells = [...all, ...plainCells]
test(
  ...trials(
    'CSV gives every text back, and no cell of it is a formula',
    { cases: cells, sample: cells.length },
    (text) => {
      const [head, row] = parse(toCsv([{ [text]: text, number: -0.5, big: -3n }]), {
        record_delimiter: '\r\n',
      }) as string[][]
      assert.deepEqual(row!.slice(1), ['-0.5', '-3'], 'numbers stay numbers')
      for (const cell of [head![0]!, row![0]!]) {
        assert.doesNotMatch(cell, /^\s*[=@]|^\s*[+-][\s\S]*[(|!]/)
        assert.equal(cell.replace(/^'(?=\s*[=+@-])/, ''), inUtf8(text))
      }
      if (plainCells.includes(text)) assert.equal(row![0], text)
      if (formulas.includes(text)) assert.equal(row![0], `'${text}`)
    },
  ),
)

/** Colours and type styles. */
const STYLES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;:]*m`, 'g')
/** Everything that a terminal obeys, save the ends of lines. */
const OBEYED = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u
const withoutEnds = (text: string): string => text.replaceAll('\n', '')

/** A terminal of forty columns that keeps what it is given. */
function terminal(): { stream: NodeJS.WriteStream; written: () => string } {
  let text = ''
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 40 })
  stream.on('data', (chunk) => (text += String(chunk)))
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => text }
}

test(
  ...trials('a terminal shows a hostile text and obeys nothing in it', every, async (text) => {
    const table = formatTable([
      { [text]: text, n: 1 },
      { [text]: 'b', n: 2 },
    ])
    assert.doesNotMatch(withoutEnds(table), OBEYED)
    const lines = table.split('\n')
    assert.equal(lines.length, 4, 'a row is a line')
    const ends = new Set(lines.filter((line) => /[n─12]$/.test(line)).map(displayWidth))
    assert.equal(ends.size, 1, `columns are aligned: ${[...ends].join()}`)
    const { message } = new UserError({ where: text, expected: text, found: text, todo: 'See it.' })
    assert.doesNotMatch(message, OBEYED)
    const line = progressText(
      { label: text, unit: 'steps', done: 1, total: 2, seconds: 1, metrics: [], state: 'running' },
      true,
    )
    assert.doesNotMatch(line, OBEYED)
    const token = { symbol: text, label: text, fill: '#FFFFFF', ink: '#222222' }
    const look = { rows: 1, columns: 1, box: null, gap: '', lines: '', padding: null, blank: null, token: () => token }
    const board = { title: text, look, rows: 1, columns: 1, cells: [{ ...token, mark: 'wrong' as const }] }
    for (const color of [false, true]) {
      const drawn = boardsText([board], { color })
      assert.doesNotMatch(withoutEnds(drawn.replace(STYLES, '')), OBEYED)
      if (!color) assert.doesNotMatch(withoutEnds(drawn), OBEYED)
    }
    const { stream, written } = terminal()
    const sink = streamSink(stream)
    sink.status(text)
    sink.status('')
    const bundle = {
      cells: [{ cell_type: 'code' as const, metadata: {}, source: text, outputs: [], execution_count: null }],
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5,
    }
    const shown = terminalProgress(bundle, stream)
    shown.event({ event: 'cell', cell: 0, number: 1, total: 1 })
    shown.event({ event: 'stream', name: 'stdout', text } as never)
    shown.event({ event: 'shown', text } as never)
    shown.event({ event: 'status', text } as never)
    shown.end()
    await new Promise(setImmediate)
    assert.doesNotMatch(withoutEnds(written().replace(STYLES, '')).replace(/[\r\t]/g, ''), OBEYED)
  }),
)

test('a name in any script is printed as it is', () => {
  for (const text of honestTexts) {
    assert.equal(visible(text), text)
    assert.ok(formatTable([{ name: text }]).endsWith(text))
  }
})
