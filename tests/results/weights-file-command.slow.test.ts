import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { main } from '../../lib/cli/main.js'
import { parseConfig } from '../../lib/config/parse.js'
import { readWeightsFile } from '../../lib/interop/weights-file.js'
import { createRun, saveCheckpoint } from '../../lib/results/run.js'
import { writeSafetensors } from '../files/write-safetensors.js'
import { recurlab } from '../recurlab.js'
import { root } from '../shared.js'
import { temporaryFolder } from './fixture.js'
import { SMALL, tensorsOf } from './weights-fixture.js'

const folder = temporaryFolder()
const official = path.join(root, 'tests/fixtures/official/trm-att/step_7')

test('recurlab import says what an official file holds and keeps it; recurlab export gives back the same', async () => {
  const out = path.join(folder, 'imported.safetensors')
  const imported = await recurlab(['import', official, `out=${out}`])
  assert.equal(imported.code, 0, imported.stderr)
  for (const line of [
    /format +official PyTorch file/,
    /weights +EMA/,
    /model +trm, attention, 1 layer of 8/,
    /parameters +6,\d{3}, 24 of them puzzle embedding/,
    /step +7/,
    /configuration +.*all_config\.yaml/,
    /L_level\.layers\.0\.mlp\.down_proj\.weight +\[8, 256\]/,
    /note: 1 tensor of BF16/,
    /imported\.safetensors: written/,
  ])
    assert.match(imported.stdout, line)
  const again = path.join(folder, 'again.safetensors')
  const exported = await recurlab(['export', out, `out=${again}`, '--json'])
  assert.equal(exported.code, 0, exported.stderr)
  const facts = JSON.parse(exported.stdout) as Record<string, unknown>
  assert.deepEqual([facts.format, facts.weights, facts.step, facts.out], ['recurlab-weights-2', 'ema', 7, again])
  assert.deepEqual(readFileSync(again), readFileSync(out))
})

test('recurlab export writes a run’s EMA, or its live weights where asked', async () => {
  const results = temporaryFolder()
  const run = createRun({ resultsDir: results, config: parseConfig(SMALL), provenance: { dataHash: 'abc' } })
  const live = tensorsOf(SMALL, 1)
  const average = [...tensorsOf(SMALL, 2)].filter(([name]) => name.startsWith('L_level'))
  const tensors = [...live, ...average.map(([name, tensor]) => [`ema/${name}`, tensor] as const)]
  saveCheckpoint(run, { tensors, state: { step: 5 } })
  const files = await Promise.all(
    ['ema', 'live'].map(async (weights) => {
      const out = path.join(results, `${weights}.safetensors`)
      const done = await recurlab(['export', run.id, `results=${results}`, `weights=${weights}`, `out=${out}`])
      assert.equal(done.code, 0, done.stderr)
      return readWeightsFile(out)
    }),
  )
  const name = 'L_level.layers.0.mlp.down_proj.weight'
  assert.deepEqual(
    files.map(({ tensors }) => tensors.get(name)?.data),
    [new Map(average).get(name)?.data, live.get(name)?.data],
  )
  assert.deepEqual(
    files.map(({ weights, step, dataHash }) => [weights, step, dataHash]),
    [
      ['ema', 5, 'abc'],
      ['live', 5, 'abc'],
    ],
  )
})

test('what is wrong is one line and leaves nothing behind', async (t) => {
  const dir = path.join(folder, 'wrong')
  mkdirSync(dir)
  const plain = path.join(dir, 'plain.safetensors')
  writeFileSync(plain, writeSafetensors(tensorsOf(SMALL)))
  const before = readFileSync(plain)
  const cases: [args: string[], code: number, message: RegExp][] = [
    [['import'], 2, /expected one file, found none/],
    [['import', plain, 'outt=x'], 2, /key outt: .*Did you mean out\?/],
    [['import', plain, `out=${plain}`], 2, /another file than the input/],
    [['import', official, `out=${plain}`], 2, /no such file yet, found a file.*--force/],
    [['import', official, `out=${dir}`], 2, /no such file yet, found a folder/],
    [['import', path.join(dir, 'none'), `out=${dir}/x`], 1, /none: expected a readable file, found no such file/],
    [
      ['import', plain, `out=${dir}/x`, 'puzzleEmbedding=median', 'rows=3'],
      2,
      /puzzleEmbedding=mean\|zero, found median\. Did you mean/,
    ],
    [
      ['import', plain, `out=${dir}/x`, 'puzzleEmbedding=zero', 'rows=9007199254740991'],
      2,
      /puzzle_emb\.weights: expected a puzzle embedding that fits into memory, found 9007199254740991 rows of \d+/,
    ],
    [['import', plain, `out=${dir}/x`, 'puzzleEmbedding=mean'], 2, /rows=N, a whole number of 1 or more, found none/],
    [['import', plain, `out=${dir}/x`, 'weights=both'], 2, /weights=ema\|live, found both/],
    [
      ['import', path.join(root, 'package.json'), `out=${dir}/x`],
      1,
      /package\.json: expected safetensors, or a file of torch\.save/,
    ],
    [['export', plain], 2, /expected out=FILE, the file to write, found none/],
    [['export', 'no-such-run', `out=${dir}/x`, `results=${dir}`], 2, /expected a run "no-such-run", found no runs/],
  ]
  for (const [args, code, message] of cases) {
    let said = ''
    const write = t.mock.method(process.stderr, 'write', (text: string) => {
      said += text
      return true
    })
    const found = await main(args)
    write.mock.restore()
    assert.equal(found, code, `${args.join(' ')}: ${said}`)
    assert.match(said, message)
    assert.equal(said.trim().split('\n').length, 1, said)
  }
  assert.deepEqual(readdirSync(dir), ['plain.safetensors'])
  assert.deepEqual(readFileSync(plain), before)
})

test('a puzzle embedding is resized on the command line, said and kept', async () => {
  const out = path.join(folder, 'resized.safetensors')
  const done = await recurlab(['import', official, `out=${out}`, 'puzzleEmbedding=mean', 'rows=9'])
  assert.equal(done.code, 0, done.stderr)
  assert.match(done.stdout, /note: puzzle embedding: 3 rows replaced by 9, each the mean of the 3/)
  const { tensors, sizes } = await readWeightsFile(out)
  assert.deepEqual(tensors.get('puzzle_emb.weights')?.shape, [9, 8])
  assert.equal(sizes.puzzleIdentifiers, 9)
})

test('the help of export holds the lines that load the file in PyTorch', async () => {
  const { stdout } = await recurlab(['export', '--help'])
  assert.match(stdout, /"_orig_mod\.model\.inner\."/)
  assert.match(stdout, /load_state_dict\(weights, assign=True\)/)
})
