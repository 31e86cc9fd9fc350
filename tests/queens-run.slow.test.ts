import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { startBackend } from '../lib/backend/index.js'
import { rowsOfTable } from '../lib/files/arrow-rows.js'
import { type ConfigInput, datasetOf, parseConfig, queens, resume, solve, train } from '../lib/index.js'
import { puzzlePicture, versionsPicture } from '../lib/plot/puzzle.js'
import { loadCheckpoint, openRun, readEvaluations, readOutcomes } from '../lib/results/run.js'
import { loadDataset } from '../lib/storage/store.js'
import { judgeOf } from '../lib/tasks/registry.js'
import { recurlab } from './recurlab.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-queens-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const resultsDir = path.join(folder, 'results')
const DATA = path.join(folder, 'boards')

/** 5×5 boards, 25 of which have several completions, and a model that learns some of them in seconds. */
const TINY: ConfigInput = {
  hidden: 32,
  heads: 2,
  layers: 1,
  T: 1,
  n: 1,
  K: 2,
  batch: 32,
  trainSteps: 150,
  evalEvery: 75,
  evalBatch: 40,
  checkpointEvery: 50,
  logEvery: 10,
}

/** Runs a command that must succeed. */
async function run(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await recurlab(args, { cwd: folder })
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
  return stdout
}

const trained = (): ReturnType<typeof openRun> => openRun(readdirSync(path.join(resultsDir, 'runs'))[0]!, resultsDir)

before(async () => {
  await run(['data', 'build', 'queens', 'size=5', 'test=60', 'augment=none', 'seed=1', `out=${DATA}`])
  const keys = Object.entries(TINY).map(([key, value]) => `${key}=${value}`)
  await run(['train', 'queens-pocket', `data=${DATA}`, ...keys, `out=${resultsDir}`])
})

test('data info counts given queens and completions, and shows a board', async () => {
  const text = await run(['data', 'info', DATA, 'split=test'])
  assert.match(text, /^train +165 +165 /m)
  assert.match(text, /split by unique input, of 225 there are, as published/)
  assert.match(text, /queen \(Q\)/)
  assert.match(text, /test example 0 · rating \d+\npuzzle +answer\n([.Q] ){4}[.Q] {5}([.Q] ){4}[.Q]\n/)
})

test('training is logged with the share of valid answers, which counts every completion and not the stored one alone', () => {
  const { test: split, manifest } = loadDataset(DATA)
  const judge = judgeOf(manifest)!
  const last = rowsOfTable(readEvaluations(trained())).at(-1)!
  const outcomes = readOutcomes(trained())
  const rows = Array.from({ length: outcomes.numRows }, (_, row) => row)
  const column = (name: string, row: number): unknown => outcomes.getChild(name)!.get(row)
  const rightOf = (of: (question: Uint8Array, answer: Uint8Array, label: Uint8Array) => boolean): number =>
    rows.filter((row) => {
      const at = Number(column('puzzle', row)) * 25
      const answer = Uint8Array.from(column('prediction', row) as Iterable<number>)
      return of(split.inputs.subarray(at, at + 25), answer, split.labels.subarray(at, at + 25))
    }).length / split.count
  const valid = rightOf((question, answer) => judge(question, answer).valid!)
  assert.equal(rows.length, split.count)
  assert.equal(last['test.valid'], valid)
  assert.equal(
    last['test.exact'],
    rightOf((_, answer, label) => answer.every((token, cell) => token === label[cell])),
  )
  assert.ok(Number(last['test.valid']) >= Number(last['test.exact']) && valid > 0.2, `${valid} valid`)
})

test('an evaluation of the stored run says the same', async () => {
  const row = JSON.parse(await run(['eval', trained().id, `out=${resultsDir}`, '--json'])) as Record<string, number>
  const last = rowsOfTable(readEvaluations(trained())).at(-1)!
  for (const metric of ['test.exact', 'test.valid', 'test.cells']) assert.equal(row[metric], last[metric], metric)
})

test('a board is solved step by step, as lines or as one; each step is judged by the rules', async () => {
  const board = ['Q....', '.....', '.....', '.....', '.....']
  const file = path.join(folder, 'board.txt')
  writeFileSync(file, `${board.join('\n')}\n`)
  const fromFile = await run(['solve', trained().id, file, `out=${resultsDir}`])
  const typed = await run(['solve', trained().id, board.join(''), `out=${resultsDir}`])
  for (const text of [fromFile, typed])
    assert.match(
      text,
      /every given queen kept, 5 queens and no two attack|attack each other|is missing|queens instead of 5/,
    )
  const { puzzle, run: steps } = await solve(trained().id, board.join(''), { resultsDir })
  assert.equal([...steps()].length, 2)
  assert.equal(puzzle.answer!.filter((token) => token === 2).length, 5)
})

const wrong: [string, string, RegExp][] = [
  ['of another size', '.'.repeat(24), /expected question with 25 cells, found 24/],
  ['with another character', `x${'.'.repeat(24)}`, /expected one of \., Q in question at cell 1, found "x"/],
  [
    'whose queens attack each other',
    `QQ${'.'.repeat(23)}`,
    /queens that can be completed to 5, .* found queens without a completion/,
  ],
  ['that has no completion', `..Q..${'.'.repeat(5)}Q${'.'.repeat(14)}`, /found queens without a completion/],
]
for (const [what, board, message] of wrong)
  test(`a board ${what} is one error`, async () => {
    await assert.rejects(solve(trained().id, board, { resultsDir }), { name: 'UserError', message })
  })

test('a run on turned and mirrored versions that was stopped and resumed ends as one that was not, bit for bit', async () => {
  await startBackend()
  const data = await queens({ size: 5, train: 20, test: 5, augment: 'dihedral' })
  const dir = path.join(folder, 'resumed')
  const config: ConfigInput = { ...TINY, trainSteps: 8, evalEvery: 4, checkpointEvery: 2, batch: 8 }
  const whole = await train(config, data, { resultsDir: dir })
  const stop = new AbortController()
  const observer = { onStep: ({ step }: { step: number }) => step === 3 && stop.abort() }
  const stopped = await train(config, data, { resultsDir: dir, observer, signal: stop.signal })
  await resume(stopped, { resultsDir: dir, data })
  const tensorsOf = (id: string): unknown => loadCheckpoint(openRun(id, dir)).tensors
  assert.deepEqual(tensorsOf(stopped), tensorsOf(whole))
})

test('the keys of a configuration are enough to make its boards', async () => {
  const config: ConfigInput = { task: 'queens', size: 6, clues: 2, trainPuzzles: 20, testPuzzles: 5, dataSeed: 3 }
  const { train: list, manifest } = await datasetOf(parseConfig(config))
  const same = await queens({ size: 6, clues: 2, train: 20, test: 5, seed: 3 })
  assert.deepEqual([list.inputs, manifest.options], [same.train.inputs, same.manifest.options])
})

test('a board and its versions are drawn for notebooks, queens that the answer adds in a colour of their own', async () => {
  const data = await queens({ size: 5, train: 20, test: 5, augment: 'dihedral' })
  const { svg, text } = puzzlePicture(data)
  assert.match(text, /^train example 0/)
  assert.ok(svg.includes('♛'))
  assert.equal((versionsPicture(data, { count: 8 }).text.match(/version \d/g) ?? []).length >= 2, true)
})
