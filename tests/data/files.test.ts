import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { Random } from '../../lib/random.js'
import { geometry } from '../../lib/tasks/sudoku/box.js'
import { sudoku } from '../../lib/tasks/sudoku/build.js'
import { drawPuzzle } from '../../lib/tasks/sudoku/generate.js'
import { applySymmetry, drawSymmetry, identity } from '../../lib/tasks/sudoku/symmetry.js'
import { temporaryFolder, toText, writeLines } from './helpers.js'

const folder = temporaryFolder()
const grid = geometry([3, 3])
const HEADER = 'source,question,answer,rating'

interface TextPuzzle {
  question: string
  answer: string
}

function puzzles(count: number, seed: number): TextPuzzle[] {
  const random = Random.of(seed, 'files')
  const all: TextPuzzle[] = []
  while (all.length < count) {
    const puzzle = drawPuzzle(grid, 30, random)
    if (puzzle) all.push({ question: toText(puzzle.clues), answer: toText(puzzle.solution) })
  }
  return all
}

function twinOf({ question, answer }: TextPuzzle, seed: number): TextPuzzle {
  const symmetry = identity(grid)
  drawSymmetry(Random.of(seed), grid, symmetry)
  const change = (text: string): string => {
    const into = new Uint8Array(81)
    const digits = Uint8Array.from(text, (char) => (char === '.' ? 0 : Number(char)))
    applySymmetry(symmetry, grid, digits, 0, into, 0)
    return toText(into)
  }
  return { question: change(question), answer: change(answer) }
}

const csvLine = ({ question, answer }: TextPuzzle, i: number): string => `puzzles${i},${question},${answer},${i}`
const some = puzzles(12, 1)
const [first, second, third] = some as [TextPuzzle, TextPuzzle, TextPuzzle]
const csv = writeLines(folder, 'good.csv', [HEADER, ...some.map(csvLine)])

test('a CSV is taken whole and in order, with its ratings and its SHA-256', async () => {
  const data = await sudoku({ box: '3x3', csv, train: 12 })
  assert.deepEqual(data.manifest.counts, { train: 12, test: 0 })
  const sha256 = createHash('sha256').update(readFileSync(csv)).digest('hex')
  assert.deepEqual(data.manifest.source, { kind: 'file', path: csv, sha256 })
  assert.deepEqual(
    [...data.train.ratings].sort((a, b) => a - b),
    some.map((_, i) => i),
  )
  const whole = await sudoku({ box: '3x3', csv, test: 0 })
  assert.deepEqual(
    [...whole.train.ratings],
    some.map((_, i) => i),
  )
  assert.equal(toText(whole.train.inputs.subarray(0, 81).map((token) => token - 1)), first.question)
  assert.equal(toText(whole.train.labels.subarray(0, 81).map((token) => token - 1)), first.answer)
})

test('a file is split without overlap, a sample is fixed by the seed, and what one split leaves goes to the other', async () => {
  const data = await sudoku({ box: '3x3', csv, train: 5, test: 4, seed: 1 })
  const rows = [...data.train.ratings, ...data.test.ratings]
  assert.equal(new Set(rows).size, 9)
  assert.equal((await sudoku({ box: '3x3', csv, train: 5, test: 4, seed: 1 })).hash, data.hash)
  assert.notEqual((await sudoku({ box: '3x3', csv, train: 5, test: 4, seed: 2 })).hash, data.hash)
  assert.deepEqual((await sudoku({ box: '3x3', csv, train: 5 })).manifest.counts, { train: 5, test: 7 })
  assert.deepEqual((await sudoku({ box: '3x3', csv, test: 5 })).manifest.counts, { train: 7, test: 5 })
})

test('a sample of a long file holds each line at most once and comes from everywhere in it', async () => {
  const random = Random.of(9, 'long')
  const small = geometry([2, 2])
  const lines = new Set<string>()
  while (lines.size < 5000) {
    const puzzle = drawPuzzle(small, 6, random)
    if (puzzle) lines.add(`${toText(puzzle.clues)},${toText(puzzle.solution)}`)
  }
  const rows = [...lines].map((line, i) => `s,${line},${i}`)
  const long = writeLines(folder, 'long.csv', [HEADER, ...rows])
  const { train } = await sudoku({ box: '2x2', csv: long, train: 100, test: 10, seed: 3 })
  const ratings = [...train.ratings]
  assert.equal(new Set(ratings).size, 100)
  const mean = ratings.reduce((sum, rating) => sum + rating, 0) / 100
  // Uniform on 0…4999: standard deviation of the mean 144.
  assert.ok(Math.abs(mean - 2500) < 600, String(mean))
})

test('minRating leaves out easier puzzles', async () => {
  const data = await sudoku({ box: '3x3', csv, train: 4, minRating: 8 })
  assert.deepEqual(
    [...data.train.ratings].sort((a, b) => a - b),
    [8, 9, 10, 11],
  )
  await assert.rejects(
    sudoku({ box: '3x3', csv, train: 5, minRating: 8 }),
    /expected 5 different puzzles rated 8 or more .*found 4/,
  )
})

