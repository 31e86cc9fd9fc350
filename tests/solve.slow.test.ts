import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../lib/backend/index.js'
import { execute } from '../lib/cli/main.js'
import { parseConfig } from '../lib/config/parse.js'
import { resolveConfig } from '../lib/config/resolved.js'
import type { ConfigInput } from '../lib/config/schema.js'
import type { Dataset } from '../lib/data/dataset.js'
import { evaluationBatches } from '../lib/data/evaluation-batches.js'
import { UserError } from '../lib/errors.js'
import { evaluateBatch } from '../lib/evaluate/evaluate.js'
import { evaluateSteps } from '../lib/evaluate/steps.js'
import { defineTask } from '../lib/experiment/data/define-task.js'
import { train } from '../lib/experiment/run/train.js'
import { solve } from '../lib/experiment/solve/solve.js'
import { writeWeightsFile } from '../lib/interop/weights-write.js'
import { configuredShape } from '../lib/model/configured.js'
import { disposeModel, initialModel, modelTensors } from '../lib/model/model.js'
import { saveDataset } from '../lib/storage/store.js'
import { arc } from '../lib/tasks/arc/build.js'
import { drawMaze, maze } from '../lib/tasks/maze/index.js'
import { sudoku } from '../lib/tasks/sudoku/index.js'
import { recurlab } from './recurlab.js'
import { sharedPath } from './shared.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-solve-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const inFolder = (name: string): string => path.join(folder, name)
const small: ConfigInput = { hidden: 16, heads: 2, layers: 1, T: 1, n: 1, K: 3, puzzleTokens: 1 }

const grids = await sudoku({ box: '2x2', train: 4, test: 4 })
const mazes = await maze({ size: 6, train: 2, test: 2 })
const tasks = await arc({ train: 3, test: 2, board: 10, augment: 2 })
/** Weights of models that have learned nothing, by task. */
const weights = {
  sudoku: inFolder('sudoku.safetensors'),
  maze: inFolder('maze.safetensors'),
  arc: inFolder('arc.safetensors'),
}
const challenge = inFolder('challenges.json')

function writeFresh(
  file: string,
  { manifest, hash }: Dataset,
  more: ConfigInput = {},
  edit: (name: string, data: Float32Array) => void = () => {},
): void {
  const config = { ...small, ...more, task: manifest.task as 'sudoku' }
  const { seqLen, vocabSize, puzzleIdentifiers } = manifest
  const sizes = { seqLen, vocabSize, puzzleIdentifiers }
  const model = initialModel(configuredShape(resolveConfig(parseConfig(config)), sizes), 0)
  const tensors = modelTensors(model)
  for (const [name, { data }] of tensors) edit(name, data)
  writeWeightsFile(file, { tensors, config, sizes, weights: 'live', dataHash: hash, step: 0 })
  disposeModel(model)
}

before(async () => {
  await startBackend()
  writeFresh(weights.sudoku, grids)
  writeFresh(weights.maze, mazes)
  saveDataset(tasks, inFolder('arc'))
  writeFresh(weights.arc, tasks, { data: inFolder('arc') })
  const [tested] = tasks.testTasks!
  const { input } = tested!.pairs[0]!
  const all = { [tested!.name]: { train: [{ input, output: input }], test: [{ input }] }, other: pairs([[1]], [[2]]) }
  writeFileSync(challenge, JSON.stringify(all))
})

function pairs(input: number[][], output: number[][] | undefined): object {
  return {
    train: [{ input, output: input }],
    test: [{ input: [[0]], output: [[1]] }, output ? { input, output } : { input }],
  }
}

