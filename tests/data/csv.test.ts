import assert from 'node:assert/strict'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { readRecords } from '../../lib/data/csv.js'
import { UserError } from '../../lib/errors.js'
import { fileOperations } from '../../lib/files/operations.js'
import { loadDataset, saveDataset } from '../../lib/storage/store.js'
import { maze } from '../../lib/tasks/maze/build.js'
import { sudoku } from '../../lib/tasks/sudoku/build.js'
import { temporaryFolder } from './helpers.js'

const folder = temporaryFolder()
const HEADER = 'source,question,answer,rating'

/** A task's good rows, and one whose parts the cases below spoil. */
interface Kind {
  readonly build: typeof buildSudoku
  readonly question: string
  readonly answer: string
  readonly other: string
}

interface More {
  readonly testCsv?: string
  readonly duplicates?: 'skip'
  readonly minRating?: number
}

function buildSudoku(csv: string, more: More = {}): ReturnType<typeof sudoku> {
  return sudoku({ box: '2x2', csv, ...(more.testCsv ? {} : { test: 0 }), ...more })
}

function buildMaze(csv: string, more: More = {}): ReturnType<typeof maze> {
  return maze({ size: 5, csv, ...(more.testCsv ? {} : { test: 0 }), ...more })
}

const sudokus: Kind = {
  build: buildSudoku,
  question: '1.....2..3..2..4',
  answer: '1243342143122134',
  other: 's,.234341221434321,1234341221434321,2',
}
const mazes: Kind = {
  build: buildMaze,
  question: '######S  ## # ##  G######',
  answer: '######S  ##o# ##ooG######',
  other: `s,S   G${' '.repeat(20)},SoooG${' '.repeat(20)},2`,
}
const kinds = { sudoku: sudokus, maze: mazes }

const rowOf = ({ question, answer }: Kind, rating = '1'): string => `s,${question},${answer},${rating}`
const linesOf = (...lines: string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''))

function write(name: string, content: Uint8Array): string {
  const file = path.join(folder, name)
  writeFileSync(file, content)
  return file
}

/** Builds and saves as `recurlab data build` does, and sees that nothing is left when it fails. */
async function refuses(
  build: () => Promise<Parameters<typeof saveDataset>[0]>,
  file: string,
  message: RegExp,
): Promise<void> {
  const out = path.join(folder, 'out')
  await assert.rejects(
    async () => saveDataset(await build(), out),
    (error: unknown) => {
      assert.ok(error instanceof UserError, String(error))
      assert.ok(error.message.startsWith(file), error.message)
      assert.match(error.message, message)
      assert.match(error.message, /expected .*found /)
      return true
    },
  )
  assert.equal(existsSync(out), false)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('.tmp')),
    [],
  )
}

for (const [name, kind] of Object.entries(kinds))
  test(`${name}: quoted fields, unicode, a byte-order mark, Windows line ends and empty lines say the same`, async () => {
    const plain = await kind.build(write('plain.csv', linesOf(HEADER, rowOf(kind), kind.other)))
    const [, question, answer, rating] = kind.other.split(',')
    const quoted = `"a ""source"", with\na line end and ☃","${question}","${answer}","${rating}"`
    const text = `\ufeff"source",question,answer,rating\r\n\r\nΩ 数独 🧩,${rowOf(kind).slice(2)}\r\n${quoted}\r\n\r\n`
    const decorated = await kind.build(write('ünïcode ☃.csv', Buffer.from(text)))
    assert.equal(decorated.hash, plain.hash)
    assert.deepEqual([...decorated.train.ratings], [1, 2])
    const out = path.join(folder, `saved ☃ ${name}`)
    saveDataset(decorated, out)
    assert.equal(loadDataset(out).hash, plain.hash)
  })

