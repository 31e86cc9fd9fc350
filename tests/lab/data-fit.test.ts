import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import { evaluationSettings } from '../../lib/evaluate/settings.js'
import { createModel, type Dataset, evaluate, evaluateRun, solve, sudoku, trainer } from '../../lib/index.js'
import { checkDataFits } from '../../lib/model/data-fit.js'

let folder = ''
let sudokus: Dataset
let mazes: Dataset
before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-data-fit-'))
  sudokus = await sudoku({ box: '2x2', clues: 6, train: 8, test: 4, seed: 0 })
  // Mazes of 4×4 cells have the sizes of 4×4 Sudokus: 16 tokens, and 5 symbols with padding.
  mazes = { ...sudokus, manifest: { ...sudokus.manifest, task: 'maze' } }
})
after(() => rmSync(folder, { recursive: true, force: true }))

const config = { hidden: 16, T: 1, n: 1, K: 2 }
const training = { batch: 4, trainSteps: 2 }

test('data of another task are refused by evaluate, a trainer, evaluateRun and solve, even when their sizes are those of the model', async () => {
  const model = createModel(config, sudokus)
  const run = trainer(model, sudokus, training)
  const file = path.join(folder, 'sudoku.safetensors')
  run.save(file)
  const refused = /expected a data set of task=sudoku, which the model was made for, found one of task=maze\. /
  for (const evaluated of [model, model.with({}), run]) await assert.rejects(evaluate(evaluated, mazes), refused)
  assert.throws(() => trainer(model, mazes, training), refused)
  await assert.rejects(evaluateRun(file, { data: mazes }), refused)
  await assert.rejects(solve(file, '1...............', { data: mazes }), refused)
  assert.equal((await evaluate(run, sudokus)).puzzles, 4)
  assert.equal((await evaluateRun(file, { data: sudokus })).evaluation.puzzles, 4)
  // A published folder of an unknown task may hold the same puzzles.
  const unknown = { ...sudokus, manifest: { ...sudokus.manifest, task: 'tokens' } }
  assert.equal((await evaluate(model, unknown)).puzzles, 4)
})

test('data of another length, vocabulary or number of puzzle identifiers than the model has are refused by number', () => {
  const { manifest } = sudokus
  const model = { seqLen: 16, vocabSize: 6, puzzleDim: 16, puzzleIdentifiers: 3 }
  const check = (changes: object, { everyRow = false, puzzleDim = 16 } = {}) =>
    checkDataFits(
      { task: null, shape: { ...model, puzzleDim } },
      { ...manifest, ...changes },
      { where: 'here', todo: 'Do this.', everyRow },
    )
  check({ task: 'maze' })
  check({ puzzleIdentifiers: 2 })
  check({ puzzleIdentifiers: 5 }, { puzzleDim: 0 })
  const rows = "puzzle identifiers, the rows of the model's puzzle embedding, found"
  for (const [attempt, message] of [
    [() => check({ seqLen: 36 }), 'here: expected puzzles of 16 tokens, as the model has, found 36. Do this.'],
    [() => check({ vocabSize: 7 }), 'here: expected a vocabulary of 6 tokens, as the model has, found 7. Do this.'],
    [() => check({ puzzleIdentifiers: 5 }), `here: expected at most 3 ${rows} 5. Do this.`],
    [() => check({ puzzleIdentifiers: 2 }, { everyRow: true }), `here: expected 3 ${rows} 2. Do this.`],
  ] as const)
    assert.throws(attempt, { name: 'UserError', message, exitCode: 2 })
})

test('an evaluation takes the keys of the configuration where no option is given', async () => {
  const keys = { evalBatch: 3, evalVersions: 2, evalSupervisionSteps: 5, evalHalt: true }
  const { evaluation } = resolveConfig(parseConfig(keys))
  assert.deepEqual(evaluationSettings(evaluation), { batch: 3, versions: 2, supervisionSteps: 5, halt: true })
  assert.deepEqual(evaluationSettings(evaluation, { batch: 7, halt: false }), {
    batch: 7,
    versions: 2,
    supervisionSteps: 5,
    halt: false,
  })
  const model = createModel({ ...config, evalBatch: 3, evalSupervisionSteps: 5 }, sudokus)
  const done: number[] = []
  const { supervisionSteps } = await evaluate(model, sudokus, { onBatch: (puzzles) => done.push(puzzles) })
  assert.deepEqual([supervisionSteps, done], [5, [3, 4]])
  assert.equal((await evaluate(model, sudokus, { supervisionSteps: 1 })).supervisionSteps, 1)
})

test('a trainer takes the keys of training and evaluation, and says where others belong', () => {
  const model = createModel(config, sudokus)
  const loosely = trainer as unknown as (...args: unknown[]) => unknown
  assert.equal(trainer(model, sudokus, { ...training, lr: 0.5, evalBatch: 3, augment: 2 }).config.evalBatch, 3)
  for (const key of ['checkpointEvery', 'logEvery', 'carryVotes'])
    assert.throws(
      () => loosely(model, sudokus, { [key]: 1 }),
      /a key of training, found one of a whole run\. Give it to train/,
    )
  for (const key of ['dtype', 'freeze', 'hidden', 'clues'])
    assert.throws(
      () => loosely(model, sudokus, { [key]: 1 }),
      /found one of the model or the data\. Give it to createModel/,
    )
})