for (const config of [
  { mixer: 'mlp' },
  { mixer: 'attention' },
  { latents: 'multi', mixer: 'attention' },
  { model: 'hrm', mixer: 'attention', layersH: 1 },
  { model: 'direct', mixer: 'mlp' },
] as const)
  test(`step by step is the same as at once, and nothing stays in memory: ${Object.values(config).join(', ')}`, () => {
    const keys = parseConfig({
      ...small,
      ...config,
      ...('model' in config && config.model === 'direct' ? { T: null, n: null } : {}),
    })
    const model = initialModel(configuredShape(resolveConfig(keys), grids.manifest), 3)
    const held = tf.memory().numTensors
    const [batch] = evaluationBatches(grids, { batch: 3 })
    const steps = [...evaluateSteps(model, model.weights, batch!, 4)]
    assert.deepEqual(
      steps.map(({ step }) => step),
      [1, 2, 3, 4],
    )
    for (const { step, predictions, qHalt } of [steps[0]!, steps[3]!]) {
      const { outcomes } = evaluateBatch(model, model.weights, batch!, step)
      assert.deepEqual(
        [...predictions],
        outcomes.flatMap(({ prediction }) => [...prediction]),
      )
      outcomes.forEach(({ haltProbability }, row) => {
        assert.ok(Math.abs(haltProbability - 1 / (1 + Math.exp(-qHalt[row]!))) < 1e-6)
      })
    }
    const left = evaluateSteps(model, model.weights, batch!, 4)
    left.next()
    left.return()
    assert.equal(tf.memory().numTensors, held)
    disposeModel(model)
  })

test('a Sudoku is solved when the rules say so, and wrong cells are those of the only solution', async () => {
  const { puzzle, notes } = await solve(weights.sudoku, '1..4....3....2.1')
  assert.deepEqual(notes, [])
  const right = puzzle.answer!
  assert.equal(puzzle.write(right), '1324241331424231')
  assert.equal(puzzle.judge(right).solved, true)
  const wrong = right.slice()
  ;[wrong[1], wrong[2]] = [right[2]!, right[1]!]
  assert.equal(puzzle.judge(wrong).solved, false)
  assert.deepEqual(
    puzzle.marks(wrong).flatMap((mark, cell) => (mark === 'wrong' ? [cell] : [])),
    [1, 2],
  )
})

test('of a Sudoku with several solutions any is one, and what contradicts itself is marked', async () => {
  const { puzzle, notes } = await solve(weights.sudoku, '1...............')
  assert.match(notes.join(), /several solutions/)
  const other = Uint8Array.from('1234341221434321', (digit) => Number(digit) + 1)
  assert.equal(puzzle.judge(other).solved, true)
  assert.ok(puzzle.marks(other).every((mark) => mark === 'none'))
  const changedClue = Uint8Array.from('2134341221434321', (digit) => Number(digit) + 1)
  assert.equal(puzzle.judge(changedClue).solved, false)
  assert.equal(puzzle.marks(changedClue)[0], 'wrong')
  const blank = new Uint8Array(16).fill(1)
  assert.deepEqual([puzzle.marks(blank)[0], puzzle.marks(blank)[5]], ['wrong', 'none'])
})

test('a maze is read as rows or as one line, and any shortest path solves it', async () => {
  const open = ['S     ', '      ', '  G   ', '      ', '      ', '      ']
  writeFileSync(inFolder('maze.txt'), open.map((row) => `${row.trimEnd()}\n`).join(''))
  const { puzzle } = await solve(weights.maze, inFolder('maze.txt'))
  assert.deepEqual((await solve(weights.maze, open.join(''))).puzzle.input, puzzle.input)
  const other = puzzle.input.slice()
  for (const cell of [1, 2, 8]) other[cell] = 5
  assert.equal(puzzle.judge(puzzle.answer!).solved, true)
  assert.equal(puzzle.judge(other).solved, true)
  assert.notDeepEqual(other, puzzle.answer)
  assert.ok(puzzle.marks(other).every((mark) => mark === 'none'))
  other[30] = 5
  assert.match(puzzle.judge(other).words, /do not form a path/)
  assert.ok(puzzle.marks(other).includes('wrong'))
  const real = drawMaze(mazes.test.inputs.subarray(0, 36), 6)
  assert.deepEqual([...(await solve(weights.maze, real)).puzzle.answer!], [...mazes.test.labels.subarray(0, 36)])
})

