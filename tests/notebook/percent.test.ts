import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { type Cell, type Notebook, readNotebook, sourceOf, writeNotebook } from '../../lib/notebook/notebook.js'
import { matchCells } from '../../lib/notebook/percent/match.js'
import { pairOf, planSync, type SyncOptions } from '../../lib/notebook/percent/pair.js'
import { readPercent, type TextCell } from '../../lib/notebook/percent/read.js'
import { percentText } from '../../lib/notebook/percent/write.js'
import fc from '../fast-check.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-percent-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const kernelspec = { display_name: 'TypeScript (Recurlab)', language: 'typescript', name: 'recurlab' }
const textCell = (source: string, cell_type: Cell['cell_type'] = 'code', metadata = {}): TextCell => ({
  cell_type,
  metadata,
  source,
})
const code = (id: string, source: string, output = `${id}'s output`): Cell => ({
  ...textCell(source),
  id,
  execution_count: 1,
  outputs: [{ output_type: 'stream', name: 'stdout', text: output }],
})
const notebookOf = (cells: Cell[]): Notebook => ({ nbformat: 4, nbformat_minor: 5, metadata: { kernelspec }, cells })

test('a notebook is written as percent cells: code as it is, other cells in comments, metadata after the type', () => {
  const cells = [
    textCell('# Title\n\nText with */ and `code`', 'markdown'),
    textCell('let steps = 3', 'code', { tags: ['parameters'], collapsed: true }),
    textCell('const answer = await Promise.resolve(steps)\nanswer', 'code', { title: 'The answer' }),
    textCell('', 'code'),
    textCell('as it is', 'raw', { 'a b': 1, c: [null, { z: 1, y: 'x' }] }),
  ]
  assert.equal(
    percentText({ kernelspec, cells }),
    `// ---
// jupyter:
//   jupytext:
//     text_representation:
//       extension: .ts
//       format_name: percent
//       format_version: '1.3'
//   kernelspec:
//     display_name: TypeScript (Recurlab)
//     language: typescript
//     name: recurlab
// ---

// %% [markdown]
// # Title
//
// Text with */ and \`code\`

// %% tags=["parameters"]
let steps = 3

// %% The answer
const answer = await Promise.resolve(steps)
answer

// %%

// %% [raw] {"a b": 1, "c": [null, {"y": "x", "z": 1}]}
// as it is
`,
  )
})

const line = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom(
    '',
    ' ',
    '// %%',
    '  // %% [markdown]',
    '// \\%%',
    '//%%',
    '%%',
    '\\%% a',
    '// ---',
    '*/',
    '//',
    '\ufeff',
    'a ',
  ),
)
const source = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\n\n', '\r\n', '\r', '\u2028', '\u2029', '\f', '\x85', '')))
  .map((lines) => lines.flat().join(''))
const word = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.constantFrom('a b', 'x', '[raw]', '%', 'a=1', '{', '__proto__', '"'),
)
const metadata = fc
  .record(
    { title: fc.oneof(word, fc.integer()), tags: fc.array(word), rest: fc.dictionary(word, fc.jsonValue()) },
    { requiredKeys: [] },
  )
  .map(({ rest, ...named }) => ({ ...JSON.parse(JSON.stringify(rest ?? {})), ...named }))
const anyCell = fc.record({
  cell_type: fc.constantFrom<Cell['cell_type']>('code', 'markdown', 'raw'),
  metadata,
  source,
})

/** Half a character becomes U+FFFD in a file. */
const inUtf8 = <T>(value: T): T =>
  JSON.parse(Buffer.from(JSON.stringify(value, (_, each) => wellFormed(each))).toString()) as T
const wellFormed = (each: unknown): unknown => (typeof each === 'string' ? Buffer.from(each).toString() : each)

test('every notebook has the same cells after it was written as text and read again', () => {
  fc.assert(
    fc.property(fc.array(anyCell, { maxLength: 5 }), (cells) => {
      const text = percentText({ kernelspec, cells })
      const read = readPercent(text, 'a.ts')
      assert.deepEqual(inUtf8(read.cells), inUtf8(cells))
      assert.deepEqual(read.kernelspec, kernelspec)
      assert.equal(percentText(read), text)
    }),
    { numRuns: 200 },
  )
})

