import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import * as tf from '@tensorflow/tfjs-core'
import { chromium } from 'playwright-core'
import { startBackend } from '../../lib/backend/index.js'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import type { Dataset } from '../../lib/data/dataset.js'
import { UserError } from '../../lib/errors.js'
import { defineTask } from '../../lib/experiment/data/define-task.js'
import { look } from '../../lib/experiment/look/look.js'
import { modelOfWeights } from '../../lib/experiment/run/weights.js'
import { solve } from '../../lib/experiment/solve/solve.js'
import { readWeightsFile } from '../../lib/interop/weights-file.js'
import { writeWeightsFile } from '../../lib/interop/weights-write.js'
import { configuredShape } from '../../lib/model/configured.js'
import { disposeModel, initialModel, modelTensors } from '../../lib/model/model.js'
import type { Notebook } from '../../lib/notebook/notebook.js'
import { writeReport } from '../../lib/notebook/report.js'
import { playerPage } from '../../lib/plot/player/page.js'
import { recursion } from '../../lib/recursion/recursion.js'
import { repeat, type Update } from '../../lib/recursion/update.js'
import { arc } from '../../lib/tasks/arc/build.js'
import { maze } from '../../lib/tasks/maze/index.js'
import { queens } from '../../lib/tasks/queens/index.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
import { rolloutSteps } from '../../lib/think/rollouts.js'
import { rolloutSettings } from '../../lib/think/settings.js'
import { systemChromium } from '../kernel/jupyterlab.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-look-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const small: ConfigInput = { hidden: 16, heads: 2, layers: 1, T: 2, n: 2, K: 3, puzzleTokens: 1, dtype: 'float32' }
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
  const pairs = defineTask({
    name: 'look-pairs',
    vocabulary: ['.', 'a', 'b', 'c', 'd'],
    rows: 4,
    columns: 4,
    generate: (random) => {
      const answer = Array.from({ length: 16 }, () => 'abcd'[random.int(4)]!)
      return { question: answer.map((symbol, i) => (i % 2 === 0 ? symbol : '.')), answer }
    },
  })
  const sets = [
    await maze({ size: 6, train: 2, test: 2 }),
    await queens({ size: 5, train: 4, test: 2 }),
    await arc({ train: 3, test: 2, board: 10, augment: 2 }),
    await pairs({ train: 4, test: 2 }),
  ]
  for (const data of sets) {
    const looked = await look(
      fresh(data, { mixer: 'mlp' }),
      { example: 1 },
      { data, depth: 2, rollouts: 2, noise: 0.5 },
    )
    const { rows, columns } = looked.data.board
    assert.ok(rows * columns <= data.manifest.seqLen)
    assert.match(looked.title, new RegExp(`^${data.manifest.task} · test example 1 · .*$`))
    assert.equal(looked.data.settings, 'rollout 0 of 2 · noise 0.5 on z')
    assert.equal(looked.data.rollouts.length, 2)
    assert.match(String(looked), /step {2}changed/)
  }
})