test('an ARC task is asked under its own identifier; a cropped output that equals the answer solves it', async () => {
  const [tested] = tasks.testTasks!
  const { puzzle, identifier, notes } = await solve(weights.arc, challenge, { task: tested!.name })
  assert.equal(identifier.name, tested!.name)
  assert.equal(tasks.identifiers.name(identifier.id), tested!.name)
  assert.match(notes.join(), /answer is unknown/)
  assert.deepEqual([puzzle.answer, puzzle.judge(puzzle.input).solved], [null, null])
  writeFileSync(
    challenge.replace('challenges', 'solutions'),
    JSON.stringify({ [tested!.name]: [tested!.pairs[0]!.output] }),
  )
  const known = (await solve(weights.arc, challenge, { task: tested!.name })).puzzle
  assert.deepEqual(known.write(known.answer!), tested!.pairs[0]!.output)
  assert.equal(known.judge(known.answer!).solved, true)
  const wrong = known.answer!.slice()
  wrong[0] = wrong[0] === 2 ? 3 : 2
  assert.match(known.judge(wrong).words, /^1 of \d+ cells are wrong/)
  assert.equal(known.marks(wrong)[0], 'wrong')
})

test('an ARC task that the model does not know is asked under the blank identifier, and that is said', async () => {
  const typed = JSON.stringify(pairs([[1, 2]], [[3]]))
  const nameless = await solve(weights.arc, typed, { input: 1 })
  assert.deepEqual([nameless.identifier.id, nameless.puzzle.name], [0, ''])
  assert.match(nameless.notes.join(), /no name.*blank puzzle identifier/)
  assert.deepEqual(nameless.puzzle.write(nameless.puzzle.answer!), [[3]])
  const unknown = await solve(weights.arc, challenge, { task: 'other' })
  assert.match(unknown.notes.join(), /no task other: the blank puzzle identifier/)
  const elsewhere = await arc({ train: 2, test: 1, board: 10, augment: 1 })
  await assert.rejects(
    solve(weights.arc, typed, { data: elsewhere }),
    /expected a data set with \d+ puzzle identifiers/,
  )
})

test('the task of weights is what their configuration says, whatever has the same sizes', async () => {
  const pairs = defineTask({
    name: 'pairs',
    vocabulary: ['.', 'a', 'b', 'c', 'd'],
    rows: 4,
    columns: 4,
    generate: (random) => {
      const answer = Array.from({ length: 16 }, () => 'abcd'[random.int(4)]!)
      return { question: answer.map((symbol, i) => (i % 2 === 0 ? symbol : '.')), answer }
    },
    judge: (question, answer) => question.every((symbol, i) => symbol === '.' || symbol === answer[i]),
  })
  const data = await pairs({ train: 2, test: 2 })
  assert.deepEqual(
    [data.manifest.seqLen, data.manifest.vocabSize],
    [grids.manifest.seqLen, grids.manifest.vocabSize],
    'the sizes of a 4×4 Sudoku',
  )
  const file = inFolder('pairs.safetensors')
  writeFresh(file, data)
  const { puzzle } = await solve(file, 'a.b.c.d.a.b.c.d.:aabbccddaabbccdd')
  assert.equal(puzzle.spec.task, 'pairs')
  assert.equal(puzzle.write(puzzle.answer!), 'aabbccddaabbccdd')
  assert.equal(puzzle.judge(puzzle.answer!).solved, true)
  const changed = puzzle.answer!.slice()
  ;[changed[0], changed[1]] = [3, 3]
  assert.deepEqual([puzzle.judge(changed).solved, puzzle.marks(changed)[0]], [false, 'wrong'])
  await assert.rejects(
    solve(file, 'a.b.c.d.a.b.c.d.:baabccddaabbccdd'),
    /expected an answer that the task’s judge accepts/,
  )
  await assert.rejects(
    solve(file, 'a.b.c.d.a.b.c.dx'),
    /expected one of \., a, b, c, d in question at cell 16, found "x"/,
  )
  const numbers = { ...data, manifest: { ...data.manifest, task: 'tokens' } }
  writeFresh(inFolder('tokens.safetensors'), numbers)
  await assert.rejects(
    solve(inFolder('tokens.safetensors'), '1...............'),
    /expected a puzzle of a task that can be written \(sudoku, maze, arc, queens, pairs\), found one of task=tokens/,
  )
  await assert.rejects(
    solve(file, 'a.b.', { data: grids }),
    /expected a data set of task=pairs, .* found one of task=sudoku/,
  )
})