for (const [name, kind] of Object.entries(kinds)) {
  const [, question, answer] = kind.other.split(',') as [string, string, string]
  const rows = [[kind.question, kind.answer, '1'] as const, [question, answer, '2'] as const]
  const as = (header: string, row: (q: string, a: string, r: string, i: number) => string): Buffer =>
    linesOf(header, ...rows.map(([q, a, r], i) => row(q, a, r, i)))

  test(`${name}: columns are told by their names, in any order, capitals and company`, async () => {
    const plain = await kind.build(write('plain.csv', linesOf(HEADER, rowOf(kind), kind.other)))
    const files = {
      'an index as pandas writes it': as(`,${HEADER}`, (q, a, r, i) => `${i},s,${q},${a},${r}`),
      'another order': as('rating,answer,source,question', (q, a, r) => `${r},${a},s,${q}`),
      capitals: as('Source,QUESTION,Answer,Rating', (q, a, r) => `s,${q},${a},${r}`),
      'other names': as('id,puzzle,solution,clues,difficulty', (q, a, r, i) => `${i},${q},${a},30,${r}.0`),
      'a rating beside a difficulty': as('difficulty,rating,puzzle,answers', (q, a, r) => `hard,${r},${q},${a}`),
      'spaces and quotes': as('" Question ", answer,"Rating"', (q, a, r) => `"${q}",${a},${r}`),
      '__proto__ and constructor': as(`__proto__,constructor,${HEADER}`, (q, a, r) => `1,2,s,${q},${a},${r}`),
      'fifty columns': as(`${'x,'.repeat(50)}${HEADER}`, (q, a, r) => `${'1,'.repeat(50)}s,${q},${a},${r}`),
    }
    for (const [what, content] of Object.entries(files)) {
      const data = await kind.build(write(`${what}.csv`, content))
      assert.deepEqual([...data.train.ratings], [1, 2], what)
      assert.equal(data.hash, plain.hash, what)
    }
  })

  test(`${name}: without ratings, or with a difficulty in words, all are 0, and minRating says what it lacks`, async () => {
    const plain = await kind.build(write('plain.csv', linesOf(HEADER, rowOf(kind), kind.other)))
    const unrated = write(
      'unrated.csv',
      as('quizzes,solutions', (q, a) => `${q},${a}`),
    )
    const words = write(
      'words.csv',
      as('puzzle,solution,difficulty', (q, a) => `${q},${a},hard`),
    )
    for (const file of [unrated, words]) {
      const data = await kind.build(file)
      assert.deepEqual([...data.train.ratings], [0, 0])
      assert.deepEqual(data.train.labels, plain.train.labels)
      await refuses(() => kind.build(file, { minRating: 1 }), file, /expected a column rating .* Leave minRating out/)
    }
  })

  test(`${name}: a decimal rating is the number that its text stands for`, async () => {
    for (const rating of ['1.1', '0.30000000000004', '12345678.1234', '1e3', '007', '5.'])
      assert.equal(
        (await kind.build(write('r.csv', linesOf(HEADER, rowOf(kind, rating))))).train.ratings[0],
        Number(rating),
      )
  })
}

