import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import {
  type ConfigInput,
  type Dataset,
  datasetFacts,
  datasetOf,
  defineTask,
  evaluateRun,
  loadDataset,
  parseConfig,
  preset,
  puzzlePicture,
  Random,
  readWeightsFile,
  resume,
  saveDataset,
  solve,
  splitOverlap,
  sweep,
  type TaskDefinition,
  type TaskSymmetry,
  train,
  versionsPicture,
} from '../../lib/index.js'
import { openRun, readEvaluations, readOutcomes } from '../../lib/results/record.js'
import { exportPublished } from '../../lib/storage/published/write.js'
import { recurlab } from '../recurlab.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-define-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const inFolder = (name: string): string => path.join(folder, name)

// The task of the design: Latin squares of side 5 with some cells left, generator, judge and symmetries in one cell.
const side = 5
const digits = ['1', '2', '3', '4', '5']
const cellAt = (row: number, column: number): number => row * side + column
const lines = [...Array(side).keys()].flatMap((i) => [
  [...Array(side).keys()].map((j) => cellAt(i, j)),
  [...Array(side).keys()].map((j) => cellAt(j, i)),
])
const isLatin = (answer: readonly string[]): boolean =>
  lines.every((line) => digits.every((digit) => line.some((cell) => answer[cell] === digit)))
const keeps = (question: readonly string[], answer: readonly string[]): boolean =>
  question.every((symbol, cell) => symbol === '.' || symbol === answer[cell])
const relabel: TaskSymmetry = (cells, random) => {
  const names = random.shuffle([...digits])
  return cells.map((symbol) => (symbol === '.' ? '.' : names[Number(symbol) - 1]!))
}
const transpose: TaskSymmetry = (cells) => cells.map((_, i) => cells[cellAt(i % side, Math.floor(i / side))]!)
const square = (random: Random): string[] => {
  const [rows, columns] = [random.shuffle([0, 1, 2, 3, 4]), random.shuffle([0, 1, 2, 3, 4])]
  return lines[0]!.flatMap((_, i) => columns.map((column) => digits[(rows[i]! + column) % side]!))
}
const definition = {
  name: 'latin-5',
  vocabulary: ['.', ...digits],
  rows: side,
  columns: side,
  generate: (random) => {
    const answer = square(random)
    return { question: answer.map((symbol) => (random.int(2) === 0 ? '.' : symbol)), answer }
  },
  judge: (question, answer) => isLatin(answer) && keeps(question, answer),
  symmetries: [relabel, transpose],
} satisfies TaskDefinition
const latin = defineTask(definition)

const small: ConfigInput = { hidden: 16, heads: 2, layers: 1, T: 1, n: 1, K: 2, batch: 16, trainSteps: 4, evalEvery: 2 }
const data = await latin({ train: 40, test: 30, seed: 3 })

test('a defined task makes the same data again from the same seed, with splits disjoint up to its symmetries', async () => {
  assert.deepEqual([data.train.count, data.test.count, data.manifest.vocabSize], [40, 30, 7])
  assert.deepEqual(data.manifest.options, {
    rows: 5,
    columns: 5,
    vocabulary: definition.vocabulary,
    train: 40,
    test: 30,
    seed: 3,
  })
  assert.equal((await latin({ train: 40, test: 30, seed: 3 })).hash, data.hash)
  assert.notEqual((await latin({ train: 40, test: 30, seed: 4 })).hash, data.hash)
  const more = await latin({ train: 50, test: 30, seed: 3 })
  assert.deepEqual(more.test.inputs, data.test.inputs)
  assert.deepEqual(splitOverlap(data), { literal: 0, twins: 0 })
  assert.match(data.manifest.augmentation!, /a group of 240/)
  const { splits, vocabulary, duplicates } = datasetFacts(data)
  assert.deepEqual(
    vocabulary.map(({ meaning }) => meaning),
    ['padding', '.', ...digits],
  )
  assert.ok(splits.train.cluesMean! > 8 && splits.train.cluesMean! < 17, String(splits.train.cluesMean))
  assert.equal(splits.train.versions, null)
  assert.deepEqual(duplicates.twins, { train: 0, test: 0, across: 0 })
})

