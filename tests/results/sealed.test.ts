import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { sha256 } from '../../lib/files/atomic.js'
import { differingHashes } from '../../lib/files/hash-text.js'
import type { JsonObject } from '../../lib/files/json.js'
import { openSealedJson, sealJson } from '../../lib/files/sealed-json.js'
import { createRun, listRuns, loadCheckpoint, openRun, type RunWriter, saveCheckpoint } from '../../lib/results/run.js'
import { readWeightsOf } from '../../lib/results/weights-file.js'
import fc from '../fast-check.js'
import { recurlab } from '../recurlab.js'
import { checkpointAt, checkpointPath, newRun, temporaryFolder } from './fixture.js'

function stopped(folder: string, config: Record<string, unknown>): RunWriter {
  const run = newRun(folder, config)
  run.logMetrics({ step: 4, 'train.loss': 1 })
  saveCheckpoint(run, checkpointAt(4))
  run.finish('interrupted')
  return run
}

function edit(dir: string, name: string, from: string | RegExp, to: string): void {
  const file = path.join(dir, name)
  const before = readFileSync(file, 'utf8')
  const after = before.replace(from, to)
  assert.notEqual(after, before)
  writeFileSync(file, after)
}

const EDITS: [what: string, file: string, from: string | RegExp, to: string, message: RegExp][] = [
  [
    'one digit of the configuration',
    'config.json',
    '0.001',
    '0.011',
    /config\.json: expected the file that the run was made with/,
  ],
  [
    'the provenance',
    'provenance.json',
    '"seed": 0',
    '"seed": 1',
    /provenance\.json: expected the file that the run was made with/,
  ],
  ['the step in its status', 'status.json', '"step": 4', '"step": 5', /status\.json: expected an unmodified object/],
  [
    'its own checksum',
    'status.json',
    /"checksum": "\w/,
    '"checksum": "x',
    /status\.json: expected an unmodified object/,
  ],
  [
    'the checksum of a file',
    'status.json',
    /"config\.json": \[\s+"\w{5}/,
    '"config.json": ["abcde',
    /status\.json: expected/,
  ],
]
for (const [what, file, from, to, message] of EDITS)
  test(`a run in which somebody changed ${what} is refused by the name of the file, and listed as damaged`, () => {
    const folder = temporaryFolder()
    const [whole, changed] = [stopped(folder, { lr: 0.001 }), stopped(folder, { lr: 0.001 })]
    edit(changed.dir, file, from, to)
    assert.throws(() => openRun(changed.dir), { name: 'UserError', message })
    const { runs, damaged } = listRuns(folder)
    assert.deepEqual([runs.map(({ id }) => id), damaged.map(({ id }) => id)], [[whole.id], [changed.id]])
  })

test('a whole configuration, or a checkpoint, from another run is refused', async () => {
  const folder = temporaryFolder()
  const [a, b] = [stopped(folder, { seed: 1 }), stopped(folder, { seed: 2 })]
  copyFileSync(checkpointPath(a, 4), checkpointPath(b, 4))
  assert.throws(() => loadCheckpoint(openRun(b.dir)), { message: /expected the run's own checkpoint \(SHA-256 \w+\)/ })
  await assert.rejects(readWeightsOf(b.dir), { message: /expected the run's own checkpoint/ })
  copyFileSync(path.join(a.dir, 'config.json'), path.join(b.dir, 'config.json'))
  assert.throws(() => openRun(b.dir), { message: /config\.json: expected/ })
})

test('a configuration with a matching checksum is still compared with the one in the checkpoint', () => {
  const run = stopped(temporaryFolder(), { lr: 0.001 })
  // Of what was asked for, and of what is used.
  for (let i = 0; i < 2; i++) edit(run.dir, 'config.json', '0.001', '0.011')
  const config = readFileSync(path.join(run.dir, 'config.json'))
  const file = path.join(run.dir, 'status.json')
  const { checksum: _old, ...status } = JSON.parse(readFileSync(file, 'utf8')) as {
    checksum: string
    files: JsonObject
  }
  status.files['config.json'] = [sha256(config)]
  writeFileSync(file, JSON.stringify(sealJson(status, ['state'])))
  assert.throws(() => loadCheckpoint(openRun(run.dir)), {
    name: 'UserError',
    message: /config\.json: expected the configuration that the checkpoint was trained with, found another lr\./,
  })
})

test('a stopped run that was called finished by hand is not taken for a finished one', () => {
  const folder = temporaryFolder()
  const run = createRun({ resultsDir: folder, config: {}, provenance: {}, trainSteps: 9 })
  run.logMetrics({ step: 4, 'train.loss': 1 })
  run.finish('interrupted')
  edit(run.dir, 'status.json', '"interrupted"', '"finished"')
  assert.throws(() => openRun(run.dir), { message: /expected a finished run with all its 9 steps, found 4/ })
})

test('recurlab runs, eval and resume name the changed file', async () => {
  const folder = temporaryFolder()
  const [whole, changed] = [stopped(folder, { lr: 0.001 }), stopped(folder, { lr: 0.001 })]
  edit(changed.dir, 'config.json', '0.001', '0.011')
  const runs = await recurlab(['runs', `out=${folder}`])
  assert.equal(runs.code, 1)
  assert.match(runs.stderr, new RegExp(`run ${changed.id} cannot be read: .*config\\.json`))
  // The list cuts IDs where no other run begins so.
  assert.match(runs.stdout, new RegExp(whole.id.slice(0, 15)))
  for (const command of ['eval', 'resume']) {
    const { code, stderr } = await recurlab([command, changed.id, `out=${folder}`])
    assert.equal(code, 1)
    assert.match(stderr, /^recurlab: .*config\.json: expected the file that the run was made with/)
  }
})

test('whatever is changed in a sealed object is found, the order of its keys does not matter', () => {
  const values = fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.jsonValue(), { minKeys: 1 })
  fc.assert(
    fc.property(values, fc.stringMatching(/^[a-z]{1,3}$/), fc.jsonValue(), (object, key, value) => {
      const sealed = JSON.parse(JSON.stringify(sealJson(object, ['open']))) as JsonObject
      const turned = Object.fromEntries(Object.entries(sealed).reverse())
      assert.deepEqual(openSealedJson({ ...turned, open: 1 }, 'f', '', ['open']), { ...withoutSeal(sealed), open: 1 })
      fc.pre(JSON.stringify(object[key]) !== JSON.stringify(value))
      assert.throws(() => openSealedJson({ ...sealed, [key]: value }, 'f', ''), { name: 'UserError' })
    }),
  )
})

function withoutSeal({ checksum: _own, ...rest }: JsonObject): JsonObject {
  return rest
}

test('two hashes are cut after the place where they differ', () => {
  const [a, b] = ['a'.repeat(64), `${'a'.repeat(60)}bbbb`]
  const [short, other] = differingHashes(a, b)
  assert.notEqual(short, other)
  assert.deepEqual(differingHashes('1'.repeat(64), '2'.repeat(64)), ['1'.repeat(12), '2'.repeat(12)])
})
