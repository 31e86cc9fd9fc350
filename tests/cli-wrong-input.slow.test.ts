import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { recurlab } from './recurlab.js'

let folder = ''
let id = ''
const tiny = ['T=1', 'n=1', 'hidden=16', 'K=2', 'testPuzzles=4', 'trainPuzzles=8', 'trainSteps=2', 'evalEvery=2']
before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-wrong-'))
  writeFileSync(path.join(folder, 'file.txt'), 'hello\n')
  mkdirSync(path.join(folder, 'dir'))
  mkdirSync(path.join(folder, 'x.ipynb'))
  const { code, stderr } = await recurlab(['train', 'sudoku-pocket', ...tiny, 'batch=4', 'evalBatch=100000000'], {
    cwd: folder,
  })
  assert.equal(code, 0, `more puzzles at once than there are: ${stderr}`)
  id = readdirSync(path.join(folder, 'results/runs'))[0]!
})
after(() => rmSync(folder, { recursive: true, force: true }))

const wrong: [string, string[], number, RegExp][] = [
  ['a batch that no memory holds', ['train', 'sudoku-pocket', ...tiny, 'batch=1e12'], 2, /key batch: expected at most/],
  [
    'weights that are not there',
    ['eval', 'ID.safetensors'],
    2,
    /a file of weights, or a run in results.runs, found nothing/,
  ],
  ['weights with another ending', ['eval', 'file.tx'], 2, /Did you mean file\.txt\?/],
  ['a folder in the place of weights', ['eval', 'dir'], 2, /found a folder without a run\. Name a file in it/],
  ['a text in the place of weights', ['import', 'file.txt'], 1, /expected safetensors, or a file of torch\.save/],
  ['an empty word', ['eval', ''], 2, /expected non-empty words, found ""/],
  ['a folder in the place of a notebook', ['run', 'x.ipynb'], 1, /found a folder \(EISDIR\)/],
  ['a folder in the place of a configuration', ['eval', 'ID', 'config=dir'], 1, /found a folder \(EISDIR\)/],
  [
    'a file in the place of the results folder',
    ['train', 'sudoku-pocket', ...tiny, 'out=file.txt'],
    1,
    /a file in place of a folder/,
  ],
  [
    'the data of a preset of the paper',
    ['train', 'sudoku-paper'],
    1,
    /recurlab data fetch sudoku-extreme downloads its files/,
  ],
  ['part of a key', ['train', 'sudoku-pocket', 'steps=300'], 2, /key steps: .*Did you mean trainSteps\?/],
  ['part of a key of a command', ['eval', 'ID', 'steps=16'], 2, /key steps: .*Did you mean supervisionSteps\?/],
  [
    'a negative number',
    ['eval', 'ID', 'supervisionSteps=-1'],
    2,
    /expected supervisionSteps=N, a whole number of 1 or more, found -1/,
  ],
  [
    'a number that is none',
    ['eval', 'ID', 'batch=many'],
    2,
    /expected batch=N, a whole number of 1 or more, found many/,
  ],
  ['a huge number', ['eval', 'ID', 'batch=1e99'], 2, /expected batch=N/],
  ['a key twice', ['eval', 'ID', 'batch=1', 'batch=2'], 2, /expected batch= once, found it twice/],
  ['a key without a value', ['eval', 'ID', 'batch='], 2, /expected a value after batch=, found none/],
  [
    'a file in the place of the runs',
    ['runs', 'out=file.txt'],
    2,
    /expected out=DIR, a results folder, found the file/,
  ],
  ['a flag twice', ['runs', '--json', '--json'], 2, /expected --json once/],
  ['a flag with a value that takes none', ['runs', '--json=yes'], 2, /expected --json without a value/],
  [
    'a flag without its value',
    ['run', 'a.ipynb', '--out', '--report'],
    2,
    /expected a value after --out, found --report/,
  ],
  ['a key of letters that no key has', ['train', 'sudoku-pocket', 'größe=3'], 2, /key größe: .*an unknown one/],
  ['words too many', ['resume', 'a', 'b'], 2, /expected one run, found 2: a b\. See recurlab resume --help\./],
]
for (const [what, args, exitCode, message] of wrong)
  test(`${what} is one line, exit code ${exitCode}, and no trace of a stack`, async () => {
    const given = args.map((arg) => arg.replace(/^ID/, id))
    const { code, stderr } = await recurlab(given, { cwd: folder })
    assert.equal(code, exitCode, stderr)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /\n\s+at |internal error/)
    assert.match(stderr.trim().split('\n').at(-1)!, /^recurlab: /)
  })

test('more puzzles at once than there are is no mistake', async () => {
  const all = await recurlab(['eval', id, 'batch=999999999', '--json'], { cwd: folder })
  assert.equal(all.code, 0, all.stderr)
  assert.equal((JSON.parse(all.stdout) as { puzzles: number }).puzzles, 4)
})

test('a parameter of a notebook may be empty, and may have an underscore in its name', async () => {
  writeFileSync(path.join(folder, 'empty.ipynb'), '{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[]}')
  const { code, stderr } = await recurlab(['run', 'empty.ipynb', 'my_text='], { cwd: folder })
  assert.equal(code, 2)
  assert.match(stderr, /my_text|parameters/)
})