test('each step says what changed, what is wrong and how likely halting is', async () => {
  const solving = await solve(weights.sudoku, '1..4....3....2.1', { supervisionSteps: 5 })
  const steps = [...solving.run()]
  assert.equal(steps.length, 5)
  assert.equal(steps[0]!.changed, 0)
  steps.forEach((step, i) => {
    const before = steps[i - 1]?.prediction
    if (before) assert.equal(step.changed, step.prediction.filter((token, cell) => token !== before[cell]).length)
    assert.equal(step.marks.filter((mark) => mark === 'wrong').length, step.wrong)
    assert.ok(step.haltProbability > 0 && step.haltProbability < 1)
    assert.equal(step.halts, step.haltProbability > 0.5)
    assert.equal(step.verdict.solved, step.wrong === 0)
  })
})

test('a model that compares would halt where q_halt is above q_continue, one without halting never', async () => {
  for (const halting of ['continue', 'none'] as const) {
    const file = inFolder(`${halting}.safetensors`)
    writeFresh(file, grids, { halting }, (name, data) => {
      if (name === 'q_head.bias') data.set([-3, -4])
    })
    const steps = [...(await solve(file, '1..4....3....2.1')).run()]
    assert.ok(steps.every((step) => step.haltProbability < 0.5 && step.halts === (halting === 'continue')))
  }
})

test('recurlab solve takes a run by the beginning of its ID and draws every step', async () => {
  const id = await train({ ...small, trainSteps: 2, batch: 4, evalEvery: 2 }, grids, { resultsDir: folder })
  const { code, stdout, stderr } = await recurlab([
    'solve',
    id.slice(0, -2),
    '1..4....3....2.1',
    'supervisionSteps=2',
    `out=${folder}`,
  ])
  assert.equal(stderr, '')
  assert.match(stdout, /puzzle\n1 \. \| \. 4\n/)
  assert.match(stdout, /step 1 of 2 {3}halting 0\.\d{3}.*\n[1-4.?]/)
  assert.match(stdout, /\n(not solved|solved): .*\nthe model would /)
  assert.equal(code, stdout.includes('\nsolved') ? 0 : 1)
  assert.ok(!stdout.includes('\u001b'))
  assert.match(stdout, /\n! wrong, \* changed since the previous step\n/)
  const args = ['solve', id, '1..4....3....2.1', 'supervisionSteps=2', `out=${folder}`, '--color']
  assert.match((await recurlab(args)).stdout, /5!.* wrong .*5\*.* changed since the previous step .*5.* filled in\n/)
})

test('recurlab solve --json has every step as the task writes answers', async () => {
  const { code, stdout } = await recurlab([
    'solve',
    weights.arc,
    JSON.stringify(pairs([[1, 2]], undefined)),
    'input=1',
    '--json',
  ])
  assert.equal(code, 0)
  const found = JSON.parse(stdout) as { steps: { step: number; answer: number[][] }[] } & Record<string, unknown>
  assert.deepEqual([found.task, found.solved, found.solution, found.puzzle], ['arc', null, null, [[1, 2]]])
  assert.equal(found.steps.length, small.K)
  assert.ok(found.steps.every(({ answer }) => Array.isArray(answer)))
})

