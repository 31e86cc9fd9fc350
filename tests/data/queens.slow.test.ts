import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { type Dataset, runAt } from '../../lib/data/dataset.js'
import { UserError } from '../../lib/errors.js'
import { createModel, queens } from '../../lib/index.js'
import { duplicates, splitOverlap } from '../../lib/storage/overlap.js'
import { exportPublished } from '../../lib/storage/published/write.js'
import { loadDataset, saveDataset } from '../../lib/storage/store.js'
import { allQuestions } from '../../lib/tasks/queens/generate.js'
import { completions, toTokens } from '../../lib/tasks/queens/solutions.js'
import { EMPTY, QUEEN } from '../../lib/tasks/queens/tokens.js'
import { judgeOf } from '../../lib/tasks/registry.js'
import fc from '../fast-check.js'
import { puzzleText } from '../tasks/puzzle-text.js'
import { temporaryFolder } from './helpers.js'

const folder = temporaryFolder()

/** Examples of both splits as lists of tokens. */
function examples(data: Dataset): { question: number[]; answer: number[]; rating: number }[] {
  return [data.train, data.test].flatMap(({ count, seqLen, inputs, labels, ratings }) =>
    Array.from({ length: count }, (_, i) => ({
      question: [...inputs.subarray(i * seqLen, (i + 1) * seqLen)],
      answer: [...labels.subarray(i * seqLen, (i + 1) * seqLen)],
      rating: ratings[i]!,
    })),
  )
}

/** Boards of n non-attacking queens by their definition: permutations whose sums and differences with the row are distinct. */
function solutionsByDefinition(size: number): number[][] {
  const permutations = (left: readonly number[]): number[][] =>
    left.length === 0
      ? [[]]
      : left.flatMap((a) => permutations(left.filter((b) => b !== a)).map((rest) => [a, ...rest]))
  return permutations(Array.from({ length: size }, (_, i) => i))
    .filter((columns) => [1, -1].every((sign) => new Set(columns.map((c, row) => c + sign * row)).size === size))
    .map((columns) =>
      columns.flatMap((column) => Array.from({ length: size }, (_, c) => (c === column ? QUEEN : EMPTY))),
    )
}

test('queens starts the backend as the other makers do, so that a model can be made of its data at once', async () => {
  const data = await queens({ size: 5, train: 4, test: 2 })
  const model = createModel({ hidden: 16, heads: 2, T: 1, n: 1, K: 1 }, data)
  assert.equal(model.shape.seqLen, 25)
  model.dispose()
})

test('boards of 4 to 10 queens have as many solutions as they are known to have', () => {
  const counts = [4, 5, 6, 7, 8, 9, 10].map((size) => completions(size).length)
  assert.deepEqual(counts, [2, 10, 4, 40, 92, 352, 724])
})

test('8×8 and 10×10 have as many puzzles, pairs and completions as are derived for GRAM’s task', () => {
  for (const [size, byGiven, pairs, most, single] of [
    [8, [64, 1052, 4032], 8464, 18, 0.655],
    [10, [100, 3480, 39_840], 126_700, 93, 0.368],
  ] as const) {
    const questions = allQuestions(size, [1, 2, 3])
    const counts = questions.map(({ answers }) => answers.length)
    const given = questions.map((question) => question.given.filter((column) => column < size).length)
    assert.deepEqual(
      [1, 2, 3].map((count) => given.filter((each) => each === count).length),
      byGiven,
    )
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      pairs,
    )
    assert.equal(Math.max(...counts), most)
    assert.ok(Math.abs(counts.filter((count) => count === 1).length / counts.length - single) < 5e-4)
  }
})

test('every generated puzzle keeps queens of its stored answer, which is one of as many completions as the rating says', async () => {
  const solutions = new Map([5, 6, 7].map((size) => [size, solutionsByDefinition(size)]))
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 5, max: 7 }),
      fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
      fc.nat(1000),
      fc.constantFrom('none', 'dihedral'),
      async (size, clues, seed, augment) => {
        const data = await queens({ size, clues, seed, augment })
        const all = examples(data)
        assert.ok(all.length > 0)
        for (const { question, answer, rating } of all) {
          const fitting = solutions
            .get(size)!
            .filter((solution) => question.every((token, cell) => token === EMPTY || token === solution[cell]))
          assert.ok(fitting.some((solution) => solution.every((token, cell) => token === answer[cell])))
          assert.equal(rating, fitting.length)
          const given = question.filter((token) => token === QUEEN).length
          assert.ok(clues === undefined ? given >= 1 && given <= 3 : given === clues)
        }
      },
    ),
    { numRuns: 30 },
  )
})

test('without numbers the splits are 15 % and the rest of every distinct input', async () => {
  const data = await queens({ size: 8 })
  assert.deepEqual([data.train.count, data.test.count], [4376, 772])
  assert.equal(new Set(examples(data).map(({ question }) => question.join(''))).size, 5148)
  assert.equal(
    new Set(
      examples(data)
        .filter(({ rating }) => rating > 1)
        .map(({ rating }) => rating),
    ).has(18),
    true,
  )
  assert.match(data.manifest.disjoint, /split by unique input, of 5148 there are.*twins of one may/)
})