test('a rollout that is looked at is the rollout of the same seed that think computes', async () => {
  const weights = fresh(grids, { mixer: 'mlp' })
  for (const more of [
    { noise: 0.3 },
    { noise: 0.2, noiseAt: 'call' },
    { init: 'random', noise: 0.1, target: 'both' },
  ] as const) {
    const options = { depth: 3, rollouts: 3, seed: 7, ...more }
    const looked = await look(weights, { example: 2 }, { data: grids, rollout: 1, ...options })
    const model = modelOfWeights(await readWeightsFile(weights), grids.manifest).model
    const answers: string[][] = [[], [], []]
    const moved: number[] = []
    for await (const some of rolloutSteps(model, grids, rolloutSettings(options), { puzzles: [2] }))
      for (const [i, number] of some.rollout.entries()) {
        answers[number]!.push(some.answers.subarray(i * some.seqLen, (i + 1) * some.seqLen).join())
        if (number === 1) moved.push(some.deltaY[i]!)
      }
    assert.deepEqual(
      looked.inside.rollouts.map((rollout) => rollout.answers.map((answer) => answer.join())),
      answers,
    )
    for (const [step, { delta }] of looked.inside.steps.entries())
      assert.ok(Math.abs(delta.y! - moved[step]!) < 1e-5 * moved[step]!)
    disposeModel(model)
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
  await assert.rejects(look(weights, 3 as never), /look, puzzle: expected .* found 3\. Did you mean \{ example: 3 \}/)
  await assert.rejects(look(fresh(grids, direct), puzzle, { noise: 0.5 }), /key target: expected noise on a latent/)
  await assert.rejects(look('no-such-run', puzzle), UserError)
  await assert.rejects(look(7 as never, puzzle), /look: expected a run, a file of weights or a name .* found 7/)
  const looked = await look({ dir: weights }, puzzle, { depth: 1 })
  await assert.rejects(looked.save('look.mp4'), /expected a name that ends in \.svg, \.gif, \.html, found \.mp4/)
  await assert.rejects(looked.save('look.gif', { seconds: 0 }), /key seconds: expected 0\.02 to 60, found 0/)
})

test('sixteen steps of a 9×9 Sudoku and of a 30×30 maze take less than a megabyte as a page', async () => {
  const large: ConfigInput = { ...small, hidden: 8, heads: 1, T: 3, n: 6, layers: 2, K: 16 }
  const sets = [await sudoku({ box: '3x3', train: 1, test: 1 }), await maze({ size: 30, train: 1, test: 1 })]
  for (const [data, more] of [
    [sets[0]!, {}],
    [sets[1]!, { n: 4, mixer: 'attention' }],
  ] as const) {
    const looked = await look(fresh(data, { ...large, ...more }), { example: 0 }, { data, depth: 16 })
    assert.equal(looked.data.steps.length, 16)
    const page = path.join(folder, `${data.manifest.task}.html`)
    await looked.save(page)
    assert.ok(statSync(page).size < 1_000_000, `${data.manifest.task}: ${statSync(page).size}`)
    await looked.save(path.join(folder, `${data.manifest.task}.svg`))
  }
})

const VIEW = 'application/vnd.jupyter.widget-view+json'

test('in the report of a notebook the player has its script, and nothing else has one', async () => {
  const looked = await look(fresh(grids), '1..4....3....2.1', { depth: 2 })
  const bundle = looked[Symbol.for('Jupyter.display') as never] as unknown as () => Record<string, string>
  const evil = '<script>alert(1)</script>'
  const notebook: Notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [
      { ...bundle.call(looked), [VIEW]: { model_id: 'gone' } },
      { 'text/html': `<div>${evil}</div>`, 'text/plain': '' },
    ].map((data, i) => ({
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

const withoutChromium = systemChromium() === null ? 'there is no Chromium (apt-get install chromium)' : false

test('in a browser a saved page plays with the keyboard, and requests nothing', { skip: withoutChromium }, async () => {
  const page = path.join(folder, 'page.html')
  const looked = await look(fresh(grids, { mixer: 'attention' }), '1..4....3....2.1', { depth: 3 })
  await looked.save(page)
  const browser = await chromium.launch({ executablePath: systemChromium()!, args: ['--headless', '--no-sandbox'] })
  try {
    const tab = await browser.newPage({ viewport: { width: 900, height: 700 } })
    const asked: string[] = []
    const failed: string[] = []
    tab.on('request', (request) => asked.push(request.url()))
    tab.on('pageerror', (error) => failed.push(error.message))
    await tab.goto(pathToFileURL(page).href)
    const frame = (words: string) => tab.locator(`[role=img][aria-label^="${words}"]`)
    await frame('Supervision step 3 of 3').waitFor()
    await tab.locator('.recurlab-player').focus()
    await tab.keyboard.press('ArrowLeft')
    await frame('Supervision step 2 of 3').waitFor()
    await tab.keyboard.press('Home')
    await frame('Start').waitFor()
    await tab.keyboard.press(' ')
    await frame('Supervision step 3 of 3').waitFor()
    await tab.getByLabel('Unit of a move').selectOption('by update')
    await tab.getByRole('slider').focus()
    await tab.keyboard.press('ArrowLeft')
    await frame('Supervision step 3 of 3, update 5 of 6').waitFor()
    await tab.locator('[role=img]').click({ position: { x: 630, y: 100 } })
    await tab.getByText('what row 1, column 1 reads').waitFor()
    const images = await tab.locator('img').count()
    const wide = await tab.evaluate('document.documentElement.scrollWidth')
    assert.deepEqual({ images, wide, failed }, { images: 0, wide: 900, failed: [] })
    assert.deepEqual(
      asked.filter((url) => !url.startsWith('data:')),
      [pathToFileURL(page).href],
    )
    // A recording that was tampered with stays a picture.
    const lines = '#DDDDDD"/><foreignObject><h1>tampered</h1></foreignObject><path stroke="'
    writeFileSync(page, playerPage({ ...looked.data, board: { ...looked.data.board, lines } }))
    await tab.reload()
    await tab.locator('.recurlab-player[data-mounted]').waitFor()
    await tab.waitForTimeout(300)
    assert.deepEqual([await tab.locator('img').count(), await tab.locator('h1, button').count()], [4, 0])
  } finally {
    await browser.close()
  }
})

test('a recording is saved as a GIF with a picture for each step', { skip: withoutChromium }, async () => {
  const file = path.join(folder, 'talk.gif')
  await (await look(fresh(grids), '1..4....3....2.1', { depth: 1, maps: false })).save(file)
  const bytes = readFileSync(file)
  assert.equal(bytes.toString('latin1', 0, 6), 'GIF89a')
  assert.deepEqual([bytes.readUInt16LE(6), bytes.readUInt16LE(8)], [880, 536])
  // Graphic control extensions, one before each picture.
  assert.equal(bytes.toString('latin1').split('\x21\xf9\x04').length - 1, 2)
})
