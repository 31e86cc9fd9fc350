import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { arc } from '../../lib/tasks/arc/build.js'
import type { ArcOptions } from '../../lib/tasks/arc/options.js'
import { readTask } from '../../lib/tasks/arc/read.js'
import { jsonTask, writeCombined, writeFolder } from './arc-helpers.js'
import { temporaryFolder } from './helpers.js'

const folder = temporaryFolder()
const good = JSON.stringify(jsonTask(1))
const pair = '{"input":[[1]],"output":[[2]]}'

/** A task whose grid, train[1].input, is this text. */
const withGrid = (grid: string): string => `{"train":[${pair},{"input":${grid},"output":[[1]]}],"test":[${pair}]}`
const square = (side: number): string => JSON.stringify(Array.from({ length: side }, () => Array(side).fill(1)))

const tasks: [string, string | Uint8Array, RegExp][] = [
  ['an empty file', '', /abcd\.json: expected JSON, found an empty file/],
  ['half a file', good.slice(0, 40), /abcd\.json(, line 1, column 41)?: expected JSON, found /],
  ['no JSON', 'train: []', /abcd\.json.*: expected JSON, found /],
  ['a comma too many', `${good.slice(0, -1)},}`, /abcd\.json, line 1, column \d+: expected JSON/],
  ['a fault in line 3', '{\n"train":\n[}]', /abcd\.json.*: expected JSON/],
  ['text after the end', `${good}\n${good}`, /abcd\.json, line 2, column 1: expected JSON/],
  ['a byte-order mark', `\ufeff${good}`, /expected JSON without a byte-order mark, found a byte-order mark/],
  ['UTF-16', Buffer.from(`\ufeff${good}`, 'utf16le'), /expected JSON in UTF-8, found another encoding/],
  ['broken UTF-8', Buffer.from([0x7b, 0xc3, 0x28, 0x7d]), /expected JSON in UTF-8/],
  ['a null byte', `${good.slice(0, 5)}\0${good.slice(5)}`, /abcd\.json.*: expected JSON/],
  ['a list', '[1]', /abcd\.json, task abcd: expected a task .*, found a list/],
  ['null', 'null', /task abcd: expected a task .*, found null/],
  ['a text', '"task"', /task abcd: expected a task .*, found a string/],
  ['NaN', '{"train": NaN}', /abcd\.json.*: expected JSON/],
  ['no train', `{"test":[${pair}]}`, /task abcd, train: expected a list of one or more pairs, found nothing/],
  ['no test', `{"train":[${pair}]}`, /task abcd, test: expected a list of one or more pairs, found nothing/],
  ['no train pairs', `{"train":[],"test":[${pair}]}`, /task abcd, train: .*found an empty list/],
  ['no test pairs', `{"train":[${pair}],"test":[]}`, /task abcd, test: .*found an empty list/],
  ['train as an object', `{"train":{"0":${pair}},"test":[${pair}]}`, /task abcd, train: .*found an object/],
  ['a pair that is a list', `{"train":[[[1]]],"test":[${pair}]}`, /train\[0\]: expected a pair .*, found a list/],
  ['a pair that is null', `{"train":[${pair}],"test":[null]}`, /test\[0\]: expected a pair .*, found null/],
  ['a pair without input', `{"train":[{"output":[[1]]}],"test":[${pair}]}`, /train\[0\]\.input: expected a grid/],
  [
    'a train pair without output',
    `{"train":[{"input":[[1]]}],"test":[${pair}]}`,
    /train\[0\]\.output: expected a grid/,
  ],
  [
    'a test output that is null',
    `{"train":[${pair}],"test":[{"input":[[1]],"output":null}]}`,
    /test\[0\]\.output: .*null/,
  ],
  ['an empty grid', withGrid('[]'), /task abcd, train\[1\]\.input: expected 1 to 30 rows, found 0/],
  ['an empty row', withGrid('[[]]'), /train\[1\]\.input, row 1: expected 1 to 30 colours, found 0/],
  ['a flat grid', withGrid('[1,2]'), /train\[1\]\.input, row 1: expected a list of colours, found a number/],
  ['a grid of text', withGrid('["12","34"]'), /row 1: expected a list of colours, found a string/],
  ['a grid that is a text', withGrid('"12"'), /train\[1\]\.input: expected a grid \(a list of rows\), found a string/],
  ['ragged rows', withGrid('[[1,2],[3,4],[5]]'), /train\[1\]\.input, row 3: expected 2 colours, as in row 1, found 1/],
  ['a longer row', withGrid('[[1],[3,4]]'), /row 2: expected 1 colours, as in row 1, found 2/],
  ['a row that is null', withGrid('[[1],null]'), /row 2: expected a list of colours, found null/],
  ['31 rows', withGrid(square(31)), /train\[1\]\.input: expected 1 to 30 rows, found 31/],
  [
    '31 columns',
    withGrid(`[${square(31).slice(2).split(']')[0]!.replace(/^/, '[')}]]`),
    /row 1: expected 1 to 30 colours, found 31/,
  ],
  ['colour 10', withGrid('[[1,10]]'), /row 1, column 2: expected a whole number 0…9, found 10/],
  ['colour -1', withGrid('[[-1]]'), /row 1, column 1: expected a whole number 0…9, found -1/],
  ['colour 1.5', withGrid('[[1],[1.5]]'), /row 2, column 1: expected a whole number 0…9, found 1\.5/],
  ['a colour that is a text', withGrid('[["1"]]'), /column 1: expected a whole number 0…9, found "1"/],
  ['a colour that is null', withGrid('[[null]]'), /column 1: expected a whole number 0…9, found null/],
  ['a colour that is true', withGrid('[[true]]'), /found true/],
  ['an enormous colour', withGrid('[[1e999]]'), /expected a whole number 0…9, found null/],
  ['a cell that is a list', withGrid('[[[1]]]'), /column 1: expected a whole number 0…9, found \[1\]/],
  [
    'train twice',
    `{"train":[${pair}],"train":[${pair}],"test":[${pair}]}`,
    /key "train": expected every key once, found "train" twice/,
  ],
  [
    'input twice',
    `{"train":[{"input":[[1]],"\\u0069nput":[[2]],"output":[[1]]}],"test":[${pair}]}`,
    /key "train" → 0 → "input"/,
  ],
  [
    'a __proto__',
    `{"__proto__":{},"train":[${pair}],"test":[${pair}]}`,
    /task abcd: expected keys of a task, found "__proto__"/,
  ],
  [
    'a constructor in a pair',
    `{"train":[{"constructor":1,"input":[[1]],"output":[[1]]}],"test":[${pair}]}`,
    /train\[0\]: .*"constructor"/,
  ],
  [
    'a hundred thousand brackets',
    '['.repeat(100_000) + ']'.repeat(100_000),
    /expected at most 32 levels of nesting, found more/,
  ],
  ['a line of 20 MB', JSON.stringify({ train: 'x'.repeat(2e7), test: [] }), /task abcd, train: .*found a string/],
]
for (const [what, content, message] of tasks)
  test(`a task file with ${what} is one error with its place`, () => {
    const file = path.join(folder, 'abcd.json')
    writeFileSync(file, content)
    assert.throws(() => readTask(file), { name: 'UserError', message })
  })

