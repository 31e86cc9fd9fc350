import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { recordFunction } from '../../lib/config/functions.js'
import { readArrow } from '../../lib/files/arrow.js'
import { rowsOfTable } from '../../lib/files/arrow-rows.js'
import { readJson } from '../../lib/files/json.js'
import { float32Tensors } from '../../lib/files/safetensors.js'
import type { Config, Dataset, Loss, Metric, Mixer, RunObserver } from '../../lib/index.js'
import {
  createModel,
  evaluate,
  evaluateRun,
  loadRun,
  loss,
  Runs,
  resume,
  solve,
  sudoku,
  sweep,
  tf,
  train,
  trainer,
} from '../../lib/index.js'
import { JUPYTER_DISPLAY } from '../../lib/notebook/bundle.js'
import { loadCheckpoint, openRun } from '../../lib/results/run.js'
import { conv, focal } from '../model/own-functions.js'
import { recurlab } from '../recurlab.js'
import { root, testLoader } from '../shared.js'

const base = { hidden: 16, T: 1, n: 2, K: 2, batch: 8, trainSteps: 6, evalEvery: 2, evalBatch: 10, checkpointEvery: 1 }

const rowsRight: Metric = ({ prediction, answer, columns }) => {
  let right = 0
  for (let at = 0; at < answer.length; at += columns)
    if (answer.subarray(at, at + columns).every((token, i) => token === prediction[at + i])) right++
  return right
}

let resultsDir = ''
let data: Dataset
/** A finished run of conv, focal and rowsRight. */
let made = ''
const notes: string[] = []

before(async () => {
  resultsDir = mkdtempSync(path.join(os.tmpdir(), 'recurlab-own-'))
  data = await sudoku({ box: '2x2', clues: 6, train: 30, test: 10, seed: 3 })
  const observer: RunObserver = { onNote: (text) => notes.push(text) }
  made = await train({ ...base, mixer: conv, loss: focal }, data, { metrics: { rowsRight }, resultsDir, observer })
})
after(() => rmSync(resultsDir, { recursive: true, force: true }))

/** A run that is stopped after some steps. */
async function stopped(steps: number, seed = 0): Promise<string> {
  const controller = new AbortController()
  const observer: RunObserver = { onStep: ({ step }) => void (step === steps && controller.abort()) }
  const { signal } = controller
  const metrics = { rowsRight }
  return train({ ...base, seed, mixer: conv, loss: focal }, data, { metrics, resultsDir, observer, signal })
}

/** All tensors of a checkpoint: weights, averages, moments, carry. */
const checkpoint = (id: string) => [...loadCheckpoint(openRun(id, resultsDir)).tensors]

/** Runs in the results folder. */
const runCount = (): number => readdirSync(path.join(resultsDir, 'runs')).length

/** Runs a program in a process of its own, which has been given no functions. It is compiled as tests are, so that the text of its functions is too. */
async function elsewhere(program: string): Promise<string> {
  const file = path.join(resultsDir, 'program.test.ts')
  writeFileSync(file, program.replaceAll('LIB', path.join(root, 'lib/index.js')))
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', testLoader, file], { cwd: root })
  return stdout.trim()
}

test('a run with an own mixer, loss and metric trains by plain operations, and says so', () => {
  assert.deepEqual(notes, [
    `the blocks are computed by plain operations in float32: the fused kernels do not support the mixer ${recordFunction('mixer', conv).name}`,
  ])
  assert.match(made, /^\d{8}-\d{6}-sudoku-mixer-[0-9a-f]{6}-[0-9a-f]{4}$/)
})

test('the record of a run holds the text and the SHA-256 of each of its functions', () => {
  const dir = path.join(resultsDir, 'runs', made)
  const { mixer, loss } = openRun(made, resultsDir).config
  const { metrics } = readJson(path.join(dir, 'provenance.json')) as Record<string, unknown>
  assert.deepEqual(mixer, recordFunction('mixer', conv))
  assert.deepEqual(loss, recordFunction('loss', focal))
  assert.deepEqual(metrics, { rowsRight: recordFunction('metric', rowsRight, 'rowsRight') })
  assert.match(JSON.stringify(mixer), /conv1d/)
})

