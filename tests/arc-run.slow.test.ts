import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { readArrow } from '../lib/files/arrow.js'
import { rowsOfTable } from '../lib/files/arrow-rows.js'
import { readJson } from '../lib/files/json.js'
import { openRun, readEvaluations, readOutcomes } from '../lib/results/run.js'
import { loadDataset } from '../lib/storage/store.js'
import { recurlab } from './recurlab.js'
import { checkpointPath } from './results/fixture.js'
import { timeless } from './timeless.js'

let folder = ''
const DATA = ['data', 'build', 'arc', 'set=generated', 'train=8', 'test=3', 'board=8', 'augment=4', 'out=tasks']
const TINY = [
  'train',
  'arc-pocket',
  'data=tasks',
  'hidden=16',
  'heads=2',
  'T=1',
  'n=1',
  'K=2',
  'batch=8',
  'trainSteps=6',
  'evalEvery=3',
  'out=results',
]

/** Runs a command that must succeed. */
async function run(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await recurlab(args, { cwd: folder })
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`)
  return stdout
}

before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-arc-'))
  await run(DATA)
  await run(TINY)
})
after(() => rmSync(folder, { recursive: true, force: true }))

const trained = () => openRun(readdirSync(path.join(folder, 'results/runs'))[0]!, path.join(folder, 'results'))

test('a run on ARC logs pass@k of votes over all versions at every evaluation', () => {
  const rows = rowsOfTable(readEvaluations(trained()))
  assert.deepEqual(
    rows.map((row) => row.step),
    [3, 6],
  )
  for (const row of rows)
    for (const k of [1, 2, 5, 10, 100, 1000]) {
      const share = row[`test.pass@${k}`]
      assert.ok(typeof share === 'number' && share >= 0 && share <= 1, `pass@${k} ${share}`)
    }
})

test('the outcome of every version of every test puzzle is kept with the run', () => {
  const data = loadDataset(path.join(folder, 'tasks'))
  const outcomes = rowsOfTable(readOutcomes(trained()))
  const names = new Set(Array.from({ length: data.identifiers.count }, (_, id) => data.identifiers.name(id)))
  assert.ok(outcomes.length > data.test.count)
  for (const { id, rows, columns, supervisionSteps } of outcomes) {
    assert.ok(names.has(String(id).replace(/^test\/\d+ /, '')), String(id))
    assert.ok(Number(rows) >= 1 && Number(rows) <= 8 && Number(columns) >= 1 && Number(columns) <= 8)
    assert.equal(supervisionSteps, 2)
  }
})

test('an evaluation writes pass@k per task, the outcomes and a submission, and agrees with the one in the loop', async () => {
  const { id } = trained()
  const args = ['eval', id, 'out=results', 'outcomes=o.arrow', 'tasks=t.csv', 'submission=submission.json', '--json']
  const row = JSON.parse(await run(args)) as Record<string, number>
  const inLoop = rowsOfTable(readEvaluations(trained())).at(-1)!
  for (const metric of ['test.exact', 'test.cells', 'test.haltAccuracy', 'test.halted', 'test.pass@2'])
    assert.equal(row[metric], inLoop[metric], metric)
  const { testTasks } = loadDataset(path.join(folder, 'tasks'))
  const submission = readJson(path.join(folder, 'submission.json')) as Record<string, { attempt_1: number[][] }[]>
  assert.deepEqual(Object.keys(submission).sort(), testTasks!.map(({ name }) => name).sort())
  for (const { name, pairs } of testTasks!) assert.equal(submission[name]!.length, pairs.length)
  assert.equal(readArrow(path.join(folder, 'o.arrow')).numRows, readOutcomes(trained()).numRows)
  assert.match(readFileSync(path.join(folder, 't.csv'), 'utf8'), /^task,inputs,votes,candidates,pass@1,pass@2/)
})

test('weights that were exported are evaluated from their file alike, and a run begins with them', async () => {
  const { id } = trained()
  await run(['export', id, 'results=results', 'out=w.safetensors'])
  const fromRun = JSON.parse(await run(['eval', id, 'out=results', '--json'])) as Record<string, number>
  const fromFile = JSON.parse(await run(['eval', 'w.safetensors', 'data=tasks', '--json'])) as Record<string, number>
  assert.equal(fromFile['test.cells'], fromRun['test.cells'])
  await run([
    ...TINY.filter((arg) => !/^(out|trainSteps|evalEvery)=/.test(arg)),
    'out=again',
    'trainSteps=1',
    'lr=0',
    'puzzleLr=0',
    'weightDecay=0',
    'ema=0',
    'evalEvery=1',
    'init=w.safetensors',
  ])
  const again = openRun(readdirSync(path.join(folder, 'again/runs'))[0]!, path.join(folder, 'again'))
  assert.equal(rowsOfTable(readEvaluations(again)).at(-1)!['test.cells'], fromRun['test.cells'])
  assert.equal((again.provenance.init as { weights: string }).weights, 'ema')
})

test('an export never replaces the checkpoint that it reads', async () => {
  const { id, dir, status } = trained()
  const checkpoint = checkpointPath({ dir }, status.checkpoint!)
  const before = readFileSync(checkpoint)
  const { code } = await recurlab(['export', id, 'results=results', `out=${checkpoint}`, '--force'], { cwd: folder })
  assert.equal(code, 2)
  assert.ok(readFileSync(checkpoint).equals(before))
})

test('the same tasks in the published layout are evaluated alike, votes included', async () => {
  const { id } = trained()
  await run(['data', 'export', 'tasks', 'out=published'])
  const [own, published] = await Promise.all(
    ['tasks', 'published'].map(async (data) =>
      JSON.parse(await run(['eval', id, 'out=results', `data=${data}`, '--json'])),
    ),
  )
  assert.deepEqual(timeless([published]), timeless([own]))
})

test('an identifier table of another size is an error that says what to do, and the option says what it did', async () => {
  await run(['export', trained().id, 'results=results', 'out=fit.safetensors'])
  await run([...DATA.filter((arg) => !/^(out|train)=/.test(arg)), 'train=9', 'out=more'])
  const refused = await recurlab(['eval', 'fit.safetensors', 'data=more'], { cwd: folder })
  assert.equal(refused.code, 1)
  assert.match(
    refused.stderr,
    /puzzle_emb\.weights: expected shape \[\d+, 16\], found \[\d+, 16\].*puzzleEmbedding=mean/,
  )
  const { notes } = JSON.parse(
    await run(['eval', 'fit.safetensors', 'data=more', 'puzzleEmbedding=mean', '--json']),
  ) as { notes: string[] }
  assert.ok(notes.some((note) => /rows replaced by/.test(note)))
})

test('a preset on data of another task, and a submission for another task, are refused at once', async () => {
  const other = await recurlab(['train', 'sudoku-pocket', 'data=tasks', 'out=no'], { cwd: folder })
  assert.equal(other.code, 2)
  assert.match(other.stderr, /expected a data set of task=sudoku, found one of task=arc/)
  const unused = await recurlab(['train', 'arc-pocket', 'data=tasks', 'size=8', 'out=no'], { cwd: folder })
  assert.match(unused.stderr, /key size: expected nothing, because data=tasks names existing puzzles/)
  const training = await recurlab(['eval', trained().id, 'out=results', 'split=train', 'submission=s.json'], {
    cwd: folder,
  })
  assert.equal(training.code, 2)
  assert.match(training.stderr, /with the test split of task=arc only, found split=train of task=arc/)
})
