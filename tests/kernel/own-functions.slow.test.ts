import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { type KernelClient, printed, resultOf, startKernel } from '../kernel-client.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-own-cells-'))
let kernel: KernelClient

before(async () => {
  kernel = await startKernel()
})
after(async () => {
  await kernel?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function run(code: string): Promise<string> {
  const answer = await kernel.execute(code)
  assert.equal(answer.reply.status, 'ok', JSON.stringify(answer.reply))
  return JSON.stringify(answer.published.map(({ content }) => content))
}

// The cell of the design, with the functions that it leaves out.
const cell = `const conv: Mixer = { weights: ({ hidden }) => ({ kernel: [3, hidden, hidden] }), apply: (h, { kernel }) => tf.conv1d(h, kernel, 1, 'same') }
const focal: Loss = (logits, labels) => {
  const p = tf.sum(tf.mul(tf.softmax(logits), tf.oneHot(labels, logits.shape[2])), -1)
  return tf.mul(tf.square(tf.sub(1, p)), tf.neg(tf.log(tf.add(p, 1e-6))))
}
const rowsRight: Metric = ({ prediction, answer, columns }) =>
  answer.filter((_, i) => i % columns === 0 && prediction[i] === answer[i]).length
const id = await train({ ...base, mixer: conv, loss: focal }, data, { metrics: { rowsRight }, resultsDir })`

test('a cell with an own mixer, loss and metric trains, and its run is called by the names of the variables', async () => {
  await run(`import { loadRun, type Loss, type Metric, type Mixer, Runs, show, sudoku, sweep, tf, train } from '../lib'
const resultsDir = ${JSON.stringify(folder)}
const data = await sudoku({ clues: 6, train: 30, test: 10 })
const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 4, evalEvery: 2 }`)
  const shown = await run(cell)
  assert.match(shown, /the fused kernels do not support the mixer conv/)
  assert.match(shown, /rowsRight \d/, 'the live view')
  assert.match(String(resultOf(await kernel.execute('id'))), /-sudoku-conv-/)
  const names =
    'const run = loadRun(id, resultsDir); [run.config.mixer, run.config.loss].map((it) => typeof it === "string" ? it : it.name).join()'
  assert.equal(resultOf(await kernel.execute(names)), "'conv,focal'")
  assert.match(await run('show(new Runs([run]).curves("test.rowsRight"))'), /rowsRight/)
})

test('the same cell run again is the same run, and with another text another', async () => {
  const again = (text: string): string =>
    `${text.replace('resultsDir }', 'resultsDir, resume: true }').replace('const id =', 'const again =')}\nconsole.log(again === id)`
  assert.match(printed(await kernel.execute(again(cell))), /true/)
  assert.match(printed(await kernel.execute(again(cell.replace('1e-6', '1e-5')))), /false/)
})

test('a note names the variables of cells that a function uses, and neither tf nor a layer of the library', async () => {
  await run("import { rmsNorm } from '../lib'\nconst scale = 2\nfunction twice(x: number) { return scale * x }")
  const shown =
    await run(`const scaled: Mixer = { weights: () => ({ w: [1] }), apply: (h, { w }) => tf.mul(tf.mul(rmsNorm(h), w), twice(scale)) }
await train({ ...base, trainSteps: 1, mixer: scaled }, data, { resultsDir })`)
  assert.match(shown, /the mixer scaled uses twice and scale from outside: their values are not in the record/)
})

test('a wrong key of a mixer is a type error, and so is a loss that is none', async () => {
  const refused = async (code: string): Promise<string> => {
    const { reply } = await kernel.execute(code)
    assert.equal(reply.status, 'error', code)
    return String(reply.evalue)
  }
  assert.match(await refused('const a: Mixer = { wieghts: () => ({}), apply: (h) => h }'), /wieghts/)
  assert.match(await refused("await train({ ...base, mixer: 'conv' }, data)"), /conv/)
  assert.match(await refused('await train({ ...base, loss: (logits: string) => logits }, data)'), /loss|string/)
})

test('a function of a cell that throws is one error, with the function, its message and the line of the cell', async () => {
  const refused = async (code: string): Promise<string> => {
    const { reply } = await kernel.execute(code)
    assert.equal(reply.status, 'error', code)
    assert.equal(reply.ename, 'UserError')
    assert.equal((reply.traceback as string[]).length, 1, JSON.stringify(reply.traceback))
    return String(reply.evalue)
  }
  await run(`import { createModel, defineTask, trainer } from '../lib'
const bad: Mixer = {
  weights: () => ({}),
  apply: (h) => tf.add(h, tf.zeros([7, 7, 7])),
}`)
  assert.match(
    await refused('trainer(createModel({ ...base, mixer: bad }, data), data).step()'),
    /^mixer bad: apply threw Error: .* \(cell \[\d+\], line 4\)\.$/,
  )
  assert.match(
    await refused(`await defineTask({
  name: 'none', vocabulary: ['a', 'b'], rows: 1, columns: 2,
  generate: (random) => {
    throw new RangeError('nothing to draw')
  },
})({ train: 1, test: 1 })`),
    /^task none: generate threw RangeError: nothing to draw \(cell \[\d+\], line 4\)\.$/,
  )
})
