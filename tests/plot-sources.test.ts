import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { sourcesOfRuns } from '../lib/experiment/compare/figure-sources.js'
import { bundleOf, PLOTLY_MIME } from '../lib/notebook/bundle.js'
import { beside } from '../lib/plot/beside.js'
import { curves } from '../lib/plot/curves.js'
import type { Figure } from '../lib/plot/figure.js'
import { printForm } from '../lib/plot/forms.js'
import { reportedSudoku, withReportedLines } from '../lib/plot/reported.js'
import { captionOf, sourcesOf, withSources } from '../lib/plot/sources.js'
import { renderFigure } from '../lib/plot/static.js'
import { printFromWords, printOf, type VenueName, venues } from '../lib/plot/venues.js'

const line = curves([{ name: 'mlp', x: [0, 1], y: [0, 1] }], { x: 'optimiser step', y: 'exact accuracy (%)' })
const RUN = '20261104-093012-sudoku-mlp-3fa9'
const sourced = withSources(line, { runs: [RUN], code: ['4060510'.padEnd(40, '0')], data: ['0123456789abcdef'] })

test('a caption says what is drawn, the source of every reported value, and runs, code and data', () => {
  assert.equal(line.caption(), 'Exact accuracy (%) against optimiser step.')
  assert.equal(
    sourced.caption(),
    `Exact accuracy (%) against optimiser step. Run ${RUN}, code 406051000000, data 0123456789ab.`,
  )
  const reported = withReportedLines(sourced, [reportedSudoku.trm])
  assert.match(reported.caption(), /\. Reported: TRM .*87\.4 \(Sudoku-Extreme, arXiv 2510\.04871, table 1\)\. Run 2026/)
})

test("a figure's sources survive a copy, JSON, a spread and the notebook's form", () => {
  const copies: Figure[] = [structuredClone({ ...sourced }), JSON.parse(JSON.stringify(sourced)), { ...sourced }]
  for (const copy of copies) assert.equal(captionOf(copy), sourced.caption())
  const shown = bundleOf(sourced)[PLOTLY_MIME] as Figure
  assert.deepEqual(sourcesOf(shown), sourcesOf(sourced))
  assert.deepEqual(Object.keys(sourced), ['data', 'layout'])
})

test('two figures side by side have the sources of both, each once', () => {
  const other = withSources(line, { runs: ['other', RUN] })
  assert.deepEqual(sourcesOf(beside(sourced, other)).runs, [RUN, 'other'])
})

test('a caption of many runs names a dozen and counts the others, and shows no markup of names', () => {
  const many = withSources(curves([], { title: 'a < b & <i>c</i>' }), {
    runs: Array.from({ length: 500 }, (_, i) => `r${i}`),
  })
  assert.match(many.caption(), /^A < b & <i>c<\/i>\. Runs r0, .*, r11 and 488 more\.$/)
})

test("a layout's own meta stays, and one of another shape is no source", () => {
  const own = { data: [], layout: { meta: { mine: 1, sources: 'none' } } }
  assert.deepEqual(sourcesOf(own), {})
  assert.deepEqual(withSources(own, { runs: ['a'] }).layout.meta, { mine: 1, sources: { runs: ['a'] } })
  assert.deepEqual(sourcesOf({ data: [], layout: { meta: [1, 2] } }), {})
})