test('a file of more than 256 MB is refused before it is read', () => {
  const file = path.join(folder, 'huge.json')
  writeFileSync(file, '')
  truncateSync(file, 2 ** 28 + 1)
  assert.throws(() => readTask(file), { name: 'UserError', message: /expected a file of at most 256 MB, found 257 MB/ })
})

/** What stands in a folder of the combined layout: challenges and solutions of the evaluation subset. */
const sets: [string, string, string | null, RegExp][] = [
  ['challenges that are a list', '[]', null, /evaluation_challenges\.json: expected an object of tasks, found a list/],
  ['no challenges', '{}', null, /evaluation_challenges\.json: expected tasks, found none/],
  ['a task twice', `{"a":${good},"a":${good}}`, null, /challenges\.json, key "a": expected every key once/],
  ['a task without a name', `{"":${good}}`, null, /expected a task's name of 1 to 200 characters, found ""/],
  ['a name of spaces', `{"  ":${good}}`, null, /expected a task's name of 1 to 200 characters/],
  ['a name of 300 characters', `{"${'n'.repeat(300)}":${good}}`, null, /a task's name of 1 to 200 characters/],
  ['a name with |||', `{"a|||t1":${good}}`, null, /expected a task's name without \|\|\|.*found "a\|\|\|t1"/],
  ['the name <blank>', `{"<blank>":${good}}`, null, /a task's name other than that of row 0/],
  ['a name with a line end', `{"a\\nb":${good}}`, null, /without control characters/],
  ['a name with half a character', `{"a\\ud800":${good}}`, null, /without control characters or halves/],
  ['a task __proto__', `{"__proto__":${good}}`, null, /challenges\.json: expected keys of a task, found "__proto__"/],
  ['a task constructor', `{"constructor":${good}}`, null, /found "constructor"/],
  [
    'a bad grid in the second task',
    `{"a":${good},"b":${withGrid('[[77]]')}}`,
    null,
    /challenges\.json, task b, train\[1\]\.input, row 1, column 1/,
  ],
  [
    'solutions that are a list',
    `{"a":${good}}`,
    '[[[1]]]',
    /evaluation_solutions\.json: expected an object of solutions/,
  ],
  ['solutions that are no JSON', `{"a":${good}}`, '{', /evaluation_solutions\.json.*: expected JSON/],
  ['no solution of a task', `{"a":${good}}`, '{}', /solutions\.json, task a: expected a list of grids, found nothing/],
  [
    'a solution of no task',
    `{"a":${good}}`,
    '{"a":[[[6,1]]],"b":[[[1]]]}',
    /solutions\.json, task b: expected solutions of tasks/,
  ],
  [
    'too many solutions',
    `{"a":${good}}`,
    '{"a":[[[6,1]],[[1]]]}',
    /task a: expected 1 grids, one for each test input, found 2/,
  ],
  ['too few solutions', `{"a":${good}}`, '{"a":[]}', /task a: expected 1 grids.*found 0/],
  [
    'a ragged solution',
    `{"a":${good}}`,
    '{"a":[[[1],[2,3]]]}',
    /solutions\.json, task a, \[0\], row 2: expected 1 colours/,
  ],
  [
    'a solution of one row without its grid',
    `{"a":${good}}`,
    '{"a":[[1]]}',
    /task a, \[0\], row 1: expected a list of colours/,
  ],
  [
    'another answer than the task',
    `{"a":${good}}`,
    '{"a":[[[6,2]]]}',
    /\[0\]: expected the output given in .*, found another/,
  ],
  [
    'a solution twice',
    `{"a":${good}}`,
    '{"a":[[[6,1]]],"a":[[[6,1]]]}',
    /solutions\.json, key "a": expected every key once/,
  ],
]
for (const [what, challenges, solutions, message] of sets)
  test(`a combined file with ${what} is one error with its place`, async () => {
    const dir = path.join(folder, `set ${what.replaceAll(/[^\w ]/g, '_').slice(0, 40)}`)
    mkdirSync(dir)
    writeFileSync(path.join(dir, 'arc_evaluation_challenges.json'), challenges)
    if (solutions !== null) writeFileSync(path.join(dir, 'arc_evaluation_solutions.json'), solutions)
    const before = readdirSync(dir).length
    await assert.rejects(arc({ set: 'arc-1', dir, subsets: 'evaluation', augment: 1 }), { name: 'UserError', message })
    assert.equal(readdirSync(dir).length, before)
  })

const empty = path.join(folder, 'empty')
mkdirSync(empty)
const both = path.join(folder, 'both')
writeCombined(both, 'evaluation', { a: jsonTask(1) })
writeFolder(both, 'evaluation', { a: jsonTask(1) })
const hollow = path.join(folder, 'hollow')
mkdirSync(path.join(hollow, 'evaluation'), { recursive: true })
const repeated = path.join(folder, 'repeated')
writeFolder(repeated, 'training', { same: jsonTask(1) })
writeFolder(repeated, 'evaluation', { same: jsonTask(2) })
const nestedTwice = path.join(folder, 'nested')
writeFolder(path.join(nestedTwice, 'concept'), 'A', { same: jsonTask(1) })
writeFolder(path.join(nestedTwice, 'concept'), 'B', { same: jsonTask(2) })
const two = path.join(folder, 'two-prefixes')
writeCombined(two, 'evaluation', { a: jsonTask(1) })
writeFileSync(path.join(two, 'other_evaluation_challenges.json'), '{}')
const lists = path.join(folder, 'lists')
writeCombined(lists, 'evaluation', { a: jsonTask(1) })
writeFileSync(path.join(lists, 'object.json'), '{"0":"<blank>"}')

const orders: [string, unknown, RegExp][] = [
  [
    'an unknown key',
    { dirr: 'x' },
    /key dirr: expected a key of an ARC data set, found an unknown one\. Did you mean dir/,
  ],
  ['an unknown set', { set: 'arc-3' }, /key set: expected one of generated, arc-1, arc-2 .*found "arc-3"/],
  ['no folder', { set: 'arc-1' }, /key dir: expected the folder that holds arc-1, found none/],
  [
    'a folder that is not there',
    { set: 'arc-1', dir: path.join(folder, 'no') },
    /expected a folder of ARC tasks, found no such file/,
  ],
  ['an empty folder', { set: 'arc-1', dir: empty }, /empty: expected the subset training: .*, found an empty folder/],
  [
    'a folder without tasks',
    { set: 'arc-1', dir: hollow, subsets: 'evaluation' },
    /evaluation: expected one JSON file per task, found none/,
  ],
  [
    'a folder without one of the subsets',
    { set: 'arc-1', dir: both },
    /expected the subset training.*leave it out with subsets/,
  ],
  [
    'a subset in both layouts',
    { set: 'arc-1', dir: both, subsets: 'evaluation' },
    /the subset evaluation once, found arc-agi_evaluation_challenges\.json and evaluation\//,
  ],
  [
    'a subset in two files',
    { set: 'arc-1', dir: two, subsets: 'evaluation' },
    /the subset evaluation once, found arc-agi_.* and other_/,
  ],
  [
    'a task in two subsets',
    { set: 'arc-1', dir: repeated, subsets: 'training,evaluation' },
    /task same: expected each task name in one subset/,
  ],
  [
    'a task in two folders of a subset',
    { set: 'arc-1', dir: nestedTwice, subsets: 'concept', test: 'concept' },
    /expected each task once, found same in/,
  ],
  [
    'an unknown subset',
    { set: 'arc-1', dir: both, subsets: 'evaluation,eval' },
    /key subsets: expected of training, evaluation, concept, found eval/,
  ],
  ['an empty name of a subset', { set: 'arc-1', dir: both, subsets: '' }, /key subsets: .*found \./],
  ['no subsets', { set: 'arc-1', dir: both, subsets: [] }, /key test: expected one of the subsets \(none are named\)/],
  [
    'a subset twice',
    { set: 'arc-1', dir: both, subsets: 'evaluation,evaluation' },
    /each subset once, found evaluation twice/,
  ],
  [
    'a test subset that is not read',
    { set: 'arc-1', dir: both, subsets: 'training' },
    /key test: expected one of the subsets \(training\), found evaluation/,
  ],
  ['a number of test tasks of files', { set: 'arc-1', dir: both, test: 5 }, /key test: expected a subset/],
  ['a test subset of generated tasks', { test: 'evaluation' }, /key test: expected a number of generated tasks/],
  ['a board of files', { set: 'arc-1', dir: both, board: 10 }, /key board: expected set=generated beside it/],
  ['a folder of generated tasks', { dir: both }, /key dir: expected set=arc-1 or set=arc-2 beside it/],
  [
    'identifiers and augment',
    { set: 'arc-1', dir: lists, identifiers: 'x', augment: 3 },
    /key augment: expected identifiers or augment/,
  ],
  [
    'identifiers that are not there',
    { set: 'arc-1', dir: lists, subsets: 'evaluation', identifiers: 'no.json' },
    /no\.json: expected a readable file/,
  ],
  [
    'identifiers that are an object',
    { set: 'arc-1', dir: lists, subsets: 'evaluation', identifiers: path.join(lists, 'object.json') },
    /object\.json: expected a list of names, found an object/,
  ],
  ['a negative augment', { augment: -1 }, /key augment: expected at least 0/],
  ['a board of 31', { board: 31 }, /key board: expected at most 30/],
  ['a size beyond the board', { board: 5, size: 6 }, /key size: expected at most the board's 5, found 6/],
  ['no tasks at all', { train: 0, test: 0 }, /keys? train, test: expected a number of tasks for at least one split/],
  ['a hostile key', JSON.parse('{"__proto__": 1}'), /key __proto__/],
]
for (const [what, options, message] of orders)
  test(`an order with ${what} is one error`, async () => {
    await assert.rejects(arc(options as ArcOptions), { name: 'UserError', message })
  })