test('twins under the symmetries of a defined task are found and left out', async () => {
  const answer = [...'1234523451345124512351234']
  const turned = transpose(
    answer.map((symbol) => digits[Number(symbol) % side]!),
    Random.of(0),
  ) as string[]
  const other = answer.map((symbol, cell) => (cell === 7 ? '.' : symbol))
  const few = defineTask({
    name: 'few',
    vocabulary: definition.vocabulary,
    rows: side,
    columns: side,
    examples: [answer, turned, other].map((question) => ({ question, answer: question === turned ? turned : answer })),
    symmetries: [relabel, transpose],
  })
  const both = await few({ train: 1, test: 1 })
  assert.deepEqual(splitOverlap(both), { literal: 0, twins: 0 })
  await assert.rejects(
    few({ train: 2, test: 1 }),
    /key train: expected 2 different puzzles of few, no two of which the symmetries turn into one another, found 1/,
  )
})

test('versions of a defined task are right answers of other questions, drawn from all its combinations', () => {
  const seen = new Set<string>()
  const [inputs, labels] = [new Uint8Array(25), new Uint8Array(25)]
  const symbols = (tokens: Uint8Array): string[] => Array.from(tokens, (token) => definition.vocabulary[token - 1]!)
  for (let version = 0; version < 2000; version++) {
    data.augment!.write(data.train, 1, version, 9, inputs, labels, 0)
    if (version === 0) assert.deepEqual(inputs, data.train.inputs.subarray(25, 50))
    assert.ok(definition.judge(symbols(inputs), symbols(labels)))
    seen.add(inputs.join())
  }
  assert.equal(seen.size, 240)
})

test('symmetries with more combinations than can be compared vary the puzzles, and that twins may occur is said', async () => {
  const names = [...'abcdefghi']
  const rename: TaskSymmetry = (cells, random) => {
    const others = random.shuffle([...names])
    return cells.map((symbol) => others[names.indexOf(symbol)]!)
  }
  const rotate: TaskSymmetry = (cells) => [...cells.slice(1), cells[0]!]
  const words = defineTask({
    name: 'words',
    vocabulary: names,
    rows: 3,
    columns: 9,
    generate: (random) => {
      const answer = Array.from({ length: 27 }, () => names[random.int(9)]!)
      return { question: answer, answer }
    },
    symmetries: [rename, rotate],
  })
  const made = await words({ train: 20, test: 20 })
  assert.match(made.manifest.augmentation!, /a group of more than 10000/)
  assert.match(made.manifest.disjoint, /symmetries turn into one another may occur/)
  const [inputs, labels] = [new Uint8Array(27), new Uint8Array(27)]
  const seen = new Set<string>()
  for (let version = 0; version < 500; version++) {
    made.augment!.write(made.train, 0, version, 0, inputs, labels, 0)
    assert.deepEqual(inputs, labels)
    seen.add(inputs.join())
  }
  assert.ok(seen.size > 490, String(seen.size))
})