test('a Sudoku CSV of puzzles alone is solved; csv and list read each kind of file, or say which of them does', async () => {
  const { question, answer } = sudokus
  const [, other, otherAnswer] = sudokus.other.split(',') as [string, string, string]
  const zeros = question.replaceAll('.', '0')
  const withHeader = {
    'one column': linesOf('Puzzles', zeros, other),
    'an index': linesOf(',puzzle', `0,${question}`, `1,${other}`),
    'a quoted column': linesOf('"puzzle"', `"${question}"`, `"${other}"`),
    kaggle: linesOf('quizzes,solutions', `${zeros},${answer}`, `${other},${otherAnswer}`),
  }
  const without = {
    'one a line': linesOf(question, other),
    colons: linesOf(`${question}:${answer}`, other),
    commas: linesOf(`${zeros},${answer}`, `${other},${otherAnswer}`),
    'quotes and spaces': linesOf(`"${zeros}","${answer}"`, `"${other}" `),
  }
  for (const [what, content] of Object.entries({ ...withHeader, ...without })) {
    const file = write(`${what}.csv`, content)
    const list = await sudoku({ box: '2x2', list: file, test: 0 })
    assert.equal(list.train.count, 2, what)
    assert.equal([...list.train.labels.subarray(0, 16)].map((token) => token - 1).join(''), answer, what)
    if (what in withHeader) assert.deepEqual((await buildSudoku(file)).train.labels, list.train.labels, what)
    else await refuses(() => buildSudoku(file), file, /found "?\d.*one per line.*use list=FILE/)
  }
  await refuses(
    () => sudoku({ box: '2x2', list: write('three.txt', linesOf(`${question},${answer},1`)), test: 0 }),
    path.join(folder, 'three.txt'),
    /line 1: expected question or question:answer, found 3 parts/,
  )
  const mazeFile = write('no-answers.csv', linesOf('question', mazes.question))
  await refuses(() => buildMaze(mazeFile), mazeFile, /expected the header question,answer/)
})

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')

/** What is wrong with a file, whatever its task. */
const badFiles: [string, (kind: Kind) => Uint8Array, RegExp][] = [
  ['an empty file', () => linesOf(), /expected a header \(question.*\) and puzzles, found an empty file/],
  ['a byte-order mark alone', () => Buffer.from('\ufeff'), /found an empty file/],
  ['a header alone', () => linesOf(HEADER), /found only a header/],
  [
    'a header without a question',
    (k) => linesOf('id,text,answer,rating', rowOf(k)),
    /line 1: expected the header question.*, in any order and among others, found id,text,answer,rating\. Known names: .*quizzes/,
  ],
  [
    'a name twice in the header',
    (k) => linesOf('source,question,Question,rating', rowOf(k)),
    /line 1: expected one column of questions, found question and Question/,
  ],
  [
    'two names for answers in the header',
    (k) => linesOf('question,solution,answer', rowOf(k)),
    /line 1: expected one column of answers, found answer and solution/,
  ],
  [
    'no header',
    (k) => linesOf(rowOf(k)),
    /line 1: expected the header .*Put this line first: column1,question,answer,column4\./,
  ],
  [
    'semicolons',
    (k) => linesOf(HEADER.replaceAll(',', ';'), rowOf(k)),
    /line 1: expected the header .*found source;.* Save the file with commas/,
  ],
  [
    'lone carriage returns',
    (k) => Buffer.from(`${HEADER}\r${rowOf(k)}\r`),
    /line 1: expected line endings \\n or \\r\\n, found a lone \\r/,
  ],
  [
    'UTF-16 with a mark',
    (k) => utf16(`\ufeff${HEADER}\n${rowOf(k)}\n`),
    /line 1: expected text in UTF-8, found the byte-order mark of UTF-16/,
  ],
  [
    'UTF-16 without a mark',
    (k) => utf16(`${HEADER}\n${rowOf(k)}\n`),
    /line 1: expected the header .*found s\\u0000o\\u0000/,
  ],
  ['NUL bytes for a header', () => Buffer.alloc(300), /line 1: expected the header .*found (\\u0000){100}…/],
  [
    'a field too few',
    (k) => linesOf(HEADER, rowOf(k), `s,${k.question},${k.answer}`),
    /line 3: expected 4 fields .*found 3/,
  ],
  ['a field too many', (k) => linesOf(HEADER, `${rowOf(k)},9`), /line 2: expected 4 fields .*found 5/],
  ['far too many fields', (k) => linesOf(HEADER, rowOf(k), ','.repeat(20)), /line 3: expected 4 fields .*found 21/],
  [
    'a quote left open',
    (k) => linesOf(HEADER, rowOf(k), `"s,${k.question},${k.answer},1`, k.other),
    /line 3: expected well-formed CSV, found .*Quote/,
  ],
  [
    'a quote inside a field',
    (k) => linesOf(HEADER, `s"x",${rowOf(k).slice(2)}`),
    /line 2: expected well-formed CSV, found .*Quote/,
  ],
  ['something after a quote', (k) => linesOf(HEADER, `"s"x,${rowOf(k).slice(2)}`), /line 2: expected well-formed CSV/],
  [
    'a rating that is no number',
    (k) => linesOf(HEADER, rowOf(k, 'hard')),
    /line 2: expected a rating of 0 or more, found "hard"/,
  ],
  ['NaN for a rating', (k) => linesOf(HEADER, rowOf(k, 'NaN')), /line 2: expected a rating of 0 or more, found "NaN"/],
  ['a negative rating', (k) => linesOf(HEADER, rowOf(k, '-1')), /found "-1"/],
  ['an infinite rating', (k) => linesOf(HEADER, rowOf(k, 'Infinity')), /found "Infinity"/],
  ['inf for a rating', (k) => linesOf(HEADER, rowOf(k, 'inf')), /found "inf"/],
  ['a rating too large for a number', (k) => linesOf(HEADER, rowOf(k, '1e999')), /found "1e999"/],
  ['an empty rating', (k) => linesOf(HEADER, rowOf(k, '')), /line 2: expected a rating of 0 or more, found ""/],
  ['a rating of spaces', (k) => linesOf(HEADER, rowOf(k, '  ')), /found " {2}"/],
  [
    'a short question',
    (k) => linesOf(HEADER, `s,${k.question.slice(1)},${k.answer},1`),
    /line 2: expected question with \d+ characters, found \d+/,
  ],
  [
    'an empty question',
    (k) => linesOf(HEADER, `s,,${k.answer},1`),
    /line 2: expected question with \d+ characters, found 0/,
  ],
  [
    'a long answer',
    (k) => linesOf(HEADER, `s,${k.question},${k.answer}1,1`),
    /line 2: expected answer with \d+ characters, found \d+/,
  ],
  [
    'a NUL in a question',
    (k) => linesOf(HEADER, `s,\0${k.question.slice(1)},${k.answer},1`),
    /line 2: .*question at character 1, found "\\u0000"/,
  ],
  [
    'a sign beyond ASCII in a question',
    (k) => linesOf(HEADER, `s,☃${k.question.slice(1)},${k.answer},1`),
    /line 2: .*question at character 1, found "☃"/,
  ],
  [
    'a letter in an answer',
    (k) => linesOf(HEADER, `s,${k.question},x${k.answer.slice(1)},1`),
    /line 2: .*answer at character 1, found "x"/,
  ],
  [
    'a repeated puzzle',
    (k) => linesOf(HEADER, rowOf(k), k.other, rowOf(k, '7')),
    /line 4: expected each puzzle once, found the puzzle of line 2 again\. .*duplicates=skip/,
  ],
  [
    'a line of more than 64 KiB',
    (k) => linesOf(HEADER, rowOf(k), 'x'.repeat(70_000)),
    /line 3: expected a puzzle per line, found a line of more than 65536 bytes/,
  ],
]
for (const [name, kind] of Object.entries(kinds))
  for (const [what, content, message] of badFiles)
    test(`${name}: ${what} is one error, and nothing is written`, async () => {
      const file = write(`bad-${name}.csv`, content(kind))
      await refuses(() => kind.build(file), file, message)
    })

const put = (text: string, at: number, char: string): string => text.slice(0, at) + char + text.slice(at + 1)
const { question: Q, answer: A } = mazes
/** What is wrong with a maze: question, answer. */
const badMazes: [string, string, string, RegExp][] = [
  ['a small s', Q.replace('S', 's'), A, /line 2: expected #, space, S, G in question at character 7, found "s"/],
  ['a small g', Q.replace('G', 'g'), A, /question at character 19, found "g"/],
  ['a small s in an answer', Q, A.replace('S', 's'), /answer at character 7, found "s"/],
  ['a capital O', Q, A.replace('o', 'O'), /answer at character 12, found "O"/],
  ['a path in the question', A, A, /question at character 12, found "o"/],
  ['two S', put(Q, 8, 'S'), put(A, 8, 'S'), /expected one S in question, found 2 \(row 2, column 2; row 2, column 4\)/],
  ['no G', Q.replace('G', ' '), A, /expected one G in question, found none/],
  ['no S', Q.replace('S', ' '), A, /expected one S in question, found none/],
  [
    'a G that cannot be reached',
    '######S  ######## G######',
    '######S  ######## G######',
    /expected a path from S to G, found none/,
  ],
  [
    'a label without a path',
    Q,
    Q,
    /expected an answer that marks a shortest path of 5 cells, including S and G, found o that do not form a path/,
  ],
  ['a label with a gap', Q, A.replace('o', ' '), /found o that do not form a path from S to G/],
  [
    'a detour',
    `S   G${' '.repeat(20)}`,
    `So oG ooo ${' '.repeat(15)}`,
    /expected an answer that marks a shortest path of 5 cells, including S and G, found a path of 7/,
  ],
  ['a cell too many', Q, put(A, 8, 'o'), /found o that do not form a path from S to G/],
  [
    'a wall removed',
    Q,
    put(A, 0, ' '),
    /expected an answer that keeps the question's "#" in row 1, column 1, found " "/,
  ],
  ['a wall for a path', Q, put(A, 12, 'o'), /keeps the question's "#" in row 3, column 3, found "o"/],
  ['a wall added', Q, put(A, 8, '#'), /keeps the question's " " in row 2, column 4, found "#"/],
  ['S moved', Q, put(put(A, 6, ' '), 7, 'S'), /keeps the question's "S" in row 2, column 2, found " "/],
  [
    'a maze of another size',
    'S'.padEnd(35).concat('G'),
    A,
    /expected question with 25 characters, found 36 .*36 would fit size=6/,
  ],
]
for (const [what, question, answer, message] of badMazes)
  test(`maze: ${what} is one error, and nothing is written`, async () => {
    const file = write('bad-maze.csv', linesOf(HEADER, `s,${question},${answer},1`))
    await refuses(() => buildMaze(file), `${file}, line 2`, message)
  })

test('a puzzle of the test file is left out of training, a maze also when it is turned', async () => {
  const testCsv = write('test.csv', linesOf(HEADER, rowOf(mazes)))
  const turn = (text: string): string => [...text].reverse().join('')
  const csv = write('turned.csv', linesOf(HEADER, `s,${turn(Q)},${turn(A)},3`, rowOf(mazes), mazes.other))
  const data = await buildMaze(csv, { testCsv })
  assert.deepEqual([...data.train.ratings], [2])
  assert.match(data.manifest.disjoint, /\(2 left out for that\)/)
  const sudokuTest = write('test-sudoku.csv', linesOf(HEADER, rowOf(sudokus)))
  const both = write('both.csv', linesOf(HEADER, rowOf(sudokus), sudokus.other))
  assert.deepEqual([...(await buildSudoku(both, { testCsv: sudokuTest })).train.ratings], [2])
})

for (const [name, kind] of Object.entries(kinds))
  test(`${name}: a file that is missing, a folder, or unreadable is one error`, async () => {
    const missing = path.join(folder, 'missing.csv')
    await refuses(
      () => kind.build(missing),
      missing,
      /expected a readable file, found no such file or directory \(ENOENT\)/,
    )
    const directory = path.join(folder, `directory-${name}`)
    mkdirSync(directory)
    await refuses(() => kind.build(directory), directory, /expected a readable file, found .*EISDIR/)
    const file = write('refused.csv', linesOf(HEADER, rowOf(kind)))
    const { openSync: real } = fileOperations
    fileOperations.openSync = ((name: string, ...rest: [string]) => {
      if (name === file) throw Object.assign(new Error('EACCES: permission denied, open'), { code: 'EACCES' })
      return real(name, ...rest)
    }) as typeof real
    try {
      await refuses(() => kind.build(file), file, /expected a readable file, found permission denied \(EACCES\)/)
    } finally {
      fileOperations.openSync = real
    }
  })

test('a line of 100 MB is refused after a few megabytes', async () => {
  const file = path.join(folder, 'long.csv')
  const fd = openSync(file, 'w')
  writeSync(fd, `${HEADER}\n`)
  // A hole in the file: its length counts, its bytes (all NUL) take no place on the disk.
  writeSync(fd, 'end\n', 100_000_000)
  closeSync(fd)
  let bytes = 0
  const { readSync: real } = fileOperations
  fileOperations.readSync = ((...args: Parameters<typeof real>) => {
    const got = real(...args)
    bytes += got
    return got
  }) as typeof real
  try {
    await refuses(() => buildSudoku(file), `${file}, line 2`, /found a line of more than 65536 bytes/)
  } finally {
    fileOperations.readSync = real
  }
  assert.ok(bytes < 3_000_000, String(bytes))
})

test('records are the same wherever the pieces end in which a file is read', async () => {
  const rows = Array.from({ length: 200 }, (_, i) => `${i},${'x'.repeat(i)},"a\n${i}"`)
  const file = write('pieces.csv', linesOf(...rows))
  const read = async (): Promise<string[]> => {
    const found: string[] = []
    await readRecords(file, { delimiter: ',', quotes: true }, (record) => {
      found.push(`${record.line}:${[0, 1, 2].map((i) => record.text(i)).join('|')}`)
    })
    return found
  }
  const whole = await read()
  assert.deepEqual(whole.slice(0, 2), ['1:0||a\n0', '3:1|x|a\n1'])
  assert.equal(whole.length, 200)
  const { readSync: real } = fileOperations
  try {
    for (const piece of [1, 7, 1000]) {
      fileOperations.readSync = ((fd: number, into: Uint8Array, offset: number, length: number) =>
        real(fd, into, offset, Math.min(length, piece), null)) as typeof real
      assert.deepEqual(await read(), whole)
    }
  } finally {
    fileOperations.readSync = real
  }
})
