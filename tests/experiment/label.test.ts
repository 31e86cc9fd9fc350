import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import type { Dataset } from '../../lib/index.js'
import { loadRun, Runs, sudoku, sweep, train } from '../../lib/index.js'

let resultsDir = ''
let data: Dataset
before(async () => {
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-label-'))
  data = await sudoku({ box: [2, 2], clues: 6, train: 30, test: 10, seed: 3 })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 2, evalEvery: 2, evalBatch: 10 }

test('the runs of a sweep carry its name, note and tags into the table; a sweep of another name takes them over as they are', async () => {
  const label = { name: 'first look', note: 'two\nlines', tags: ['paper', 'fig1'] }
  const runs = await sweep(base, { seed: [0, 1] }, data, { resultsDir, observer: {}, ...label })
  const shown = runs.table().map(({ name, tags, note }) => ({ name, tags, note }))
  const row = { name: 'first look', tags: 'paper, fig1', note: 'two\nlines' }
  assert.deepEqual(shown, [row, row])
  assert.deepEqual(loadRun(runs.all[0]!.id, resultsDir).label, label)
  const again = await sweep(base, { seed: [0, 1] }, data, { resultsDir, observer: {}, resume: true, name: 'another' })
  assert.deepEqual(
    again.all.map(({ id, label }) => [id, label?.name]),
    runs.all.map(({ id }) => [id, 'first look']),
  )
})

test('a run without a label has no columns of one, beside a run with a name an empty cell', async () => {
  const id = await train({ ...base, seed: 7 }, data, { resultsDir, observer: {} })
  const plain = loadRun(id, resultsDir)
  assert.ok(!('name' in new Runs([plain]).table()[0]!))
  const named = loadRun(await train({ ...base, seed: 8 }, data, { resultsDir, observer: {}, name: 'x' }), resultsDir)
  assert.deepEqual(
    new Runs([plain, named]).table().map((row) => row.name),
    [null, 'x'],
  )
})

test('a name that cannot be given is refused before anything is made', async () => {
  const before = readdirSync(path.join(resultsDir, 'runs'))
  for (const [label, message] of [
    [{ name: '' }, /key name: expected a text of 1 to 80 characters on one line, found an empty one/],
    [{ name: 'a\nb' }, /found the character U\+000A/],
    [{ note: `${'x'.repeat(2001)}` }, /key note: expected a text of 1 to 2000 characters, found 2001/],
    [{ name: 'half \ud83d' }, /found the character U\+D83D/],
    [{ tags: ['a,b'] }, /tags without commas, found a,b/],
    [{ tags: Array.from({ length: 21 }, (_, i) => `t${i}`) }, /at most 20 tags, found 21/],
  ] as const)
    await assert.rejects(train(base, data, { resultsDir, observer: {}, ...label }), { name: 'UserError', message })
  assert.deepEqual(readdirSync(path.join(resultsDir, 'runs')), before)
})