test('a defined task is trained, evaluated by its judge, swept, resumed and solved as Sudoku is', async () => {
  const stop = new AbortController()
  const observer = { onStep: ({ step }: { step: number }) => step === 3 && stop.abort() }
  const id = await train(small, data, { resultsDir: folder, observer, signal: stop.signal })
  assert.equal(openRun(id, folder).state, 'interrupted')
  await resume(id, { resultsDir: folder })
  const run = openRun(id, folder)
  assert.deepEqual(
    [run.config.task, run.config.trainPuzzles, run.config.dataSeed, run.config.augment],
    ['latin-5', 40, 3, 'fresh'],
  )
  const [first] = readEvaluations(run).toArray() as Record<string, number>[]
  assert.ok(first!['test.valid']! >= first!['test.exact']!)
  assert.ok(readOutcomes(run).schema.fields.some(({ name }) => name === 'valid'))
  const { evaluation } = await evaluateRun(id, { resultsDir: folder })
  assert.equal(evaluation['test.valid'], evaluation.outcomes.filter(({ criteria }) => criteria!.valid).length / 30)
  const runs = await sweep(
    { ...small, task: 'latin-5', trainPuzzles: 20, testPuzzles: 10 },
    { seed: [0, 1] },
    {
      resultsDir: folder,
    },
  )
  assert.equal(runs.all.length, 2)
  assert.deepEqual(Object.keys(runs.curves('test.valid')).length > 0, true)
  const question = '12345\n2....\n3....\n4....\n5....'
  const { puzzle, run: steps } = await solve(path.join(folder, 'runs', id), question, { resultsDir: folder })
  assert.equal(puzzle.write(puzzle.input), question.replaceAll('\n', ''))
  const right = Uint8Array.from('1234523451345124512351234', (digit) => Number(digit) + 1)
  assert.equal(puzzle.judge(right).solved, true)
  assert.ok(puzzle.marks(right).every((mark) => mark === 'none'))
  assert.equal(puzzle.judge(puzzle.input).solved, false)
  assert.equal([...steps()].length, small.K)
})

test('weights of a run on a defined task are exported, and evaluated as the run was', async () => {
  const id = await train({ ...small, trainSteps: 2 }, data, { resultsDir: folder })
  const file = inFolder('latin.safetensors')
  const { code, stderr } = await recurlab(['export', id, `out=${file}`, `results=${folder}`])
  assert.equal(code, 0, stderr)
  const [own, again] = [await evaluateRun(id, { resultsDir: folder }), await evaluateRun(file, { data })]
  assert.equal(again.evaluation['test.cells'], own.evaluation['test.cells'])
})

test('the configuration alone makes the data of a defined task', async () => {
  const made = await datasetOf(parseConfig({ task: 'latin-5', trainPuzzles: 40, testPuzzles: 30, dataSeed: 3 }))
  assert.equal(made.hash, data.hash)
  await assert.rejects(
    datasetOf(parseConfig({ task: 'latin-5', box: '2x2' })),
    /key box: expected a key of task=latin-5, found one of sudoku/,
  )
})

test('puzzles of a defined task are drawn with its symbols, filled-in cells apart', () => {
  const text = puzzlePicture(data, { split: 'test', example: 2 }).text
  const row = Array.from(data.test.inputs.subarray(50, 55), (token) => definition.vocabulary[token - 1]!).join(' ')
  assert.ok(text.includes(row), text)
  assert.match(versionsPicture(data, { count: 3 }).text, /version 2/)
})

test('a data set of a defined task is saved, loaded as the same, and exported', async () => {
  const dir = inFolder('latin')
  assert.equal(saveDataset(data, dir), 'written')
  const loaded = await loadDataset(dir)
  assert.equal(loaded.hash, data.hash)
  const [made, opened] = [data, loaded].map((each) => {
    const inputs = new Uint8Array(25)
    each.augment!.write(each.train, 3, 5, 1, inputs, new Uint8Array(25), 0)
    return inputs
  })
  assert.deepEqual(opened, made)
  await exportPublished(data, inFolder('published'))
  assert.deepEqual((await loadDataset(inFolder('published'))).test.labels, data.test.labels)
})

