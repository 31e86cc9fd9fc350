import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { runsText } from '../../lib/cli/runs-table.js'
import { metricEntry } from '../../lib/evaluate/metric-glossary.js'
import { metricTitle } from '../../lib/evaluate/metric-names.js'
import {
  arc,
  type ConfigInput,
  type Dataset,
  defineTask,
  evaluateRun,
  loadDataset,
  loadRun,
  maze,
  predictionPicture,
  Runs,
  readOutcomes,
  solveMaze,
  sudoku,
  train,
} from '../../lib/index.js'
import { Comparison, storedRun } from '../../lib/results/comparison.js'
import { openRun, readEvaluations } from '../../lib/results/record.js'
import { exportPublished } from '../../lib/storage/published/write.js'
import { parseMaze } from '../../lib/tasks/maze/index.js'
import { criteriaOf, judgeOf } from '../../lib/tasks/registry.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-judges-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const small: ConfigInput = {
  hidden: 16,
  heads: 2,
  layers: 1,
  T: 1,
  n: 1,
  K: 2,
  batch: 4,
  trainSteps: 2,
  evalEvery: 2,
  evalBatch: 4,
}

const row = (tokens: Uint8Array, data: Dataset, i: number): Uint8Array =>
  tokens.subarray(i * data.manifest.seqLen, (i + 1) * data.manifest.seqLen)

test('every stored answer of Sudokus and mazes is right by their judges, in every version that training draws', async () => {
  const sets = [
    await sudoku({ box: '2x2', train: 20, test: 20 }),
    await sudoku({ box: '2x3', train: 5, test: 5 }),
    await maze({ size: 8, minPath: 6, train: 20, test: 20, augment: 'dihedral' }),
  ]
  for (const data of sets) {
    const judge = judgeOf(data.manifest)!
    const [inputs, labels] = [new Uint8Array(data.manifest.seqLen), new Uint8Array(data.manifest.seqLen)]
    for (let example = 0; example < data.train.count; example++)
      for (let version = 0; version < 8; version++) {
        data.augment!.write(data.train, example, version, 1, inputs, labels, 0)
        const said = judge(inputs, labels)
        assert.deepEqual(Object.keys(said), criteriaOf(data.manifest))
        assert.ok(Object.values(said).every((met) => met))
      }
  }
})

test('a Sudoku with several solutions has several valid answers; a changed clue, a repeated digit or padding is none', async () => {
  const data = await sudoku({ box: '2x2', train: 1, test: 1 })
  const judge = judgeOf(data.manifest)!
  const tokens = (text: string): Uint8Array => Uint8Array.from(text, (digit) => (digit === '.' ? 1 : Number(digit) + 1))
  const question = tokens('1...............')
  assert.equal(judge(question, tokens('1234341221434321')).valid, true)
  assert.equal(judge(question, tokens('1234341243212143')).valid, true)
  assert.equal(judge(question, tokens('2134341221434321')).valid, false)
  assert.equal(judge(question, tokens('1234341221434322')).valid, false)
  assert.equal(judge(question, tokens('1234341221434321').fill(0, 15)).valid, false)
  assert.equal(judge(question, tokens('123434122143432.')).valid, false)
})

test('a maze has every path from S to G as a valid answer, and the shortest ones as optimal', async () => {
  const data = await maze({ size: 6, minPath: 6, train: 1, test: 1 })
  const judge = judgeOf(data.manifest)!
  const { input } = parseMaze(['S    #', '     #', '  G  #', '     #', '     #', '######'].join('\n'), 'open')
  const marked = (...cells: number[]): Uint8Array => {
    const answer = input.slice()
    for (const cell of cells) answer[cell] = 5
    return answer
  }
  const shortest = solveMaze(input, 6)!.label
  assert.deepEqual(judge(input, shortest), { valid: true, optimal: true })
  const other = marked(1, 2, 8)
  assert.notDeepEqual(other, shortest)
  assert.deepEqual(judge(input, other), { valid: true, optimal: true })
  assert.deepEqual(judge(input, marked(1, 2, 3, 9, 15)), { valid: true, optimal: false })
  const faults = {
    'a gap': marked(1, 8),
    'a cell beside the path': marked(1, 2, 8, 24),
    'a wall walked through': (() => {
      const answer = marked(1, 2, 8)
      answer[5] = 5
      return answer
    })(),
    'a wall removed': Uint8Array.from(other, (token, cell) => (cell === 5 ? 2 : token)),
    'S moved': Uint8Array.from(other, (token, cell) => (cell === 0 ? 2 : cell === 4 ? 3 : token)),
    padding: Uint8Array.from(other, (token, cell) => (cell === 30 ? 0 : token)),
    'no path': input,
  }
  for (const [what, answer] of Object.entries(faults))
    assert.deepEqual(judge(input, answer), { valid: false, optimal: false }, what)
})