test('twins of test puzzles are left out of training, and others take their place', async () => {
  const testCsv = writeLines(folder, 'twins-test.csv', [HEADER, csvLine(first, 0), csvLine(second, 1)])
  const withTwins = [twinOf(first, 3), twinOf(second, 4), third, some[3]!, twinOf(third, 5)]
  const trainCsv = writeLines(folder, 'twins-train.csv', [HEADER, ...withTwins.map(csvLine)])
  const data = await sudoku({ box: '3x3', csv: trainCsv, testCsv })
  assert.deepEqual(data.manifest.counts, { train: 2, test: 2 })
  assert.match(data.manifest.disjoint, /\(3 left out for that\)/)
  await assert.rejects(sudoku({ box: '3x3', csv: trainCsv, testCsv, train: 3 }), /key train: expected 3 .*found 2/)
})

test('a list gives puzzles with and without answers, rated by the solver', async () => {
  const list = writeLines(folder, 'list.txt', [
    `${first.question}:${first.answer}`,
    second.question.replaceAll('.', '0'),
  ])
  const data = await sudoku({ box: '3x3', list, train: 0 })
  assert.equal(data.test.count, 2)
  assert.equal(toText(data.test.labels.subarray(81).map((token) => token - 1)), second.answer)
  assert.match(data.manifest.solutions, /exactly one solution/)
})

test('a byte-order mark, Windows line ends, empty lines and a missing last line end are accepted', async () => {
  const hash = (await sudoku({ box: '3x3', csv, test: 0 })).hash
  const lines = [HEADER, ...some.map(csvLine)]
  const windows = path.join(folder, 'windows.csv')
  writeFileSync(windows, `\ufeff${lines.join('\r\n')}`)
  assert.equal((await sudoku({ box: '3x3', csv: windows, test: 0 })).hash, hash)
  const gaps = writeLines(
    folder,
    'gaps.csv',
    lines.flatMap((line) => [line, '']),
  )
  assert.equal((await sudoku({ box: '3x3', csv: gaps, test: 0 })).hash, hash)
  const list = path.join(folder, 'windows.txt')
  writeFileSync(list, `\ufeff${first.question}:${first.answer}\r\n\r\n${second.question}\r\n`)
  assert.equal((await sudoku({ box: '3x3', list, test: 0 })).train.count, 2)
})

/** Replaces a character. */
function put(text: string, at: number, char: string): string {
  return text.slice(0, at) + char + text.slice(at + 1)
}

const clueAt = [...first.question].findIndex((char) => char !== '.')
const otherDigit = first.question[clueAt] === '1' ? '2' : '1'
const blankAt = first.question.indexOf('.')
/** Two swapped digits: still each clue kept when both cells are blank. */
const blanks = [...first.question].flatMap((char, i) => (char === '.' ? [i] : []))
const swapWith = blanks.find((i) => first.answer[i] !== first.answer[blankAt])!
const swapped = put(put(first.answer, blankAt, first.answer[swapWith]!), swapWith, first.answer[blankAt]!)
/** A puzzle with most clues removed. */
const ambiguous = first.question.slice(0, 20).padEnd(81, '.')
/** A blank cell given a digit that sees no equal clue, but is not the solution's. */
const unsolvable = ((): string => {
  const digits = Uint8Array.from(first.answer, Number)
  for (const cell of blanks)
    for (let digit = 1; digit <= 9; digit++) {
      const row = Math.floor(cell / 9)
      const clash = [...first.question].some(
        (char, i) =>
          char === String(digit) &&
          (Math.floor(i / 9) === row || i % 9 === cell % 9 || grid.boxOf[i] === grid.boxOf[cell]),
      )
      if (!clash && digits[cell] !== digit) return put(first.question, cell, String(digit))
    }
  throw new Error('no such puzzle')
})()

