import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { evaluateRun } from '../lib/index.js'
import { weightsNamed, weightsNames } from '../lib/interop/named/record.js'
import { CONFIG, WEIGHTS } from './data/published-weights.js'
import { recurlab } from './recurlab.js'

const shipped = weightsNames().filter((name) => weightsNamed(name)!.record.training)

for (const name of shipped)
  test(`the data of ${name} are generated again with the recorded hash, and give the recorded accuracy`, async () => {
    const { record } = weightsNamed(name)!
    const { depth, exact, puzzles } = record.evaluations!.find(({ rollouts }) => rollouts === 1)!
    const { data, evaluation, notes } = await evaluateRun(name, { supervisionSteps: depth, dtype: 'float32' })
    assert.equal(data.hash, record.training!.dataHash)
    assert.equal(evaluation.puzzles, puzzles)
    // Rounding differs between processors: one puzzle in a hundred may tip.
    const found = evaluation['test.exact']!
    assert.ok(Math.abs(found - exact) <= 0.01, `${found}, recorded ${exact}`)
    assert.ok(!notes.some((note) => note.includes('has changed')), notes.join('\n'))
  })

test('recurlab weights lists what is here before what can be fetched', async () => {
  const { code, stdout } = await recurlab(['weights', '--json'])
  assert.equal(code, 0)
  const rows = JSON.parse(stdout) as { name: string; here: boolean; from: string }[]
  const own = rows.filter(({ from }) => from === 'this repository').map(({ name }) => name)
  assert.deepEqual(own, ['maze-6x6', 'sudoku-4x4', 'sudoku-6x6', 'sudoku-9x9'])
  assert.equal(rows.find(({ name }) => name === 'hrm-sudoku')?.from, 'sapientinc/HRM-checkpoint-sudoku-extreme')
  assert.ok(rows.findIndex(({ here }) => !here) >= own.length)
})

test('recurlab weights prints accuracies with their interval, in 100 columns', async () => {
  const { stdout } = await recurlab(['weights'])
  assert.match(stdout, /^maze-6x6 +54\.0 ± 4\.4 +500 +16 +6×6 mazes/m)
  assert.match(stdout, /^To fetch, with recurlab weights fetch NAME:$/m)
  for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line)
})

test('a name is accepted by recurlab solve, import and export', async () => {
  const solved = await recurlab(['solve', 'sudoku-4x4', '1...............', '--json'])
  assert.equal(solved.code, 0, solved.stderr)
  const imported = await recurlab(['import', 'sudoku-4x4'])
  assert.match(imported.stdout, /parameters +125,378/)
  const exported = await recurlab(['export', 'sudoku-4x4', 'out=/dev/null/x'])
  assert.match(exported.stderr, /\/dev\/null/)
})

test('recurlab weights fetch reports the weights tensor by tensor, and how to evaluate them', async () => {
  const out = mkdtempSync(path.join(os.tmpdir(), 'recurlab-weights-'))
  try {
    writeFileSync(path.join(out, 'step_9765'), WEIGHTS)
    writeFileSync(path.join(out, 'all_config.yaml'), CONFIG)
    const { code, stdout, stderr } = await recurlab(['weights', 'fetch', 'trm-maze', '--local', `out=${out}`])
    assert.equal(code, 0, stderr)
    assert.match(stdout, /L_level\.layers\.0\.self_attn\.qkv_proj\.weight +\[12, 4\]/)
    assert.match(stdout, /next: recurlab eval \S*step_9765 data=data\/maze-30x30-hard-1k\n$/)
    assert.match(stderr, /step_9765: there already, .*SHA-256/)
    assert.match(stderr, /note: the SHA-256 of the weights was not known before; that of the file is recorded/)
  } finally {
    rmSync(out, { recursive: true })
  }
})

const WRONG: [what: string, args: string[], code: number, message: RegExp][] = [
  ['no name', ['fetch'], 2, /expected one of trm-sudoku-mlp, .*found none/],
  ['an unknown name', ['fetch', 'trm-mazes'], 2, /Did you mean trm-maze\?/],
  ['a name that comes with the project', ['fetch', 'sudoku-6x6'], 2, /found sudoku-6x6, which comes with the project/],
  ['an unknown word', ['fetsh', 'trm-maze'], 2, /Did you mean weights fetch\?/],
  ['an unknown key', ['fetch', 'trm-maze', 'ouy=x'], 2, /Did you mean out\?/],
  [
    'no connection',
    ['fetch', 'eqr-sudoku'],
    1,
    /eqr-sudoku: expected a connection .*By hand: put sudoku-extreme\/eqr\.pth of the Hugging Face model locuslab\/EqR-model.*into \S*data\/weights\/eqr-sudoku, then: recurlab weights fetch eqr-sudoku --local$/m,
  ],
  [
    '--local without the file',
    ['fetch', 'trm-maze', '--local', 'out=/tmp/none-here'],
    2,
    /expected step_9765, found no such/,
  ],
]
for (const [what, args, code, message] of WRONG)
  test(`recurlab weights answers ${what} in one line`, async () => {
    const outcome = await recurlab(['weights', ...args], { env: { HF_ENDPOINT: 'http://127.0.0.1:9' } })
    assert.equal(outcome.code, code, outcome.stderr)
    assert.match(outcome.stderr, message)
    assert.doesNotMatch(outcome.stderr, /\n {4}at /)
  })