test('a text in comments stays in comments for TypeScript, whatever ends its lines', () => {
  const text = percentText({ kernelspec, cells: [textCell('a\u2028b\rc\u2029\nd', 'markdown')] })
  const body = text.slice(text.indexOf('[markdown]'))
  assert.ok(
    body
      .split(/\r\n|[\n\r\u2028\u2029]/)
      .slice(1, -1)
      .every((each) => each.startsWith('//')),
  )
})

test('a text of another hand is read too: CRLF, a byte-order mark, no front matter, blank lines, no space after //', () => {
  const text =
    '\ufeff\n//%%\r\n1 + 1\r\n// %% [md]\r\n//# Title\r\n\r\n// more\r\n\r\n\r\n// %% Load data tags=["a"] k = {"b": "]"}\r\nx'
  assert.deepEqual(readPercent(text.replace('\ufeff\n', '\ufeff'), 'a.ts').cells, [
    textCell('1 + 1'),
    textCell('# Title\n\nmore', 'markdown'),
    textCell('x', 'code', { title: 'Load data', tags: ['a'], k: { b: ']' } }),
  ])
})

const wrongTexts: readonly [string, string, RegExp][] = [
  ['nothing at all', '\n', /^a\.ts: expected the text of a notebook, found an empty file/],
  [
    'text before the first cell',
    'import a\n\n// %%\n',
    /^a\.ts, line 1: expected a cell that starts with \/\/ %%, found "import a"/,
  ],
  [
    'an unknown type',
    '// %%\n// %% [markdwon]\n',
    /^a\.ts, line 2: .*found \[markdwon\]\. Did you mean \[markdown\]\?/,
  ],
  ['two types', '// %% [raw] [raw]', /once/],
  ['cells in cells', '// %%%% part', /line 1: .*found %%%% part/],
  ['metadata that is not JSON', '// %% tags=[a]', /expected tags= with a value in JSON, found tags=\[a\]/],
  ['tags that are no list of texts', '// %% tags="a"', /expected tags as a list of texts, found "a"/],
  ['a key given twice', '// %% a=1 a=2', /found a twice/],
  ['words after metadata', '// %% a=1 b', /key=JSON pairs to the end/],
  ['code in a cell of text', '// %% [markdown]\n// a\nlet b = 1\n', /line 3: expected a comment.*found "let b = 1"/],
  ['a front matter without end', '// ---\n// jupyter:\n\n// %%\n', /line 1: expected front matter that ends with/],
  ['a front matter that is not YAML', '// ---\n// a: [\n// ---\n', /expected front matter in YAML/],
  ['other metadata of the notebook', '// ---\n// jupyter:\n//   widgets: {}\n// ---\n', /found widgets\./],
  [
    'another version of the format',
    '// ---\n// jupyter:\n//   jupytext:\n//     text_representation:\n//       format_version: 2\n// ---\n',
    /expected the percent format 1\.3, found percent 2/,
  ],
]
for (const [what, text, message] of wrongTexts)
  test(`in a text, ${what} is refused by name`, () => {
    assert.throws(
      () => readPercent(text, 'a.ts'),
      (error) => {
        assert.ok(error instanceof UserError, String(error))
        assert.match(error.message, message)
        return true
      },
    )
  })

test('unchanged cells keep outputs and identifiers, moved ones too; a changed one keeps its identifier alone', () => {
  const before = [code('a', 'a'), code('b', 'b'), code('c', 'c'), code('d', 'd')]
  const { cells, changed } = matchCells(
    before,
    ['d', 'a', 'b2', 'new', 'c'].map((each) => textCell(each)),
    true,
  )
  assert.deepEqual(
    cells.slice(0, 3).map(({ id, outputs }) => [id, outputs?.length]),
    [
      ['d', 1],
      ['a', 1],
      ['b', 0],
    ],
  )
  assert.match(cells[3]!.id!, /^[0-9a-f]{8}$/)
  assert.deepEqual(cells[4], before[2])
  assert.equal(cells[2]!.execution_count, null)
  assert.equal(changed, 2)
  assert.equal(matchCells(before, [textCell('new', 'markdown')], true).changed, 0)
})

test('of two equal cells, the one that was deleted loses its output', () => {
  const before = [code('x', 'x'), code('s1', 'show()'), code('y', 'y'), code('s2', 'show()')]
  const { cells } = matchCells(
    before,
    ['x', 'y', 'show()'].map((each) => textCell(each)),
    true,
  )
  assert.deepEqual(
    cells.map(({ id }) => id),
    ['x', 'y', 's2'],
  )
})