const good = csvLine(second, 1)
const badCsv: [string, string[], RegExp][] = [
  [
    'a wrong header',
    ['id,text,answer,rating', good],
    /line 1: expected the header question, in any order and among others, found id,text,/,
  ],
  [
    'no header',
    [good],
    /line 1: expected the header .*found puzzles1,.*Put this line first: column1,question,answer,column4/,
  ],
  ['an empty file', [], /expected a header \(question\) and puzzles, found an empty file/],
  ['a header alone', [HEADER], /found only a header/],
  [
    'a row with a field too few',
    [HEADER, good, `s,${first.question},${first.answer}`],
    /line 3: expected 4 fields .*found 3/,
  ],
  ['a row with a field too many', [HEADER, good, `${csvLine(first, 0)},9`], /line 3: expected 4 fields .*found 5/],
  [
    'a question that is short',
    [HEADER, good, `s,${first.question.slice(1)},${first.answer},0`],
    /line 3: expected question with 81 characters, found 80/,
  ],
  [
    'an answer that is long',
    [HEADER, `s,${first.question},${first.answer}1,0`],
    /line 2: expected answer with 81 characters, found 82/,
  ],
  ['a question of another size', [HEADER, 's,1.......4........,1234341221434321,0'], /line 2: .*found 17/],
  ['a 4×4 question', [HEADER, 's,1.......4.......,1234341221434321,0'], /line 2: .*found 16 .*16 would fit box=2x2/],
  [
    'a letter in a question',
    [HEADER, good, `s,${put(first.question, 4, 'x')},${first.answer},0`],
    /line 3: expected 1…9, or \. or 0 for a blank, in question at character 5, found "x"/,
  ],
  [
    'a blank in an answer',
    [HEADER, `s,${first.question},${put(first.answer, 80, '.')},0`],
    /line 2: expected 1…9 in answer at character 81, found "\."/,
  ],
  [
    'a sign beyond ASCII',
    [HEADER, `s,${put(first.question, 0, '☃')},${first.answer},0`],
    /line 2: .*at character 1, found "☃"/,
  ],
  [
    'an answer that changes a clue',
    [HEADER, `s,${put(first.question, clueAt, otherDigit)},${first.answer},0`],
    new RegExp(`line 2: expected an answer that keeps the question's ${otherDigit} in row `),
  ],
  [
    'an answer that is no Sudoku',
    [HEADER, good, `s,${first.question},${swapped},0`],
    /line 3: expected an answer with every digit once/,
  ],
  [
    'a puzzle with several solutions',
    [HEADER, good, `s,${ambiguous},${first.answer},0`],
    /line 3: expected a puzzle with exactly one solution, found one with several/,
  ],
  [
    'a rating that is no number',
    [HEADER, `s,${first.question},${first.answer},hard`],
    /line 2: expected a rating of 0 or more, found "hard"/,
  ],
  ['an empty rating', [HEADER, `s,${first.question},${first.answer},`], /line 2: expected a rating/],
  ['a negative rating', [HEADER, `s,${first.question},${first.answer},-1`], /line 2: expected a rating/],
  [
    'a repeated puzzle',
    [HEADER, good, csvLine(first, 0), csvLine(second, 7)],
    /line 4: expected each puzzle once, found the puzzle of line 2 again\. .*duplicates=skip/,
  ],
  ['an open quote', [HEADER, good, `"s,${first.question},${first.answer},0`], /line \d: expected well-formed CSV/],
  [
    'a quote inside a field',
    [HEADER, good, `s"x",${first.question},${first.answer},0`],
    /line 3: expected well-formed CSV/,
  ],
  [
    'a line without end',
    [HEADER, 'x'.repeat(200_000)],
    /line \d: expected a puzzle per line, found a line of more than 65536 bytes/,
  ],
]
const badList: [string, string[], RegExp][] = [
  ['an empty file', [], /expected a puzzle per line, found an empty file/],
  [
    'a short line',
    [second.question, first.question.slice(2)],
    /line 2: expected question with 81 characters, found 79/,
  ],
  [
    'an unsolvable puzzle',
    [second.question, unsolvable],
    /line 2: expected a puzzle with exactly one solution, found one without a solution/,
  ],
  ['a puzzle with several solutions', [second.question, '', ambiguous], /line 3: .*found one with several/],
  [
    'three parts',
    [`${first.question}:${first.answer}:1`],
    /line 1: expected question or question:answer, found 3 parts/,
  ],
  ['an answer that is no Sudoku', [`${first.question}:${swapped}`], /line 1: expected an answer with every digit once/],
  [
    'a repeated puzzle',
    [first.question, second.question, `${first.question}:${first.answer}`],
    /line 3: .*found the puzzle of line 1 again/,
  ],
  ['a CSV without a question', ['id,answer', good], /line 1: expected question with 81 characters/],
]

for (const [kind, cases] of [
  ['csv', badCsv],
  ['list', badList],
] as const)
  for (const [what, lines, message] of cases)
    test(`${kind}: ${what} is one error with file and line`, async () => {
      const file = writeLines(folder, `bad.${kind}`, lines)
      await assert.rejects(sudoku({ box: '3x3', [kind]: file, train: 1, test: 0, seed: 0 }), (error: unknown) => {
        assert.ok(error instanceof UserError, String(error))
        assert.ok(error.message.startsWith(file), error.message)
        assert.match(error.message, message)
        return true
      })
    })

test('repeated lines can be skipped', async () => {
  const file = writeLines(folder, 'repeated.csv', [HEADER, good, csvLine(first, 0), csvLine(second, 7)])
  const data = await sudoku({ box: '3x3', csv: file, test: 0, duplicates: 'skip' })
  assert.deepEqual([...data.train.ratings], [1, 0])
})

test('a file that cannot be read is an error that names it', async () => {
  const missing = path.join(folder, 'missing.csv')
  await assert.rejects(sudoku({ box: '3x3', csv: missing, train: 1 }), (error: unknown) => {
    assert.ok(error instanceof UserError)
    assert.match(error.message, /missing\.csv: expected a readable file, found no such file or directory \(ENOENT\)/)
    return true
  })
  const directory = path.join(folder, 'directory')
  mkdirSync(directory)
  await assert.rejects(
    sudoku({ box: '3x3', list: directory, train: 1 }),
    /directory: expected a readable file, found .*EISDIR/,
  )
})