test('a process that does not know the task says what to do, of a stored data set and of a run', async () => {
  const dir = inFolder('elsewhere')
  saveDataset(data, dir)
  const id = await train({ ...small, trainSteps: 2 }, data, { resultsDir: folder })
  const todo =
    /one of the tasks sudoku, maze, arc, queens, tokens, found latin-5.*defineTask\(\{ name: 'latin-5', … \}\).*lib\/tasks\/latin-5/s
  for (const words of [
    ['data', 'info', dir],
    ['eval', id, `out=${folder}`],
  ]) {
    const { code, stderr } = await recurlab(words)
    assert.equal(code, 2)
    assert.match(stderr, todo)
    assert.doesNotMatch(stderr, /\n\s+at /)
  }
})

test('defining a task again replaces it, and a stored data set of another definition is refused', async () => {
  const vocabulary = ['.', 'a', 'b']
  const base = {
    name: 'copy',
    rows: 1,
    columns: 6,
    generate: (random: Random) => {
      const answer = Array.from({ length: 6 }, () => 'ab'[random.int(2)]!)
      return { question: answer.join(''), answer }
    },
  }
  const first = await defineTask({ ...base, vocabulary })({ train: 5, test: 5 })
  const dir = inFolder('copy')
  saveDataset(first, dir)
  assert.equal(datasetFacts(first).duplicates.twins, null)
  const again = await defineTask({ ...base, vocabulary: [...vocabulary, 'c'] })({ train: 5, test: 5 })
  assert.equal(again.manifest.vocabSize, 5)
  await assert.rejects(
    loadDataset(dir),
    /manifest of the data set, vocabulary: expected the current definition of task copy/,
  )
})

const fine = { name: 'fine', vocabulary: ['.', 'a', 'b'], rows: 1, columns: 3 }
const one = { question: 'a..', answer: 'aab' }
const failing = (message: string): never => {
  throw new RangeError(message)
}
const wrong: [string, () => unknown, RegExp][] = [
  [
    'the name of a library task',
    () => defineTask({ ...fine, name: 'maze', generate: () => one }),
    /name: expected a name that no task of the library has, found "maze"/,
  ],
  [
    'a name with a slash',
    () => defineTask({ ...fine, name: 'a/b', generate: () => one }),
    /letters, digits and hyphens/,
  ],
  [
    'a symbol twice',
    () => defineTask({ ...fine, vocabulary: ['a', 'a'], generate: () => one }),
    /vocabulary: expected distinct, non-empty strings/,
  ],
  [
    'a blank that is no symbol',
    () => defineTask({ ...fine, blank: '_', generate: () => one }),
    /blank: expected a symbol of the vocabulary/,
  ],
  [
    'no rows',
    () => defineTask({ ...fine, rows: 0, generate: () => one }),
    /rows: expected a whole number of 1 or more/,
  ],
  [
    'an unknown symbol',
    () => defineTask({ ...fine, generate: () => ({ ...one, answer: ['a', 'x', 'b'] }) })({ train: 1, test: 0 }),
    /train puzzle 0 of generate, answer, row 1, column 2: expected a symbol of the vocabulary \(\., a, b\), found "x"/,
  ],
  [
    'too few cells',
    () => defineTask({ ...fine, generate: () => ({ ...one, question: 'a' }) })({ train: 1, test: 0 }),
    /question: expected 3 cells \(1 × 3\), found 1/,
  ],
  [
    'an answer that the judge refuses',
    () => defineTask({ ...fine, generate: () => one, judge: () => false })({ train: 1, test: 0 }),
    /expected an answer that the judge accepts, found false for question a\.\. and answer aab/,
  ],
  [
    'more puzzles than there are',
    () => defineTask({ ...fine, generate: () => one })({ train: 1, test: 1 }),
    /key train: expected 1 different puzzles of fine, found 0, then 5000 consecutive repetitions/,
  ],
  [
    'an example twice',
    () => defineTask({ ...fine, examples: [one, one] })({ train: 1, test: 0 }),
    /examples\[1\]: expected a question that no other example has, so that each puzzle occurs once, found the question of examples\[0\]/,
  ],
  [
    'fewer examples than asked for',
    () => defineTask({ ...fine, examples: [one] })({ train: 1, test: 1 }),
    /key train: expected 1 different puzzles of fine, found 0 in the 1 examples/,
  ],
  [
    'a symmetry that loses a cell',
    () =>
      defineTask({
        ...fine,
        generate: () => one,
        symmetries: [
          function shift(cells) {
            return ['a', ...cells.slice(1)]
          },
        ],
      }),
    /symmetry shift: expected a function that permutes cells and renames symbols/,
  ],
  [
    'a symmetry that the judge refuses',
    () =>
      defineTask({
        ...fine,
        generate: () => one,
        judge: (_, answer) => answer[2] === 'b',
        symmetries: [
          function flip(cells) {
            return [...cells].reverse()
          },
        ],
      })({ train: 1, test: 0 }),
    /symmetry flip: expected a version whose answer the judge accepts/,
  ],
  [
    'a generator that throws',
    () => defineTask({ ...fine, generate: () => failing('no puzzle left.') })({ train: 1, test: 0 }),
    /^task fine: generate threw RangeError: no puzzle left \(.*define\.slow\.test\.ts, line \d+\)\.$/,
  ],
  [
    'a judge that throws',
    () => defineTask({ ...fine, generate: () => one, judge: () => failing('no rule') })({ train: 1, test: 0 }),
    /^task fine: judge threw RangeError: no rule \(.*define\.slow\.test\.ts, line \d+\)\.$/,
  ],
  [
    'a symmetry that throws',
    () =>
      defineTask({
        ...fine,
        generate: () => one,
        symmetries: [
          function turn() {
            return failing('no way')
          },
        ],
      }),
    /^task fine: symmetry turn threw RangeError: no way \(.*define\.slow\.test\.ts, line \d+\)\.$/,
  ],
  [
    'an unknown option',
    () => defineTask({ ...fine, generate: () => one })({ train: 1, tset: 1 } as { train: number }),
    /key tset: .*Did you mean test/,
  ],
  ['no puzzles', () => defineTask({ ...fine, generate: () => one })({ train: 0, test: 0 }), /keys train, test/],
]
for (const [what, attempt, message] of wrong)
  test(`${what} in a defined task is one clear error`, async () => {
    await assert.rejects(
      async () => await attempt(),
      (error) => {
        assert.equal((error as Error).name, 'UserError', String(error))
        assert.match((error as Error).message, message)
        return true
      },
    )
  })

