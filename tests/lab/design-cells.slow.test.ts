import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { saveDataset } from '../../lib/storage/store.js'
import { queens } from '../../lib/tasks/queens/index.js'
import { type KernelClient, resultOf, startKernel } from '../kernel-client.js'
import { root } from '../shared.js'

// The cells of an open laboratory in one notebook. The sentences beside them are tested where their subject is:
// 1 the model, 3 a step and the loop    design.slow.test.ts, cells.slow.test.ts (lost memory, stopping)
// 2 the layers                          layers.test.ts (every example of a TSDoc runs)
// 4 another recursion                   ../recursion/run.slow.test.ts (resume, eval, solve, export), compute.slow.test.ts (bits of the preset)
// 5 another mixer, loss, metric         ../kernel/own-functions.slow.test.ts, ../experiment/own-functions.slow.test.ts, ../model/own-mixer.slow.test.ts
// 6 another task                        ../tasks/define.slow.test.ts, ../kernel/define-task.slow.test.ts
let kernel: KernelClient
let folder = ''
before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-design-cells-'))
  kernel = await startKernel({ cwd: path.join(root, 'notebooks') })
  await shownBy(`import { createModel, datasetFacts, defineTask, evaluate, loadDataset, refineAnswer, refineLatent, repeat } from '../lib'
import { saveDataset, showPuzzle, showVersions, solve, sudoku, sweep, train, trm, type TaskSymmetry, type Update } from '../lib'
const resultsDir = ${JSON.stringify(folder)}
const base = { hidden: 16, heads: 2, T: 1, n: 1, K: 2, batch: 8, trainSteps: 4, evalEvery: 2 } as const`)
})
after(async () => {
  await kernel?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a cell to its end and returns the texts that it shows, in one. */
async function shownBy(code: string): Promise<string> {
  const { reply, published } = await kernel.execute(code)
  assert.equal(reply.status, 'ok', `${code}\n${JSON.stringify(reply)}`)
  return published
    .map(({ content }) => String((content.data as Record<string, unknown> | undefined)?.['text/plain'] ?? ''))
    .join('\n')
}

async function resultFrom(expression: string): Promise<string> {
  return String(resultOf(await kernel.execute(expression)))
}

test('a sweep over recursions written in a cell shows each by its name, and the record holds its assignments', async () => {
  const shown = await shownBy(`const data = await sudoku({ box: '2x2', clues: 6, train: 30, test: 10, seed: 0 })
const twice = ({ T, n }: { T: number; n: number }) => repeat(T, [...repeat(n, [refineLatent]), refineAnswer, refineAnswer])
const oneLatent: Update = ({ net }, x, { y, z }) => ({ z: net(z, x), y: net(z, y) })
const runs = await sweep(base, { recursion: { paper: trm(3, 6), 'y twice': twice({ T: 3, n: 6 }), mine: [oneLatent, oneLatent] }, seed: [0] }, data, { resultsDir })
runs`)
  for (const name of ['paper', 'y twice', 'mine']) assert.match(shown, new RegExp(`^${name} +0 `, 'm'))
  assert.equal(await resultFrom('runs.all.map((run) => run.config.recursion!.order.length).join()'), "'21,24,2'")
  assert.equal(await resultFrom("runs.all.map((run) => run.config.recursion?.name).join('|')"), "'paper|y twice|mine'")
})

test('a task of a cell trains, is scored by its judge, drawn, swept, solved and stored', async () => {
  await shownBy(`const five = [0, 1, 2, 3, 4]
const distinct = (cells: readonly string[]) => new Set(cells).size === 5
const isLatin = (answer: readonly string[]) => five.every((i) => distinct(five.map((j) => answer[5 * i + j]!)) && distinct(five.map((j) => answer[5 * j + i]!)))
const keeps = (question: readonly string[], answer: readonly string[]) => question.every((symbol, i) => symbol === '.' || symbol === answer[i])
const relabel: TaskSymmetry = (cells, random) => {
  const names = random.shuffle(['1', '2', '3', '4', '5'])
  return cells.map((symbol) => (symbol === '.' ? symbol : names[Number(symbol) - 1]!))
}
const transpose: TaskSymmetry = (cells) => cells.map((_, i) => cells[(i % 5) * 5 + Math.floor(i / 5)]!)
const latin = defineTask({
  name: 'latin-5', vocabulary: ['.', '1', '2', '3', '4', '5'], rows: 5, columns: 5,
  generate: (random) => {
    const [rows, columns] = [random.shuffle([...five]), random.shuffle([...five])]
    const answer = rows.flatMap((i) => columns.map((j) => String(1 + ((i + j) % 5))))
    return { question: answer.map((symbol) => (random.int(3) === 0 ? '.' : symbol)), answer }
  },
  judge: (question, answer) => isLatin(answer) && keeps(question, answer),
  symmetries: [relabel, transpose],
})
const squares = await latin({ train: 50, test: 20, seed: 0 })`)
  assert.match(await shownBy("showPuzzle(squares, { split: 'test', example: 0 })"), /puzzle +answer\n([.1-5] ){4}/)
  assert.match(await shownBy('showVersions(squares, { count: 3 })'), /version 0 +version 1 +version 2/)
  assert.match(await shownBy('await evaluate(createModel(base, squares), squares)'), /valid answers \(%\)/)
  await shownBy('const id = await train(base, squares, { resultsDir })')
  const question = '12345\\n2....\\n3....\\n4....\\n5....'
  assert.equal(await resultFrom(`[...(await solve(id, '${question}', { resultsDir })).run()].length`), '2')
  assert.match(
    await shownBy(
      "await sweep({ ...base, task: 'latin-5', trainPuzzles: 20, testPuzzles: 10 }, { seed: [0, 1] }, { resultsDir })",
    ),
    /^trm +1 /m,
  )
  await shownBy("saveDataset(squares, resultsDir + '/squares')")
  assert.equal(await resultFrom("(await loadDataset(resultsDir + '/squares')).hash === squares.hash"), 'true')
  assert.equal(
    await resultFrom("datasetFacts(squares).vocabulary.map(({ meaning }) => meaning).join(' ')"),
    "'padding . 1 2 3 4 5'",
  )
})

for (const [how, made] of [
  ['is loaded', (stored: string) => `await loadDataset(${JSON.stringify(stored)})`],
  ['has queens', () => 'await queens({ size: 5, train: 20, test: 5 })'],
] as const)
  test(`a data set that ${how} in the first cell is enough for a model and for tf`, async () => {
    const stored = path.join(folder, 'queens')
    saveDataset(await queens({ size: 5, train: 20, test: 5 }), stored)
    const fresh = await startKernel({ cwd: path.join(root, 'notebooks') })
    try {
      const answer = await fresh.execute(`import { createModel, loadDataset, queens, tf } from '../lib'
const data = ${made(stored)}
const model = createModel({ hidden: 16, heads: 2, T: 1, n: 1, K: 2 }, data)
tf.sum(model.embed(data.batch('train', { size: 2, seed: 0 }))).shape.length`)
      assert.equal(resultOf(answer), '0')
    } finally {
      await fresh.close()
    }
  })