const official = sharedPath('golden/official-checkpoint-mlp/step_120')
test('an official checkpoint is asked with the configuration beside it', { skip: official === null }, async () => {
  const solving = await solve(official!, '1...............')
  assert.equal(solving.supervisionSteps, 3)
  assert.equal([...solving.run()].length, 3)
})

const bad: [string, keyof typeof weights, string, Record<string, unknown>, RegExp][] = [
  [
    'a 9×9 Sudoku for a 4×4 model',
    'sudoku',
    '.'.repeat(81),
    {},
    /expected a Sudoku of 16 cells \(4×4\).*found 81 characters/,
  ],
  ['a digit that is too large', 'sudoku', '5...............', {}, /expected 1…4.*found "5"/],
  [
    'clues that contradict each other',
    'sudoku',
    '11..............',
    {},
    /expected a Sudoku with a solution, found one without/,
  ],
  ['a wrong answer', 'sudoku', '1...............:1234341221434322', {}, /answer with every digit once/],
  ['a line that is not there', 'sudoku', '1...............', { input: 1 }, /key input: expected 0…0/],
  ['a file that is not there', 'sudoku', 'puzzles/none', {}, /expected a file with a puzzle, found no such file/],
  ['a folder', 'sudoku', folder, {}, /found a folder/],
  [
    'a maze of another size',
    'maze',
    'S G',
    {},
    /expected a maze of 6×6 cells, the size that the model takes, found 3 characters/,
  ],
  [
    'a maze with a strange character',
    'maze',
    `S${' '.repeat(33)}xG`,
    {},
    /#, space, S, G .* at character 35, found "x"/,
  ],
  ['a maze with its answer', 'maze', `So${' '.repeat(33)}G`, {}, /at character 2, found "o"/],
  ['a maze without G', 'maze', `S${' '.repeat(35)}`, {}, /expected one G in question, found none/],
  ['a maze with two S', 'maze', `SS${' '.repeat(33)}G`, {}, /expected one S in question, found 2/],
  ['a maze without a way', 'maze', `S#${' '.repeat(4)}##${' '.repeat(27)}G`, {}, /a path from S to G, found none/],
  ['what is no JSON', 'arc', '{"train"', {}, /expected an ARC task as JSON/],
  ['a Sudoku for ARC', 'arc', '1...............', {}, /expected an ARC task as JSON/],
  ['a task without pairs', 'arc', '{"train":[],"test":[]}', {}, /train: expected a list of one or more pairs/],
  ['a hostile key', 'arc', '{"train":[{"input":[[1]],"output":[[1]],"__proto__":1}],"test":[]}', {}, /__proto__/],
  [
    'a grid that is larger than the board',
    'arc',
    JSON.stringify(pairs([Array(11).fill(1)], undefined)),
    { input: 1 },
    /board of 10×10, found 1×11/,
  ],
  [
    'a test input that is not there',
    'arc',
    JSON.stringify(pairs([[1]], undefined)),
    { input: 2 },
    /key input: expected 0…1/,
  ],
  ['several tasks, none named', 'arc', challenge, {}, /expected task=NAME, one of its tasks, found 2 tasks/],
  ['a task that is not in the file', 'arc', challenge, { task: 'constructor' }, /expected the task constructor/],
]
for (const [what, model, puzzle, options, message] of bad)
  test(`${what} is one error`, async () => {
    await assert.rejects(solve(weights[model], puzzle, options), (error) => {
      assert.ok(error instanceof UserError, String(error))
      assert.match(error.message, message)
      return true
    })
  })

test('wrong use of recurlab solve is said, with exit code 2', async () => {
  for (const args of [
    [weights.sudoku],
    [weights.sudoku, 'a', 'b'],
    [weights.sudoku, '1', 'setps=3'],
    [weights.sudoku, '1', 'supervisionSteps=0'],
    [weights.sudoku, '1', 'weights=best'],
  ])
    await assert.rejects(
      async () => execute(['solve', ...args]),
      (error) => error instanceof UserError && error.exitCode === 2,
    )
})