test('a metric is a column of evaluations.arrow, of the table, of curves and of the list of runs', async () => {
  const rows = rowsOfTable(readArrow(path.join(resultsDir, 'runs', made, 'evaluations.arrow')))
  assert.deepEqual(
    rows.map((row) => [row.step, typeof row['test.rowsRight']]),
    [2, 4, 6].map((step) => [step, 'number']),
  )
  const run = loadRun(made, resultsDir)
  const last = rows.at(-1)!['test.rowsRight']
  assert.ok(Number(last) >= 0 && Number(last) <= 4)
  assert.equal(new Runs([run]).table()[0]?.rowsRight, last)
  const figure = new Runs([run]).curves('test.rowsRight')
  assert.deepEqual(
    figure.data[0]?.y,
    rows.map((row) => row['test.rowsRight']),
  )
  assert.match(JSON.stringify(figure.layout), /rowsRight/)
  const listed = await recurlab(['runs', `out=${resultsDir}`, '--json'])
  assert.equal(JSON.parse(listed.stdout)[0]['test.rowsRight'], last)
  assert.match((await recurlab(['runs', made, `out=${resultsDir}`])).stdout, /rowsRight/)
  const sorted = await recurlab(['runs', `out=${resultsDir}`, 'sort=-test.rowsRight', '--json'])
  assert.equal(sorted.code, 0, sorted.stderr)
})

test('the mean of a metric is that over the outcomes of the same evaluation', async () => {
  const seen: number[] = []
  const counting: Metric = (row) => {
    assert.deepEqual(row.answer, data.test.labels.slice(16 * row.index, 16 * (row.index + 1)))
    assert.deepEqual(row.puzzle, data.test.inputs.slice(16 * row.index, 16 * (row.index + 1)))
    seen.push(rowsRight(row))
    return rowsRight(row)
  }
  const { evaluation, notes } = await evaluateRun(made, { resultsDir, data, metrics: { counting } })
  assert.equal(seen.length, 10)
  assert.equal(evaluation['test.counting'], seen.reduce((a, b) => a + b, 0) / 10)
  assert.ok(notes.includes("test.rowsRight is omitted: the run's metric rowsRight was not passed"), notes.join())
  const again = await evaluateRun(made, { resultsDir, data, metrics: { rowsRight }, mixer: conv })
  assert.equal(again.evaluation['test.rowsRight'], loadRun(made, resultsDir).evaluations.at(-1)?.['test.rowsRight'])
})

test('a run of own functions that was stopped goes on with them to the bits of one that was not', async () => {
  const id = await stopped(3)
  await resume(id, { mixer: conv, loss: focal, metrics: { rowsRight }, data, resultsDir, observer: {} })
  assert.deepEqual(checkpoint(id), checkpoint(made))
  const metric = (run: string): unknown[] => loadRun(run, resultsDir).evaluations.map((row) => row['test.rowsRight'])
  assert.deepEqual(metric(id), metric(made))
})