test('a judge that throws at an answer of the model ends the run with one error, which names task and judge', async () => {
  const made = await defineTask({
    ...fine,
    name: 'picky',
    examples: [...'abab'].map((_, i) => ({ question: ['a..', 'b..', '.a.', '.b.'][i]!, answer: 'aab' })),
    // The answers of the examples are judged without a fault; those of an untrained model are not among them.
    judge: (_, answer) => answer.join('') === 'aab' || failing(`no rule for ${answer.length} symbols`),
  })({ train: 2, test: 2 })
  const id = await train({ ...small, trainSteps: 1 }, made, { resultsDir: folder, observer: {} }).then(
    () => assert.fail('the judge did not throw'),
    (error: Error) => {
      assert.equal(error.name, 'UserError')
      assert.match(error.message, /^task picky: judge threw RangeError: no rule for 3 symbols \(.*, line \d+\)\.$/)
      return error.cause
    },
  )
  assert.ok(id instanceof RangeError, 'the cause is kept')
})

test('a definition with a wrong part is a type error', () => {
  // @ts-expect-error a generator and a list of examples exclude one another
  const both: TaskDefinition = { ...fine, generate: () => one, examples: [one] }
  // @ts-expect-error rows is a number
  const rows: TaskDefinition = { ...fine, rows: '3', generate: () => one }
  const made: Promise<Dataset> = latin({ train: 1, test: 0 })
  assert.ok(both && rows && made)
  assert.ok(preset('sudoku-pocket') && readWeightsFile)
})
