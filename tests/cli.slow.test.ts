import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { loadRun } from '../lib/experiment/run/load.js'
import { readSafetensors } from '../lib/files/safetensors.js'
import { recurlab } from './recurlab.js'
import { root } from './shared.js'
import { timeless } from './timeless.js'

let folder = ''
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-cli-'))
})
after(() => rmSync(folder, { recursive: true, force: true }))

/** A run that takes seconds. */
const TINY = [
  'train',
  'sudoku-pocket',
  'T=1',
  'n=1',
  'hidden=16',
  'batch=8',
  'testPuzzles=20',
  'evalBatch=20',
  'evalEvery=6',
  'K=2',
  'checkpointEvery=4',
]

test('recurlab alone lists its commands and returns 2, with --help 0', async () => {
  const [alone, help] = await Promise.all([recurlab([]), recurlab(['--help'])])
  assert.deepEqual([alone.code, help.code], [2, 0])
  for (const command of ['data', 'train', 'resume', 'eval', 'runs', 'parity', 'run', 'doctor'])
    assert.match(help.stdout, new RegExp(`^  ${command} `, 'm'))
})

test('every command explains itself', async () => {
  for (const command of ['data', 'train', 'resume', 'eval', 'runs', 'parity', 'run', 'doctor']) {
    const { code, stdout } = await recurlab([command, '--help'])
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`^recurlab ${command}`))
  }
})

const wrong: [string, string[], RegExp][] = [
  ['an unknown command', ['trian'], /expected a command .*found trian/],
  ['an unknown option', ['parity', '.', '--onyl', 'a'], /expected one of --help, --only, --json, found --onyl/],
  ['a preset that is not there', ['train', 'sudoku-poket'], /Did you mean sudoku-pocket\?/],
  ['an unknown key', ['train', 'sudoku-pocket', 'hiden=8'], /key hiden: .*Did you mean hidden\?/],
  ['a key twice', ['train', 'sudoku-pocket', 'lr=1', 'lr=2'], /expected lr= once/],
  ['a value out of range', ['train', 'sudoku-pocket', 'layers=0'], /key layers: expected at least 1/],
  ['an odd head size', ['train', 'sudoku-pocket', 'mixer=attention', 'heads=64'], /even head size/],
  ['a run that is not there', ['resume', 'nothing'], /expected a run "nothing"/],
  ['a missing folder of reference numbers', ['parity', 'nowhere'], /expected a folder of reference numbers/],
]
for (const [what, args, message] of wrong)
  test(`${what} is one message and exit code 2`, async () => {
    const { code, stderr } = await recurlab(args, { cwd: folder })
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })

test('a results folder that cannot be made is one message and exit code 1, and training does not begin', async () => {
  writeFileSync(path.join(folder, 'file'), '')
  const { code, stdout, stderr } = await recurlab([...TINY, 'out=file'], { cwd: folder })
  assert.equal(code, 1)
  assert.match(stderr, /expected a folder that can be created/)
  assert.doesNotMatch(stdout + stderr, /step 1|\n\s+at /)
})

test('a run that is stopped and resumed ends with the same numbers, bit for bit, as one that never stopped', async () => {
  // As a resumed run keeps its threads, so that the last bits are the same.
  const one = { RECURLAB_THREADS: '1' }
  const whole = await recurlab([...TINY, 'trainSteps=12', 'out=whole'], { cwd: folder, env: one })
  assert.equal(whole.code, 0, whole.stderr)
  let sent = false
  const stopped = await recurlab([...TINY, 'trainSteps=12', 'out=parts', 'logEvery=1'], {
    cwd: folder,
    env: one,
    watch: (text, kill) => {
      if (sent || !text.includes('step 6: exact accuracy')) return
      sent = true
      kill('SIGINT')
    },
  })
  assert.equal(stopped.code, 75)
  assert.match(stopped.stderr, /Stopped and saved\. To continue: npx recurlab resume/)
  const [id] = readdirSync(path.join(folder, 'parts/runs'))
  const resumed = await recurlab(['resume', id!, 'out=parts'], { cwd: folder, env: { RECURLAB_THREADS: '' } })
  assert.equal(resumed.code, 0, resumed.stderr)
  const [a, b] = ['whole', 'parts'].map((name) => {
    const dir = path.join(folder, name)
    const run = loadRun(readdirSync(path.join(dir, 'runs'))[0]!, dir)
    const { tensors } = readSafetensors(path.join(run.dir, 'checkpoint-000012.safetensors'))
    return { metrics: timeless(run.metrics), evaluations: timeless(run.evaluations), tensors }
  })
  assert.deepEqual(b, a)
  assert.equal(a!.metrics.length, 12)

  const again = await recurlab(['resume', id!, 'out=parts'], { cwd: folder })
  assert.match(again.stderr, /expected a run that is not finished/)

  const evaluated = await recurlab(['eval', id!, 'out=parts', '--json'], { cwd: folder })
  const row = JSON.parse(evaluated.stdout) as Record<string, number>
  assert.equal(row['test.cells'], a!.evaluations.at(-1)!['test.cells'], 'alone as in the loop')
})

test('eval says what it computed in, which can be chosen', async () => {
  const [id] = readdirSync(path.join(folder, 'parts/runs'))
  const single = await recurlab(['eval', id!, 'out=parts', 'dtype=float32', '--json'], { cwd: folder })
  assert.equal((JSON.parse(single.stdout) as { dtype: string }).dtype, 'float32')
  const half = await recurlab(['eval', id!, 'out=parts', 'dtype=bfloat16', '--json'], { cwd: folder })
  const { dtype, notes } = JSON.parse(half.stdout) as { dtype: string; notes: string[] }
  // Weights that are there are evaluated anywhere, if need be in float32, which is said.
  assert.equal(/bfloat16 is not available/.test(notes.join()), dtype === 'float32')
  const wrong = await recurlab(['eval', id!, 'out=parts', 'dtype=half'], { cwd: folder })
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /dtype=auto\|float32\|bfloat16, found half/)
})

test('a stopped run is not resumed on other puzzles', async () => {
  const [id] = readdirSync(path.join(folder, 'parts/runs'))
  const built = await recurlab(['data', 'build', 'sudoku', 'train=8', 'test=8', 'seed=9', 'out=other'], { cwd: folder })
  assert.equal(built.code, 0, built.stderr)
  const status = path.join(folder, 'parts/runs', id!, 'status.json')
  writeFileSync(status, readFileSync(status, 'utf8').replace('"finished"', '"interrupted"'))
  const { code, stderr } = await recurlab(['resume', id!, 'out=parts', 'data=other'], { cwd: folder })
  assert.equal(code, 1)
  assert.match(stderr, /expected its data set, hash/)
})

test('the wasm backend passes parity and trains', async () => {
  const env = { RECURLAB_BACKEND: 'wasm' }
  const parity = await recurlab(['parity', path.join(root, 'tests/fixtures/golden'), '--json'], { env })
  assert.equal(parity.code, 0, parity.stdout)
  assert.equal((JSON.parse(parity.stdout) as { backend: { name: string } }).backend.name, 'wasm')
  const trained = await recurlab([...TINY, 'trainSteps=6', 'out=wasm', '--json'], { cwd: folder, env })
  assert.equal(trained.code, 0, trained.stderr)
})
