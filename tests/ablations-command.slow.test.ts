import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { listRuns } from '../lib/results/record.js'
import { recurlab } from './recurlab.js'

const dir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-ablations-'))
after(() => rmSync(dir, { recursive: true }))

const tiny = ['trainSteps=2', 'K=2', 'hidden=16', 'trainPuzzles=20', 'testPuzzles=10', `out=${dir}`]

test('recurlab ablations lists the rows of a table with what each changes and the number that is reported', async () => {
  const { code, stdout } = await recurlab(['ablations', 'table=1', '--json'])
  const rows = JSON.parse(stdout) as Record<string, unknown>[]
  assert.deepEqual([code, rows.length], [0, 9])
  const row = rows.find(({ method }) => method === 'TRM, no EMA')
  assert.deepEqual(row?.changes, { ema: 0 })
  assert.deepEqual([row?.['test accuracy (%)'], row?.depth], [79.9, 42])
  assert.equal((row?.config as { epochs?: number } | undefined)?.epochs, 50_000)
})

test('recurlab train --ablation trains one row over a preset, and the run is named after it', async () => {
  const { code, stderr } = await recurlab(['train', '--ablation', 'trm, single z', 'sudoku-pocket', ...tiny])
  assert.deepEqual([code, stderr], [0, ''])
  const { runs } = listRuns(dir)
  const [run] = runs
  assert.deepEqual([runs.length, run?.config.latents, run?.config.n, run?.config.batch], [1, 'single', 6, 64])
  const listed = JSON.parse((await recurlab(['runs', `out=${dir}`, '--json'])).stdout) as { name?: string }[]
  assert.equal(listed[0]?.name, 'TRM, single z')
})

test('recurlab ablations train= trains the rows of a table for each seed, and the same command takes them over', async () => {
  const args = ['ablations', 'table=1', 'method=no ema', 'train=sudoku-pocket', 'seeds=3,4', ...tiny, '--json']
  const first = await recurlab(args)
  assert.equal(first.code, 0, first.stderr)
  const rows = JSON.parse(first.stdout) as Record<string, unknown>[]
  assert.deepEqual(
    rows.map((row) => [row.method, row.seed, row['reported (%)']]),
    [
      ['TRM, no EMA', 3, 79.9],
      ['TRM, no EMA', 4, 79.9],
    ],
  )
  const again = JSON.parse((await recurlab(args)).stdout) as Record<string, unknown>[]
  assert.deepEqual(
    again.map(({ run }) => run),
    rows.map(({ run }) => run),
  )
})

test('seeds without train= are refused, and so are seed= and seeds= together', async () => {
  const [idle, both] = await Promise.all([
    recurlab(['ablations', 'seeds=1']),
    recurlab(['ablations', 'train=sudoku-pocket', 'seed=1', 'seeds=1,2']),
  ])
  assert.deepEqual([idle.code, both.code], [2, 2])
  assert.match(idle.stderr, /expected train=PRESET beside seeds=/)
  assert.match(both.stderr, /expected either seed= or seeds=, found both/)
})