test('other functions than those of the run are refused by name, with the beginning of hash and text', async () => {
  const id = await stopped(1, 1)
  const refused = (options: object, expected: RegExp): Promise<void> =>
    assert.rejects(resume(id, { data, resultsDir, observer: {}, ...options }), (error: Error) => {
      assert.equal(error.name, 'UserError')
      assert.match(error.message, expected)
      return true
    })
  const name = recordFunction('mixer', conv).name
  const wide: Mixer = { ...conv, name: 'wide', norm: 'tokens' }
  await refused(
    { mixer: wide },
    new RegExp(
      `^run ${id}: expected the mixer ${name} \\(SHA-256 [0-9a-f]{12}: .*hidden.* …\\), found another, wide \\(SHA-256 [0-9a-f]{12}: .*\\)\\. Pass it in a notebook or a program: resume\\('${id}', \\{ mixer: ${name}, loss: focal \\}\\); the command line takes no functions\\.$`,
    ),
  )
  const flat: Loss = (logits) => tf.sum(logits, -1)
  await refused({ loss: flat }, /expected the loss focal \(.*\), found another, flat \(/)
  await refused(
    { metrics: { rowsRight: () => 1 } },
    /expected the metric rowsRight \(.*\), found another, rowsRight \(.*metrics: \{ rowsRight \}/,
  )
  await refused({ metrics: { rowsRight, more: () => 1 } }, /expected the run's metrics, rowsRight, found more\./)
  const plain = await train({ ...base, trainSteps: 1 }, data, { resultsDir, observer: {} })
  await assert.rejects(
    evaluateRun(plain, { resultsDir, data, mixer: conv }),
    /expected no mixer, since the run was made with mixer=mlp, found mixer-/,
  )
})

test('a process without the functions is told by name what is missing; with them it goes on, evaluates and solves', async () => {
  const id = await stopped(2, 2)
  const puzzle = '1...............'
  const program = `
import { evaluateRun, loadRun, resume, solve, sudoku, tf as tensors } from 'LIB'
const tf = tensors
const data = await sudoku({ box: '2x2', clues: 6, train: 30, test: 10, seed: 3 })
const where = { resultsDir: ${JSON.stringify(resultsDir)}, data }
const said: unknown[] = []
const failing = async (work: Promise<unknown>) => said.push(await work.then(() => 'nothing', (error) => error.message))
await failing(resume('${id}', { ...where, observer: {} }))
await failing(evaluateRun('${made}', where))
await failing(solve('${made}', '${puzzle}', where))
const conv = { weights: ${conv.weights}, apply: ${conv.apply} }
await failing(resume('${id}', { ...where, mixer: conv, observer: {} }))
said.push((await evaluateRun('${made}', where)).evaluation['test.cells'])
said.push((await solve('${made}', '${puzzle}', where)).supervisionSteps)
console.log(JSON.stringify(said))
`
  // As this process has compiled them, the functions have the text that the record holds.
  const said = JSON.parse(await elsewhere(program)) as unknown[]
  const name = recordFunction('mixer', conv).name
  const none = 'found none: the source in the record is not executed. Pass it in a notebook or a program'
  assert.ok(String(said[0]).startsWith(`run ${id}: expected the mixer ${name} (SHA-256 `), String(said[0]))
  assert.ok(String(said[0]).includes(`${none}: resume('${id}', { mixer: ${name}, loss: focal })`), String(said[0]))
  assert.ok(String(said[1]).includes(`${none}: evaluateRun('${made}', { mixer: ${name} })`), String(said[1]))
  assert.ok(String(said[2]).includes(`${none}: solve('${made}', '${puzzle}', { mixer: ${name} })`), String(said[2]))
  assert.match(String(said[3]), /expected the loss focal \(.*found none/)
  assert.equal(said[4], loadRun(made, resultsDir).evaluations.at(-1)?.['test.cells'])
  assert.equal(said[5], 2)
})

test('the command line says that a run of own functions needs a notebook or a program, and exports it all the same', async () => {
  const id = await stopped(2, 3)
  const command = (...args: string[]) => recurlab([...args, `out=${resultsDir}`])
  for (const [args, what] of [
    [['resume', id], 'mixer'],
    [['eval', made], 'mixer'],
    [['solve', made, '1...............'], 'mixer'],
  ] as const) {
    const { code, stderr } = await command(...args)
    assert.equal(code, 2)
    assert.match(
      stderr,
      new RegExp(`^recurlab: run ${args[1]}: expected the ${what} .*the command line takes no functions\\.\\n$`),
    )
  }
  const file = path.join(resultsDir, 'own.safetensors')
  const exported = await recurlab(['export', made, `out=${file}`, `results=${resultsDir}`])
  assert.equal(exported.code, 0, exported.stderr)
  assert.match(exported.stdout, /mixer\.kernel/)
  const { evaluation } = await evaluateRun(file, { data, mixer: conv })
  assert.equal(evaluation['test.cells'], loadRun(made, resultsDir).evaluations.at(-1)?.['test.cells'])
  assert.equal((await solve(file, '1...............', { data, mixer: conv })).supervisionSteps, 2)
})

test('a sweep varies mixers and losses of one’s own: names in the table, a hash beside two of one name', async () => {
  const named = (name: string, norm: 'channels' | 'tokens'): Mixer => ({ ...conv, name, norm })
  const runs = await sweep(
    { ...base, trainSteps: 2 },
    { mixer: ['mlp', named('conv', 'channels'), named('conv', 'tokens')], seed: [0] },
    data,
    { resultsDir, observer: {}, metrics: { rowsRight } },
  )
  const names = runs.table().map(({ mixer }) => String(mixer))
  assert.equal(names[0], 'mlp')
  assert.match(names[1]!, /^conv [0-9a-f]{6}$/)
  assert.match(names[2]!, /^conv [0-9a-f]{6}$/)
  assert.equal(new Set(names).size, 3)
  assert.deepEqual([...runs.final('test.cells').keys()], names)
  const losses = await sweep({ ...base, trainSteps: 2 }, { loss: ['softmax', focal] }, data, {
    resultsDir,
    observer: {},
  })
  assert.deepEqual(
    losses.table().map(({ loss }) => loss),
    ['softmax', 'focal'],
  )
  const listed = await recurlab(['runs', `out=${resultsDir}`, 'loss=focal', '--json'])
  assert.ok(
    JSON.parse(listed.stdout).every((run: { config: { loss: { name: string } } }) => run.config.loss.name === 'focal'),
  )
  await assert.rejects(
    sweep(base, { mixer: [named('a', 'channels'), named('b', 'channels')] }, data, { resultsDir, observer: {} }),
    /runs 1 and 2 that train the same: mixer a and mixer b/,
  )
})

test('resume: true takes over a run of the same texts, whatever they are called, and no other', async () => {
  const again = (mixer: Mixer, metrics: Record<string, Metric>): Promise<string> =>
    train({ ...base, mixer, loss: focal }, data, { metrics, resultsDir, observer: {}, resume: true })
  const taken = await again({ ...conv, name: 'renamed' }, { rowsRight })
  assert.equal(openRun(taken, resultsDir).status.state, 'finished')
  assert.deepEqual(checkpoint(taken), checkpoint(made))
  assert.notEqual(await again({ ...conv, norm: 'tokens' }, { rowsRight }), taken)
  assert.notEqual(await again(conv, {}), taken)
})

test('a metric that cannot be computed is refused before anything is trained, by its name and puzzle', async () => {
  const before = runCount()
  const refused = (metrics: Record<string, Metric>, expected: RegExp): Promise<void> =>
    assert.rejects(train(base, data, { metrics, resultsDir, observer: {} }), (error: Error) => {
      assert.equal(error.name, 'UserError')
      assert.match(error.message, expected)
      return true
    })
  await refused({ bad: () => Number.NaN }, /^metric bad, puzzle test\/0: expected a finite number, found NaN\.$/)
  await refused(
    {
      bad: () => {
        throw new Error('no such row.')
      },
    },
    /^metric bad, puzzle test\/0: the function threw Error: no such row \(.*own-functions\.slow\.test\.ts, line \d+\)\.$/,
  )
  await refused({ exact: () => 1 }, /^metric exact: expected a name that no other metric has, found test\.exact/)
  await refused({ 'rows right': () => 1 }, /^metric rows right: expected a name of up to 40 letters and digits/)
  assert.equal(runCount(), before)
})

test('a mixer or a loss that throws is one error with its name, function and line, in createModel and in train', async () => {
  const before = runCount()
  const broken: Mixer = { name: 'broken', weights: () => ({}), apply: (h) => tf.reshape(h, [1, 2, 3]) as tf.Tensor3D }
  const place = String.raw`\(.*own-functions\.slow\.test\.ts, line \d+\)\.$`
  const apply = new RegExp(`^mixer broken: apply threw Error: .*the requested shape has 6 ${place}`)
  const one = (message: RegExp) => (error: Error) => {
    assert.equal(error.name, 'UserError')
    assert.match(error.message, message)
    return true
  }
  assert.throws(() => trainer(createModel({ ...base, mixer: broken }, data), data).step(), one(apply))
  await assert.rejects(train({ ...base, mixer: broken }, data, { resultsDir, observer: {} }), one(apply))
  const weights: Mixer = {
    ...broken,
    weights: () => {
      throw new TypeError('no sizes')
    },
  }
  assert.throws(
    () => createModel({ ...base, mixer: weights }, data),
    one(new RegExp(`^mixer broken: weights threw TypeError: no sizes ${place}`)),
  )
  const lost: Loss = () => {
    throw new Error('no such row.')
  }
  await assert.rejects(
    train({ ...base, loss: lost }, data, { resultsDir, observer: {} }),
    one(new RegExp(`^loss lost: the function threw Error: no such row ${place}`)),
  )
  assert.equal(runCount(), before)
})

test('a mixer that is finite everywhere but at zero trains: nothing is tried with zeros', async () => {
  const unit: Mixer = {
    name: 'unit',
    weights: () => ({}),
    apply: (h) => tf.div(h, tf.sqrt(tf.sum(tf.square(h), -1, true))),
  }
  const id = await train({ ...base, trainSteps: 2, mixer: unit }, data, { resultsDir, observer: {} })
  assert.equal(openRun(id, resultsDir).state, 'finished')
})

test('a grid gives names to mixers and losses, which their runs keep', async () => {
  const grid = { mixer: { conv, plain: 'mlp' }, loss: { focal2: focal } } as const
  const runs = await sweep({ ...base, trainSteps: 1 }, grid, data, { resultsDir, observer: {} })
  assert.deepEqual(
    runs.table().map(({ mixer }) => mixer),
    ['conv', 'plain'],
  )
  const { config } = runs.all[0] as { config: Config }
  assert.deepEqual(
    [config.mixer, config.loss].map((value) => (typeof value === 'string' ? value : value.name)),
    ['conv', 'focal2'],
  )
})

test('a bfloat16 that is asked for does not apply to an own mixer', async () => {
  const id = await train({ ...base, trainSteps: 1, dtype: 'bfloat16', mixer: conv }, data, { resultsDir, observer: {} })
  assert.equal((openRun(id, resultsDir).provenance.computeSettings as { dtype: string }).dtype, 'float32')
})

test('createModel, loss and trainer take own functions, and a trainer makes the weights that train makes', async () => {
  const config = { hidden: 16, T: 1, n: 2, K: 2, batch: 8, mixer: conv, loss: focal } as const
  const model = createModel(config, data)
  assert.match(String(model[JUPYTER_DISPLAY]()['text/plain']), /with the mixer mixer-[0-9a-f]{6}, .*mixer\.kernel/s)
  const { value, gradients } = loss(model, data.batch('train', { size: 8, seed: 0 }))
  assert.ok(Number.isFinite(value))
  assert.ok(gradients['L_level.layers.0.mixer.kernel'])
  tf.dispose(gradients)
  const run = trainer(model, data, { trainSteps: base.trainSteps, evalBatch: 10 })
  for (let step = 0; step < base.trainSteps; step++) run.step()
  const evaluation = await evaluate(run, data, { metrics: { rowsRight } })
  assert.equal(evaluation['test.rowsRight'], loadRun(made, resultsDir).evaluations.at(-1)?.['test.rowsRight'])
  const stored = float32Tensors(new Map(checkpoint(made)))
  for (const [name, weight] of Object.entries(model.weights))
    assert.deepEqual(weight.dataSync(), stored.get(name)?.data, name)
})