test('a picture of a prediction that is right and not the stored answer says so, and frames no cell', async () => {
  const { input } = parseMaze(['S    #', '     #', '  G  #', '     #', '     #', '######'].join('\n'), 'open')
  const data = await maze({ size: 6, minPath: 4, train: 1, test: 1 })
  data.test.inputs.set(input)
  data.test.labels.set(solveMaze(input, 6)!.label)
  const other = input.slice()
  for (const cell of [1, 2, 8]) other[cell] = 5
  const { text } = predictionPicture(data, { puzzle: 0, prediction: other })
  assert.match(text, /prediction: valid, but not the stored answer/)
  assert.doesNotMatch(text, /! wrong/)
  other[30] = 5
  assert.match(predictionPicture(data, { puzzle: 0, prediction: other }).text, /cells wrong(.|\n)*! wrong/)
})

test('an evaluation has the share of valid answers of all puzzles, and every outcome its own', async () => {
  const data = await maze({ size: 6, minPath: 4, train: 12, test: 10 })
  const id = await train({ ...small, mixer: 'attention' }, data, { resultsDir: folder })
  const { evaluation } = await evaluateRun(id, { resultsDir: folder, batch: 4 })
  const judge = judgeOf(data.manifest)!
  for (const { puzzle, prediction, criteria } of evaluation.outcomes)
    assert.deepEqual(criteria, judge(row(data.test.inputs, data, puzzle), prediction))
  for (const name of ['valid', 'optimal'] as const)
    assert.equal(evaluation[`test.${name}`], evaluation.outcomes.filter(({ criteria }) => criteria![name]).length / 10)
  const run = openRun(id, folder)
  const [stored] = readEvaluations(run).toArray() as Record<string, unknown>[]
  assert.deepEqual(
    [stored!['test.valid'], stored!['test.optimal']],
    [evaluation['test.valid'], evaluation['test.optimal']],
  )
  const columns = readOutcomes(run).schema.fields.map(({ name }) => name)
  assert.deepEqual(columns.slice(-4), ['cells', 'valid', 'optimal', 'prediction'])
})

test('answers that are right and not the stored ones count as valid and not as exact, in tables and figures too', async () => {
  const free = defineTask({
    name: 'free',
    vocabulary: ['.', 'a', 'b'],
    rows: 1,
    columns: 12,
    generate: (random) => {
      const [question, answer] = [0, 1].map(() => Array.from({ length: 12 }, () => 'ab'[random.int(2)]!))
      return { question: question!, answer: answer! }
    },
    judge: (_, answer) => answer.length === 12,
  })
  const data = await free({ train: 20, test: 10 })
  const id = await train(small, data, { resultsDir: folder })
  const { evaluation } = await evaluateRun(id, { resultsDir: folder })
  assert.equal(evaluation['test.valid'], 1)
  assert.ok(evaluation['test.exact']! < 1)
  const runs = new Runs([loadRun(id, folder)])
  assert.equal(runs.table()[0]!['valid answers (%)'], 100)
  assert.deepEqual([...runs.final('test.valid').values()], [[100]])
  assert.match(JSON.stringify(runs.curves('test.valid')), /valid answers \(%\)/)
  const listed = new Comparison([storedRun(openRun(id, folder))])
  assert.match(runsText(listed, { ids: [id], all: false }), /valid +answers|valid answers \(%\)/)
})

test('tasks without a judge have no such column', async () => {
  const tasks = await arc({ train: 3, test: 2, board: 6, size: 4, augment: 1 })
  assert.equal(judgeOf(tasks.manifest), null)
  const id = await train({ ...small, mixer: 'attention' }, tasks, { resultsDir: folder })
  const [stored] = readEvaluations(openRun(id, folder)).toArray() as Record<string, unknown>[]
  assert.equal(stored!['test.valid'], undefined)
  assert.ok(!readOutcomes(openRun(id, folder)).schema.fields.some(({ name }) => name === 'valid'))
})

test('a published folder of Sudokus is judged too', async () => {
  const data = await sudoku({ box: '2x2', train: 3, test: 3 })
  const dir = path.join(folder, 'published')
  await exportPublished(data, dir)
  const read = await loadDataset(dir)
  assert.equal(judgeOf(read.manifest)!(row(read.test.inputs, read, 0), row(read.test.labels, read, 0)).valid, true)
})

test('valid and optimal answers have a title, a unit and an entry in the glossary', () => {
  assert.deepEqual(['test.valid', 'test.optimal'].map(metricTitle), ['valid answers (%)', 'optimal answers (%)'])
  for (const name of ['test.valid', 'test.optimal']) assert.equal(metricEntry(name)?.unit, 'share')
  assert.match(metricEntry('test.optimal')!.meaning, /^task=maze: .* the path is valid and as short as the shortest\.$/)
})