test('metadata of a text replaces that of its cell, but not how the cell was looked at; identifiers are never given twice', () => {
  const before = [{ ...code('a', 'a'), metadata: { scrolled: true, tags: ['old'] } }]
  const { cells } = matchCells(before, [textCell('a', 'code', { tags: ['new'] }), textCell(''), textCell('')], true)
  assert.deepEqual(cells[0]?.metadata, { scrolled: true, tags: ['new'] })
  assert.equal(new Set(cells.map(({ id }) => id)).size, 3)
  assert.ok(matchCells([], [textCell('a')], false).cells.every((cell) => !('id' in cell)))
})

test('a text that was matched with any notebook gives the cells of the text, each with an identifier of its own', () => {
  const few = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 8 })
  fc.assert(
    fc.property(few, few, (before, now) => {
      const { cells } = matchCells(
        before.map((each, i) => code(`id${i}`, each, each)),
        now.map((each) => textCell(each)),
        true,
      )
      assert.deepEqual(cells.map(sourceOf), now)
      assert.equal(new Set(cells.map(({ id }) => id)).size, now.length)
      for (const cell of cells) for (const output of cell.outputs ?? []) assert.equal(output.text, sourceOf(cell))
    }),
  )
})

let pairs = 0
/** A new pair of files and its sync, which remembers only what it did itself. */
function newPair(cells: Cell[] = [code('a', 'a'), code('b', 'b')]) {
  const pair = pairOf(path.join(folder, `${++pairs}.ipynb`))
  writeNotebook(pair.ipynb, notebookOf(cells))
  const records = path.join(folder, `records-${pairs}`)
  const sync = (options: SyncOptions = {}) => {
    const plan = planSync(pair, { records, committed: () => null, ...options })
    plan.apply()
    return plan.writes
  }
  const edit = (from: string, to: string): void =>
    writeFileSync(pair.ts, readFileSync(pair.ts, 'utf8').replace(from, to))
  const editNotebook = (from: string, to: string): void => {
    const notebook = readNotebook(pair.ipynb)
    writeNotebook(pair.ipynb, {
      ...notebook,
      cells: notebook.cells.map((cell) => ({ ...cell, source: sourceOf(cell).replace(from, to) })),
    })
  }
  return { pair, sync, edit, editNotebook, records }
}

test('the side that has changed since the last sync leads, in both directions; with no change nothing is written', () => {
  const { pair, sync, edit, editNotebook } = newPair()
  assert.equal(sync(), 'ts')
  assert.equal(sync(), null)
  edit('\nb', '\nb2')
  assert.equal(sync(), 'ipynb')
  const { cells } = readNotebook(pair.ipynb)
  assert.deepEqual(
    cells.map((cell) => [cell.id, sourceOf(cell), cell.outputs?.length]),
    [
      ['a', 'a', 1],
      ['b', 'b2', 0],
    ],
  )
  editNotebook('a', 'a2')
  assert.equal(sync(), 'ts')
  assert.match(readFileSync(pair.ts, 'utf8'), /\na2\n/)
  const bytes = [pair.ipynb, pair.ts].map((file) => readFileSync(file, 'utf8'))
  assert.equal(sync(), null)
  assert.equal(sync({ from: 'ts' }), null)
  assert.deepEqual(
    [pair.ipynb, pair.ts].map((file) => readFileSync(file, 'utf8')),
    bytes,
  )
})

test('where both have changed, one error names both and the two ways out, and nothing is written', () => {
  const { pair, sync, edit, editNotebook } = newPair()
  sync()
  edit('\nb', '\nb2')
  editNotebook('a', 'a2')
  const bytes = [pair.ipynb, pair.ts].map((file) => readFileSync(file, 'utf8'))
  assert.throws(
    () => sync(),
    /\.ipynb and .*\.ts: .* found changes in both\. Keep the text with --from ts, or the notebook with --from ipynb\.$/,
  )
  assert.deepEqual(
    [pair.ipynb, pair.ts].map((file) => readFileSync(file, 'utf8')),
    bytes,
  )
  assert.equal(sync({ from: 'ts' }), 'ipynb')
  assert.equal(sync(), null)
})