test('the test split depends on the seed, not on how many puzzles are trained on; nor does a stored answer', async () => {
  const few = await queens({ train: 10, test: 50, seed: 4 })
  const many = await queens({ train: 100, test: 50, seed: 4 })
  assert.deepEqual(few.test, many.test)
  assert.deepEqual(few.train.labels, many.train.labels.subarray(0, few.train.labels.length))
  assert.notDeepEqual((await queens({ train: 10, test: 50, seed: 5 })).test.inputs, few.test.inputs)
  assert.equal((await queens({ train: 10, test: 50, seed: 4 })).hash, few.hash)
})

test('no input is in both splits; turned and mirrored twins are only where training draws no versions', async () => {
  const plain = await queens({ size: 6, seed: 2 })
  assert.equal(splitOverlap(plain).literal, 0)
  assert.ok(splitOverlap(plain).twins! > 0)
  const varied = await queens({ size: 8, augment: 'dihedral', seed: 2 })
  const none = { train: 0, test: 0, across: 0 }
  assert.deepEqual(duplicates(varied), { literal: none, twins: none })
  assert.match(varied.manifest.disjoint, /nor does a turned or mirrored twin of one/)
})

test('every turned and mirrored version of a puzzle is one, with a completion of it as the answer', async () => {
  const { augment, train, test: held, manifest } = await queens({ size: 6, train: 5, test: 1, augment: 'dihedral' })
  const judge = judgeOf(manifest)!
  const [question, answer] = [new Uint8Array(36), new Uint8Array(36)]
  assert.equal(augment!.versions(held, 0), 1)
  for (let example = 0; example < train.count; example++) {
    const seen = new Set<string>()
    for (let version = 0; version < augment!.versions(train, example)!; version++) {
      augment!.write(train, example, version, 0, question, answer, 0)
      assert.deepEqual(judge(question, answer), { valid: true })
      seen.add(question.join(''))
    }
    assert.ok(seen.size >= 2, 'a symmetric board has fewer than 8')
  }
})

test('the judge accepts every completion of a puzzle and nothing else', async () => {
  const { manifest } = await queens({ size: 8, train: 1, test: 0 })
  const judge = judgeOf(manifest)!
  const [puzzle] = allQuestions(8, [2]).filter(({ answers }) => answers.length > 2)
  const { given, answers } = puzzle!
  const question = toTokens(given)
  for (const solution of completions(8)) {
    const answer = toTokens(solution)
    const right = answers.some((one) => one.join() === solution.join())
    assert.deepEqual(judge(question, answer), { valid: right })
    for (let cell = 0; cell < 64; cell++)
      for (const token of [0, EMPTY, QUEEN])
        if (token !== answer[cell])
          assert.equal(judge(question, answer.with(cell, token)).valid, false, 'one cell more or less is none')
  }
})

test('a saved data set opens the same, and one in the published layout is recognised by its answers', async () => {
  const data = await queens({ size: 5, train: 20, test: 5, augment: 'dihedral' })
  const dir = path.join(folder, 'own')
  saveDataset(data, dir)
  const opened = loadDataset(dir)
  assert.equal(opened.hash, data.hash)
  assert.equal(opened.augment!.versions(opened.train, 0), 8)
  const published = path.join(folder, 'published')
  await exportPublished(data, published)
  const read = loadDataset(published)
  assert.deepEqual([read.manifest.task, read.manifest.options.size, read.train.count], ['queens', 5, 160])
  assert.equal(runAt(read.train.groupStarts, 8), 1)
  assert.match(puzzleText(read.manifest, read.train.labels), /^([.Q] ){4}[.Q]\n/)
})

const refused: [string, Record<string, unknown>, RegExp][] = [
  ['an unknown key', { clue: 2 }, /^key clue: .*Did you mean clues\?/],
  ['a board too small', { size: 4 }, /^key size: /],
  ['a board too large', { size: 11 }, /^key size: /],
  ['as many given queens as the board takes', { clues: 8 }, /^key clues: expected 1 to 7 given queens on a 8×8 board/],
  ['nothing', { train: 0, test: 0 }, /^keys train, test: expected a number of puzzles for at least one split/],
  ['more training puzzles than there are', { size: 6, train: 199 }, /^key train: expected at most \d+ in total/],
  ['more test puzzles than there are', { test: 5149 }, /^key test: expected at most 5148 in total, .* found 5149/],
  ['more of both than there are', { clues: 1, train: 60, test: 10 }, /^keys train, test: expected at most 64 in total/],
]
for (const [what, options, message] of refused)
  test(`a queens data set of ${what} is one error`, async () => {
    await assert.rejects(queens(options), (error: unknown) => error instanceof UserError && message.test(error.message))
  })
