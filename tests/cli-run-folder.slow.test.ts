import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { listRuns } from '../lib/results/run.js'
import { recurlab } from './recurlab.js'
import { setOwner } from './results/fixture.js'
import { root } from './shared.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-folder-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const TINY = [
  ...['train', 'sudoku-pocket', 'T=1', 'n=1', 'hidden=16', 'heads=2', 'batch=8', 'K=2', 'trainPuzzles=20'],
  ...['testPuzzles=10', 'evalEvery=100000'],
]

test('a run whose folder is moved while it trains ends with that reason, leaves no ghost, and can go on where it is', async () => {
  const [out, elsewhere] = [path.join(folder, 'moved'), path.join(folder, 'elsewhere')]
  let moved = false
  const { code, stderr } = await recurlab([...TINY, 'trainSteps=100000', 'checkpointEvery=2', `out=${out}`], {
    watch: () => {
      const runs = path.join(out, 'runs')
      if (moved || !existsSync(runs) || !readdirSync(runs).some((id) => !id.startsWith('.'))) return
      if ((listRuns(out).runs[0]?.status.checkpoint ?? 0) === 0) return
      moved = true
      renameSync(out, elsewhere)
    },
    every: 100,
  })
  assert.equal(code, 1)
  assert.match(stderr, /expected the folder of the run that is being written, found none: it was removed or moved/)
  assert.equal(existsSync(out), false)
  const list = await recurlab(['runs', `out=${out}`])
  assert.equal(list.code, 0)
  assert.match(list.stdout, /^No runs/)
  const [run] = listRuns(elsewhere).runs
  assert.equal(run?.state, 'interrupted')
})

test('a run whose first checkpoint cannot be written is a failed one, with the reason', async () => {
  const out = path.join(folder, 'limit')
  const program = path.join(root, 'lib/cli/recurlab.mjs')
  // 20 KB: status and configuration fit, a checkpoint does not.
  const limited = [
    '-c',
    'ulimit -f 40; exec "$@"',
    'sh',
    process.execPath,
    program,
    ...TINY,
    'trainSteps=4',
    `out=${out}`,
  ]
  const stderr = await new Promise<string>((resolve) => execFile('sh', limited, (_error, _out, err) => resolve(err)))
  assert.match(stderr, /checkpoint-000000\.safetensors: expected a writable path, found file too large \(EFBIG\)/)
  const [run] = listRuns(out).runs
  assert.equal(run?.state, 'failed')
  assert.match(run.status.message ?? '', /file too large/)
})

test('a run that a process elsewhere may still write is resumed with --force only', async () => {
  const out = path.join(folder, 'force')
  assert.equal((await recurlab([...TINY, 'trainSteps=2', `out=${out}`])).code, 0)
  const [run] = listRuns(out).runs
  const status = path.join(run!.dir, 'status.json')
  writeFileSync(status, readFileSync(status, 'utf8').replace('"finished"', '"running"'))
  setOwner(run!.dir, { host: 'another', space: 'another', pid: 4 })
  const refused = await recurlab(['resume', run!.id, `out=${out}`])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /found one that process 4 is writing on another machine.*continue with --force/)
  const forced = await recurlab(['resume', run!.id, '--force', `out=${out}`])
  assert.equal(forced.code, 0, forced.stderr)
  assert.equal(listRuns(out).runs[0]?.state, 'finished')
})