test('without a record of a sync the last commit says which side has changed; without a commit, the user does', () => {
  const { pair, sync, edit, records } = newPair()
  sync()
  const commit = new Map([pair.ipynb, pair.ts].map((file) => [file, readFileSync(file, 'utf8')]))
  edit('\nb', '\nb2')
  rmSync(records, { recursive: true })
  assert.throws(() => sync(), /found different cells and no record of a sync/)
  assert.throws(() => sync({ committed: () => 'of another form' }), /found different cells and no record of a sync/)
  assert.equal(sync({ committed: (file) => commit.get(file) ?? null }), 'ipynb')
})

test('a text alone becomes a notebook with identifiers, the same on every machine', () => {
  const { pair, sync } = newPair()
  sync()
  const made = () => {
    rmSync(pair.ipynb)
    assert.equal(sync(), 'ipynb')
    return readFileSync(pair.ipynb, 'utf8')
  }
  assert.equal(made(), made())
  assert.deepEqual(readNotebook(pair.ipynb).metadata, { kernelspec })
})

test('attachments, widgets and other metadata of a notebook stay in it when its text changes', () => {
  const picture: Cell = {
    ...textCell('![](a.png)', 'markdown'),
    id: 'm',
    attachments: { 'a.png': { 'image/png': 'QQ==' } },
  }
  const { pair, sync, edit } = newPair([picture, code('a', 'a')])
  const before = readNotebook(pair.ipynb)
  writeNotebook(pair.ipynb, { ...before, metadata: { ...before.metadata, widgets: { x: 1 } } })
  sync()
  edit('![]', '![A]')
  assert.equal(sync(), 'ipynb')
  const { cells, metadata } = readNotebook(pair.ipynb)
  assert.deepEqual([cells[0]!.attachments, metadata.widgets], [picture.attachments, { x: 1 }])
})

test('a notebook of another language, a broken one, a merge conflict and a read-only file are refused by name', () => {
  const { pair, sync, edit } = newPair()
  sync()
  edit('\nb', '\nb2')
  chmodSync(pair.ipynb, 0o444)
  assert.throws(() => sync(), /\.ipynb: .*found a read-only file/)
  chmodSync(pair.ipynb, 0o644)
  edit('b2', '<<<<<<< HEAD\nb2\n=======\nb3\n>>>>>>> other')
  assert.throws(() => sync(), /\.ts, line 18: expected a merged file, found a conflict/)
  edit('<<<<<<< HEAD\nb2\n=======\nb3\n>>>>>>> other', 'b2')
  edit('language: typescript', 'language: python')
  assert.throws(() => sync(), /\.ts: expected a notebook in TypeScript, found one in python\.$/)
  writeFileSync(pair.ipynb, '{"cells": [\n<<<<<<< HEAD\n')
  assert.throws(() => sync(), /\.ipynb, line 2: .*git checkout --ours/)
  writeFileSync(pair.ipynb, '{"cells": [')
  assert.throws(() => sync(), /\.ipynb: expected a notebook \(JSON\), found/)
  writeFileSync(pair.ipynb, '{"nbformat": 4, "cells": [{"cell_type": "code", "metadata": {}}]}')
  assert.throws(() => sync(), /\.ipynb, cell 1: expected a cell with/)
  writeNotebook(pair.ipynb, { ...notebookOf([]), metadata: { kernelspec: { name: 'python3', language: 'python' } } })
  assert.throws(() => sync(), /expected a notebook in TypeScript, found one in python\.$/)
  assert.throws(() => pairOf('a.py'), /expected a notebook \(\.ipynb\) or its text \(\.ts\)/)
  assert.throws(() => planSync(pairOf(path.join(folder, 'none.ts'))), /none\.ts: expected a file, found none/)
})

test('a damaged text is written again with --from ipynb, but another TypeScript file in its place is not touched', () => {
  const { pair, sync, edit } = newPair()
  sync()
  const text = readFileSync(pair.ts, 'utf8')
  edit('// %%', '// %% [')
  assert.throws(() => sync())
  assert.equal(sync({ from: 'ipynb' }), 'ts')
  assert.equal(readFileSync(pair.ts, 'utf8'), text)
  writeFileSync(pair.ts, 'export const a = 1\n')
  for (const from of [undefined, 'ipynb', 'ts'] as const)
    assert.throws(() => sync({ from }), /line 1: expected a cell that starts with/)
  assert.equal(readFileSync(pair.ts, 'utf8'), 'export const a = 1\n')
})
