import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../lib/backend/index.js'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import type { Dataset } from '../../lib/data/dataset.js'
import { UserError } from '../../lib/errors.js'
import { defineTask } from '../../lib/experiment/data/define-task.js'
import { look } from '../../lib/experiment/look/look.js'
import { solve } from '../../lib/experiment/solve/solve.js'
import { writeWeightsFile } from '../../lib/interop/weights-write.js'
import { configuredShape } from '../../lib/model/configured.js'
import { disposeModel, initialModel, modelTensors } from '../../lib/model/model.js'
import type { Notebook } from '../../lib/notebook/notebook.js'
import { writeReport } from '../../lib/notebook/report.js'
import { recursion } from '../../lib/recursion/recursion.js'
import { repeat, type Update } from '../../lib/recursion/update.js'
import { arc } from '../../lib/tasks/arc/build.js'
import { maze } from '../../lib/tasks/maze/index.js'
import { queens } from '../../lib/tasks/queens/index.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-look-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const small: ConfigInput = { hidden: 16, heads: 2, layers: 1, T: 2, n: 2, K: 3, puzzleTokens: 1 }
const grids = await sudoku({ box: '2x2', train: 4, test: 4 })
let files = 0

/** Weights of a model that has learned nothing. */
function fresh({ manifest, hash }: Dataset, more: ConfigInput = {}): string {
  const config = { ...small, ...more, task: manifest.task as 'sudoku' }
  const { seqLen, vocabSize, puzzleIdentifiers } = manifest
  const sizes = { seqLen, vocabSize, puzzleIdentifiers }
  const model = initialModel(configuredShape(resolveConfig(parseConfig(config)), sizes), 0)
  const file = path.join(folder, `weights-${files++}.safetensors`)
  writeWeightsFile(file, { tensors: modelTensors(model), config, sizes, weights: 'live', dataHash: hash, step: 0 })
  disposeModel(model)
  return file
}

before(() => startBackend())

const withMemory: Update<'m'> = ({ net }, x, { z, m }) => ({ m: net(m, z, x) })
const fromMemory: Update<'m'> = ({ net, plus }, x, { z, m, y }) => ({ z: net(z, plus(m, x)), y: plus(y, m) })
const direct: ConfigInput = { model: 'direct', T: null, n: null }

const models: Readonly<Record<string, ConfigInput>> = {
  'an MLP': { mixer: 'mlp' },
  'a single z': { latents: 'single' },
  'several z': { latents: 'multi' },
  HRM: { model: 'hrm', layersH: 1 },
  'direct prediction': direct,
  'a recursion of a cell': { recursion: recursion(repeat(2, [withMemory, fromMemory])), T: null, n: null },
}

for (const [name, config] of Object.entries(models))
  test(`every step of the player is the step of solve, and nothing stays in memory: ${name}`, async () => {
    const weights = fresh(grids, config)
    const held = tf.memory().numTensors
    const looked = await look(weights, '1..4....3....2.1', { depth: 3 })
    const steps = [...(await solve(weights, '1..4....3....2.1', { supervisionSteps: 3 })).run()]
    assert.equal(tf.memory().numTensors, held)
    assert.deepEqual(
      looked.rows().map(({ step, changed, wrong, solved }) => ({ step, changed, wrong, solved })),
      steps.map(({ step, changed, wrong, verdict: { solved } }) => ({ step, changed, wrong, solved })),
    )
    for (const [i, { haltProbability }] of steps.entries())
      assert.ok(Math.abs(looked.rows()[i]!.halting - haltProbability) < 1e-3)
    const player = looked.player
    player.show({ frame: 0, by: 'update' })
    for (let frame = 0; frame < looked.data.frames.length; frame++) {
      assert.equal(player.position.frame, frame)
      player.move(1)
    }
  })