test('sources of runs are their IDs, commits with a note on changed files, and data hashes; a lost record leaves the ID', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-sources-'))
  try {
    const stored = (id: string, provenance: object) => {
      const dir = path.join(folder, id)
      mkdirSync(dir)
      writeFileSync(path.join(dir, 'provenance.json'), JSON.stringify(provenance))
      return { id, dir }
    }
    const runs = [
      stored('a', { code: { commit: 'c1', changed: [] }, dataHash: 'd1' }),
      stored('b', { code: { commit: 'c1', changed: ['lib/x.ts'] }, dataHash: 'd1' }),
      stored('c', { code: { commit: null }, dataHash: 'd2' }),
      { id: 'lost', dir: path.join(folder, 'lost') },
    ]
    assert.deepEqual(sourcesOfRuns(runs), {
      runs: ['a', 'b', 'c', 'lost'],
      code: ['c1', 'c1 + changes'],
      data: ['d1', 'd2'],
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('every venue has its widths, and its type has 7 to 9 points on paper', () => {
  const widths: Readonly<Record<VenueName, readonly [number, number]>> = {
    neurips: [5.5, 5.5],
    icml: [3.25, 6.75],
    iclr: [5.5, 5.5],
    ieee: [3.5, 7.16],
    nature: [3.504, 7.205],
    acl: [3.031, 6.299],
  }
  for (const venue of Object.keys(venues) as VenueName[])
    for (const [i, column] of (['single', 'double'] as const).entries()) {
      const print = printOf({ venue, column })!
      assert.ok(Math.abs(print.width - widths[venue][i]!) < 5e-4, venue)
      const { figure, inches } = printForm(line, print)
      assert.equal(inches.width, print.width)
      const { font } = (figure.layout.template as { layout: { font: { size: number } } }).layout
      const points = (font.size * inches.width * 72) / Number(figure.layout.width)
      assert.ok(points > 6.98 && points < 9.02, `${venue}: ${points} pt`)
      assert.ok(Math.abs(points - venues[venue].points) < 0.02)
      assert.ok(
        Math.abs(inches.height / inches.width - Number(figure.layout.height) / Number(figure.layout.width)) < 1e-9,
      )
    }
})

test('on paper a figure keeps the ratio of its own size, has a given height, and breaks labels wider than its column', () => {
  const print = printOf({ venue: 'icml' })!
  const square = printForm({ data: [], layout: { width: 500, height: 500 } }, print)
  assert.ok(Math.abs(square.inches.height - 3.25) < 0.01)
  assert.ok(Math.abs(printForm(line, { ...print, height: 1.5 }).inches.height - 1.5) < 1e-9)
  const name = 'self-attention without positions, trained on a thousand puzzles for a very long time (3 seeds)'
  const long = curves(
    [0, 1].map((i) => ({ name: `${name} ${i}`, x: [0, 1], y: [0, i] })),
    { title: name },
  )
  const { figure, inches } = printForm(long, print)
  for (const text of [figure.data[0]!.name, (figure.layout.title as { text: string }).text]) {
    assert.ok(String(text).split('<br>').length >= 2, String(text))
    assert.equal(String(text).replace(/<br>/g, ' ').slice(0, name.length), name)
  }
  assert.ok(inches.height > printForm(line, print).inches.height)
})

test('a wrong venue, column, size or resolution is refused by name', async () => {
  const refused: [Record<string, unknown>, RegExp][] = [
    [{ venue: 'nerips' }, /^venue: expected one of neurips, icml, iclr, ieee, nature, acl, found "nerips"\..*neurips/],
    [{ venue: '__proto__' }, /^venue: expected one of/],
    [{ venue: 'acl', column: 'triple' }, /^column: expected single or double/],
    [{ venue: 'acl', width: 300 }, /^width: expected 1 to 40 inches, found 300/],
    [{ venue: 'acl', height: Number.NaN }, /^height: expected 1 to 40 inches, found NaN/],
    [{ height: 2 }, /^height: expected a venue or a width beside it/],
    [{ dpi: 5000 }, /^dpi: expected 36 to 1200 pixels per inch, found 5000/],
  ]
  for (const [options, message] of refused)
    await assert.rejects(renderFigure(line, 'png', options), { name: 'UserError', message })
})

test('a command line names a venue and a column, and a wrong word is refused', () => {
  assert.deepEqual(printFromWords({ venue: 'ieee', column: 'double' }), { venue: 'ieee', column: 'double' })
  assert.deepEqual(printFromWords({}), {})
  assert.throws(() => printFromWords({ venue: 'iclear' }), /^UserError: venue: expected one of .*found "iclear"/)
  assert.throws(() => printFromWords({ venue: 'ieee', column: '2' }), /^UserError: column: expected single or double/)
})