test('a puzzle of every task can be looked at, as text or as an example of its data set', async () => {
  const swaps = defineTask({
    name: 'look-swaps',
    symbols: ['a', 'b', 'c', 'd'],
    rows: 1,
    columns: 4,
    generate: (random: { int(n: number): number }) => {
      const question = Array.from({ length: 4 }, () => 'abcd'[random.int(4)]!).join('')
      return { question, answer: [...question].reverse().join('') }
    },
  } as never) as unknown as { build(options: object): Promise<Dataset> }
  void swaps
  const sets = [
    await maze({ size: 6, train: 2, test: 2 }),
    await queens({ size: 5, train: 4, test: 2 }),
    await arc({ train: 3, test: 2, board: 10, augment: 2 }),
  ]
  for (const data of sets) {
    const looked = await look(
      fresh(data, { mixer: 'mlp' }),
      { example: 1 },
      { data, depth: 2, rollouts: 2, noise: 0.5 },
    )
    const { rows, columns } = looked.data.board
    assert.ok(rows * columns <= data.manifest.seqLen)
    assert.match(
      looked.title,
      new RegExp(`^${data.manifest.task} · test example 1 · .* · 2 rollouts, number 0 shown · noise 0.5 on z$`),
    )
    assert.equal(looked.data.rollouts.length, 2)
    assert.match(String(looked), /step {2}changed/)
  }
})

test('a wrong option is one error that names it', async () => {
  const weights = fresh(grids)
  const puzzle = '1..4....3....2.1'
  const cases: [object, RegExp][] = [
    [{ depth: 0 }, /^key depth: expected .*1/],
    [{ depth: 5000 }, /^look, depth: expected at most 682/],
    [{ rollouts: 0 }, /^key rollouts: expected/],
    [{ rollouts: 2, rollout: 2 }, /^key rollout: expected 0 to 1/],
    [{ noise: -1 }, /^key noise: expected .* found -1/],
    [{ target: 'x' }, /^key target: expected/],
    [{ steps: 3 }, /^key steps: expected a key of look/],
  ]
  for (const [options, message] of cases)
    await assert.rejects(look(weights, puzzle, options), (error) => {
      assert.ok(error instanceof UserError)
      assert.match(error.message, message)
      return true
    })
  await assert.rejects(look(weights, { example: 99 }, { data: grids }), /key example: expected 0…3/)
  await assert.rejects(look(weights, { example: 0 }, { data: grids, input: 1 }), /key input: expected nothing/)
  await assert.rejects((await look(weights, puzzle, { depth: 1 })).save('look.mp4'), /expected a name that ends in/)
})

test('sixteen steps of a 9×9 Sudoku and of a 30×30 maze take less than a megabyte as a page', async () => {
  const large: ConfigInput = { ...small, T: 3, n: 6, layers: 2, K: 16 }
  const sets = [await sudoku({ box: '3x3', train: 1, test: 1 }), await maze({ size: 30, train: 1, test: 1 })]
  for (const [data, more] of [
    [sets[0]!, {}],
    [sets[1]!, { n: 4 }],
  ] as const) {
    const looked = await look(fresh(data, { ...large, ...more }), { example: 0 }, { data, depth: 16 })
    assert.equal(looked.data.steps.length, 16)
    const page = path.join(folder, `${data.manifest.task}.html`)
    await looked.save(page)
    assert.ok(statSync(page).size < 1_000_000, `${data.manifest.task}: ${statSync(page).size}`)
    await looked.save(path.join(folder, `${data.manifest.task}.svg`))
  }
})

test('in the report of a notebook the player has its script, and nothing else has one', async () => {
  const looked = await look(fresh(grids), '1..4....3....2.1', { depth: 2 })
  const bundle = looked[Symbol.for('Jupyter.display') as never] as unknown as () => Record<string, string>
  const evil = '<script>alert(1)</script>'
  const notebook: Notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [bundle.call(looked), { 'text/html': `<div>${evil}</div>`, 'text/plain': '' }].map((data, i) => ({
      cell_type: 'code',
      id: `c${i}`,
      metadata: {},
      source: 'look',
      execution_count: 1,
      outputs: [{ output_type: 'display_data', metadata: {}, data }],
    })) as Notebook['cells'],
  }
  const file = path.join(folder, 'report.html')
  await writeReport(file, notebook)
  const page = readFileSync(file, 'utf8')
  assert.equal(page.match(/<script/g)!.length, 1)
  assert.match(page, /script-src 'sha256-/)
  assert.match(page, /<div class="recurlab-player"><img alt="sudoku · /)
})
