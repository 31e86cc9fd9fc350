import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { answerIsKnown } from '../../lib/data/answers.js'
import type { Dataset } from '../../lib/data/dataset.js'
import { evaluationBatches } from '../../lib/data/evaluation-batches.js'
import { trainingBatches } from '../../lib/data/sampler.js'
import { UserError } from '../../lib/errors.js'
import { loadDataset, saveDataset } from '../../lib/storage/store.js'
import { sharedPath } from '../shared.js'
import { puzzleText } from '../tasks/puzzle-text.js'
import { temporaryFolder } from './helpers.js'
import { arcFolder, array, type Folder, smallFolder, writeFolder } from './published-folder.js'

const folder = temporaryFolder()
let made = 0

function written(what: Folder): string {
  return writeFolder(path.join(folder, String(made++)), what)
}

function changed(what: Folder, change: (folder: Folder) => void): string {
  change(what)
  return written(what)
}

test('a folder is read: tokens of any integer type, puzzles, groups, identifiers', () => {
  const { train, test: tests, identifiers, manifest, augment, testTasks } = loadDataset(written(smallFolder()))
  assert.deepEqual([train.count, tests.count, train.seqLen], [3, 1, 4])
  assert.deepEqual([...train.labels], [2, 3, 4, 5, 6, 0, 2, 3, 4, 5, 6, 0])
  assert.deepEqual([...train.puzzleIds], [1, 1, 2])
  assert.deepEqual([...train.puzzleStarts], [0, 2, 3])
  assert.deepEqual([...train.groupStarts], [0, 1, 2])
  assert.deepEqual([identifiers.count, identifiers.name(2)], [3, 'two'])
  assert.deepEqual([manifest.task, manifest.vocabSize, augment, testTasks], ['tokens', 7, null, null])
  assert.equal(manifest.source.kind === 'files' && manifest.source.files.length, 13)
})

test('batches are drawn from it, labels to be ignored as -100', () => {
  const data = loadDataset(written(smallFolder()))
  const batch = trainingBatches(data, { batch: 3, seed: 0 }).next()
  assert.deepEqual([...batch.puzzleIds].sort(), [1, 1, 2])
  assert.equal(batch.labels.filter((label) => label === -100).length, 2)
  const [evaluated] = [...evaluationBatches(data, { batch: 2 })]
  assert.deepEqual([...evaluated!.rows], [0])
})

test('without ignore_label_id every label counts', () => {
  const dir = changed(smallFolder(), ({ json }) => {
    for (const split of ['train', 'test'])
      json[`${split}/dataset.json`] = { ...(json[`${split}/dataset.json`] as object), ignore_label_id: null }
  })
  const batch = trainingBatches(loadDataset(dir), { batch: 3, seed: 0 }).next()
  assert.ok(batch.labels.every((label) => label >= 0))
})

test('every integer type holds the same tokens, and whole floats too', () => {
  const hashes = new Set<string>()
  for (const dtype of ['|u1', '|i1', '<u2', '<i2', '<u4', '<i4', '<u8', '<i8', '<f4', '<f8'] as const) {
    const dir = changed(smallFolder(), ({ arrays }) => {
      arrays['test/all__inputs.npy'] = array(dtype, [1, 4], [1, 6, 0, 3])
    })
    const data = loadDataset(dir)
    assert.deepEqual([...data.test.inputs], [1, 6, 0, 3])
    hashes.add(data.hash)
  }
  assert.equal(hashes.size, 1, 'the hash is over the tokens, not over how a file stores them')
})

test('the hash is that of the content: it does not change with the folder, and does with a token', () => {
  const one = loadDataset(written(smallFolder()))
  assert.equal(loadDataset(written(smallFolder())).hash, one.hash)
  const other = changed(smallFolder(), ({ arrays }) => {
    arrays['test/all__inputs.npy'] = array('|u1', [1, 4], [1, 1, 1, 2])
  })
  assert.notEqual(loadDataset(other).hash, one.hash)
})

test('a folder with one split is read; the other is empty', () => {
  for (const missing of ['train', 'test'] as const) {
    const dir = written(smallFolder())
    rmSync(path.join(dir, missing), { recursive: true })
    assert.equal(loadDataset(dir)[missing].count, 0)
    mkdirSync(path.join(dir, missing))
    assert.equal(loadDataset(dir)[missing].count, 0, 'an empty folder is no split')
  }
})

test('identifiers may be an object of id → name', () => {
  const dir = changed(smallFolder(), ({ json }) => {
    json['identifiers.json'] = { 2: 'two', 0: '<blank>', 1: 'one' }
  })
  assert.equal(loadDataset(dir).identifiers.name(1), 'one')
})

test('ARC is recognised: its test tasks are read and its names kept', () => {
  const { manifest, testTasks, identifiers } = loadDataset(written(arcFolder()))
  assert.equal(manifest.task, 'arc')
  assert.deepEqual(testTasks, [{ name: 'task', pairs: [{ input: [[3]], output: [[3]] }] }])
  assert.equal(identifiers.name(2), 'task|||t3|||0213456789')
})

test('an output that is not known is null: missing, null, or the placeholder of the published builder', () => {
  for (const given of [{}, { output: null }, { output: [[0]] }]) {
    const dir = changed(arcFolder(), ({ json }) => {
      json['test_puzzles.json'] = { task: { train: [], test: [{ input: [[3]], ...given }] } }
    })
    const data = loadDataset(dir)
    assert.equal(data.testTasks?.[0]?.pairs[0]?.output, null)
    assert.equal(answerIsKnown(data, 'test', 0), false)
  }
  assert.equal(answerIsKnown(loadDataset(written(arcFolder())), 'test', 0), true)
})

test('a file of test tasks in the folder of another task is refused, with what the folder holds', () => {
  const dir = changed(smallFolder(), ({ json }) => {
    json['test_puzzles.json'] = { task: { train: [], test: [{ input: [[3]] }] } }
  })
  refused(dir, /test_puzzles\.json: expected no such file in a folder of task=tokens, .*found a file of test tasks/)
})

test('Sudokus and mazes are recognised by vocabulary and length, 4×4 ones by their answers', () => {
  const sudoku4 = [2, 3, 4, 5, 4, 5, 2, 3, 3, 2, 5, 4, 5, 4, 3, 2]
  const maze4 = [3, 5, 5, 5, 1, 1, 1, 5, 2, 2, 2, 5, 4, 5, 5, 5]
  const cases: [string, number, number, readonly number[]][] = [
    ['sudoku', 11, 81, Array(81).fill(2)],
    ['sudoku', 8, 36, Array(36).fill(2)],
    ['sudoku', 6, 16, sudoku4],
    ['maze', 6, 16, maze4],
    ['maze', 6, 81, Array(81).fill(2)],
    ['tokens', 12, 81, Array(81).fill(2)],
    ['tokens', 6, 15, Array(15).fill(2)],
  ]
  for (const [task, vocab_size, seq_len, label] of cases) {
    const dir = changed(smallFolder(), ({ json, arrays }) => {
      for (const split of ['train', 'test']) {
        const about = json[`${split}/dataset.json`] as Record<string, unknown>
        json[`${split}/dataset.json`] = { ...about, vocab_size, seq_len }
        const rows = split === 'train' ? 3 : 1
        const values = Array.from({ length: rows }, () => label).flat()
        for (const name of ['inputs', 'labels'])
          arrays[`${split}/all__${name}.npy`] = array('|u1', [rows, seq_len], values)
      }
    })
    const data = loadDataset(dir)
    assert.equal(data.manifest.task, task, `${vocab_size}, ${seq_len}`)
    if (label === maze4) assert.deepEqual([...data.test.ratings], [10])
  }
})

test('tokens without a known task are drawn as numbers, in a square where they fill one', () => {
  const spec = { ...loadDataset(written(smallFolder())).manifest, seqLen: 4, vocabSize: 11 }
  assert.equal(puzzleText(spec, [1, 2, 10, 4]), ' 1  2\n10  4')
  assert.equal(puzzleText({ ...spec, seqLen: 3, vocabSize: 10 }, [1, 2, 3]), '1 2 3')
})

test('a published data set is not saved as one of ours, but said to be exported', () => {
  const data = loadDataset(written(smallFolder()))
  assert.throws(() => saveDataset(data, path.join(folder, 'own')), /recurlab data export/)
})

type Change = (folder: Folder) => void
const about =
  (fields: Record<string, unknown>, split = 'train'): Change =>
  ({ json }) => {
    const kept = { ...(json[`${split}/dataset.json`] as object), ...fields }
    json[`${split}/dataset.json`] = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined))
  }
const npy =
  (name: string, ...values: Parameters<typeof array>): Change =>
  ({ arrays }) => {
    arrays[name] = array(...values)
  }
const json =
  (name: string, value: unknown): Change =>
  (what) => {
    what.json[name] = value
  }

const inputs = 'train/all__inputs.npy'
const ids = 'train/all__puzzle_identifiers.npy'
const puzzles = 'train/all__puzzle_indices.npy'
const groups = 'train/all__group_indices.npy'
const twelve = [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]
const BAD: [what: string, change: Change, message: RegExp][] = [
  [
    'identifiers.json is nested without end',
    ({ json }) => {
      json['identifiers.json'] = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    },
    /identifiers\.json: expected at most 32 levels of nesting, found more/,
  ],
  ['dataset.json that is empty', json('train/dataset.json', ''), /train\/dataset\.json: expected JSON, found an empty/],
  [
    'dataset.json that is no JSON',
    json('train/dataset.json', '{"pad_id": 0,'),
    /dataset\.json, line 1, column 14: expected JSON/,
  ],
  ['dataset.json that is a list', json('train/dataset.json', []), /a JSON object, found a list/],
  ['dataset.json with a byte-order mark', json('train/dataset.json', '\ufeff{}'), /byte 0: .*byte-order mark/],
  ['dataset.json with NaN', json('train/dataset.json', '{"pad_id": NaN}'), /expected JSON, found/],
  ['a key twice', json('train/dataset.json', '{"pad_id": 0, "pad_id": 1}'), /every key once, found "pad_id" twice/],
  ['a key of the prototype', json('train/dataset.json', '{"__proto__": {}}'), /key __proto__: expected no keys but/],
  ['a key called constructor', about({ constructor: 1 }), /key constructor: expected no keys but/],
  ['an unknown key', about({ author: 'x' }), /key author: expected no keys but pad_id/],
  ['no pad_id', about({ pad_id: undefined }), /key pad_id: expected a whole number 0…6, found nothing/],
  ['a pad_id beyond the vocabulary', about({ pad_id: 7 }), /key pad_id: expected a whole number 0…6, found 7/],
  ['no ignore_label_id', about({ ignore_label_id: undefined }), /key ignore_label_id: .*found nothing/],
  ['a negative ignore_label_id', about({ ignore_label_id: -100 }), /key ignore_label_id: .*found -100/],
  ['a blank id beyond the identifiers', about({ blank_identifier_id: 3 }), /blank_identifier_id: .*0…2, found 3/],
  ['a vocabulary of 1', about({ vocab_size: 1 }), /key vocab_size: expected a whole number 2…256, found 1/],
  ['a vocabulary of 257', about({ vocab_size: 257 }), /key vocab_size: .*found 257/],
  ['a vocabulary in words', about({ vocab_size: '7' }), /key vocab_size: .*found "7"/],
  ['a length of 0', about({ seq_len: 0 }), /key seq_len: expected a whole number 1…/],
  ['a length of another number', about({ seq_len: 5 }), /all__inputs\.npy: .*shape \(examples, 5\), found \(3, 4\)/],
  ['a fraction of groups', about({ total_groups: 1.5 }), /key total_groups: .*found 1\.5/],
  [
    'more groups than there are',
    about({ total_groups: 3 }),
    /key total_groups: expected 2, as group_indices has, found 3/,
  ],
  ['another number of puzzles', about({ total_puzzles: 3 }), /key total_puzzles: expected 2 puzzles.*found 3/],
  ['another mean', about({ mean_puzzle_examples: 1 }), /key mean_puzzle_examples: expected 1\.5.*found 1/],
  [
    'a mean that is null',
    about({ mean_puzzle_examples: null }),
    /key mean_puzzle_examples: expected a number, found null/,
  ],
  ['no sets', about({ sets: [] }), /key sets: expected one set.*found \[\]/],
  ['two sets', about({ sets: ['all', 'more'] }), /key sets: .*found \["all","more"\]/],
  ['a set outside the folder', about({ sets: ['../../all'] }), /key sets/],
  ['a set that is not there', about({ sets: ['none'] }), /none__inputs\.npy: expected a readable file/],
  [
    'another vocabulary in test',
    about({ vocab_size: 8 }, 'test'),
    /test\/dataset\.json, key vocab_size: expected 7, as train/,
  ],
  [
    'tokens beyond the vocabulary',
    npy(inputs, '|u1', [3, 4], [...twelve.slice(1), 7]),
    /\[2, 3\]: expected a token 0…6, found 7/,
  ],
  ['negative tokens', npy(inputs, '|i1', [3, 4], [-1, ...twelve.slice(1)]), /inputs\.npy, \[0, 0\]: .*found -1/],
  ['negative 64-bit tokens', npy(inputs, '<i8', [3, 4], [1, -1, ...twelve.slice(2)]), /\[0, 1\]: .*found -1/],
  [
    '64-bit tokens beyond 32',
    npy(inputs, '<u8', [3, 4], [1, 2 ** 33, ...twelve.slice(2)]),
    /\[0, 1\]: .*found 8589934592/,
  ],
  ['NaN for a token', npy(inputs, '<f4', [3, 4], [1, 2, Number.NaN, ...twelve.slice(3)]), /\[0, 2\]: .*found NaN/],
  ['half a token', npy(inputs, '<f8', [3, 4], [...twelve.slice(1), 0.5]), /\[2, 3\]: .*found 0\.5/],
  ['flat tokens', npy(inputs, '|u1', [12], twelve), /shape \(examples, 4\), found \(12\)/],
  ['rows too long', npy(inputs, '|u1', [2, 6], twelve), /shape \(examples, 4\), found \(2, 6\)/],
  [
    'fewer inputs than labels',
    npy(inputs, '|u1', [2, 4], twelve.slice(4)),
    /labels\.npy: expected 2 examples.*found 3/,
  ],
  ['no examples where there are puzzles', npy(inputs, '|u1', [0, 4], []), /labels\.npy: expected 0 examples.*found 3/],
  ['an identifier too many', npy(ids, '<i4', [3], [1, 2, 2]), /identifiers\.npy: expected 2 identifiers.*found 3/],
  [
    'an identifier out of range',
    npy(ids, '<i4', [2], [1, 3]),
    /identifiers\.npy, \[1\]: expected an identifier 0…2, found 3/,
  ],
  ['a negative identifier', npy(ids, '<i4', [2], [-1, 1]), /\[0\]: expected an identifier 0…2, found -1/],
  ['identifiers in rows', npy(ids, '<i4', [2, 1], [1, 2]), /a list, of one dimension, found the shape \(2, 1\)/],
  [
    'no indices at all',
    npy(puzzles, '<i4', [0], []),
    /puzzle_indices\.npy: expected at least one number, 0, found an empty/,
  ],
  ['indices that begin at 1', npy(puzzles, '<i4', [3], [1, 2, 3]), /puzzle_indices\.npy, \[0\]: expected 0, found 1/],
  [
    'indices that go back',
    npy(puzzles, '<i4', [4], [0, 2, 1, 3]),
    /\[2\]: expected more than 2, the number before it, found 1/,
  ],
  ['indices that end early', npy(puzzles, '<i4', [3], [0, 1, 2]), /\[2\]: expected 3, the number of examples, found 2/],
  [
    'indices beyond the examples',
    npy(puzzles, '<i4', [3], [0, 2, 4]),
    /\[2\]: expected a number 0…3, for 3 examples, found 4/,
  ],
  ['a puzzle of nothing', npy(puzzles, '<i4', [4], [0, 2, 2, 3]), /puzzle_indices\.npy, \[2\]: expected more than 2/],
  ['a group of nothing', npy(groups, '<i4', [4], [0, 1, 1, 2]), /group_indices\.npy, \[2\]: expected more than 1/],
  ['groups that end early', npy(groups, '<i4', [2], [0, 1]), /\[1\]: expected 2, the number of puzzles, found 1/],
  [
    'an identifier too few',
    json('identifiers.json', ['<blank>', 'one']),
    /identifiers\.json: expected 3 names.*found 2/,
  ],
  ['identifiers that are a number', json('identifiers.json', '3'), /a list of names, or an object .*found a number/],
  ['a name that is a number', json('identifiers.json', ['<blank>', 1, 'two']), /id 1: expected a name, found 1/],
  [
    'a name twice',
    json('identifiers.json', ['<blank>', 'one', 'one']),
    /id 2: expected every name once, found "one" twice/,
  ],
  ['no name for padding', json('identifiers.json', ['zero', 'one', 'two']), /id 0: expected <blank>.*found "zero"/],
  ['an id that is none', json('identifiers.json', { 0: '<blank>', 1: 'one', x: 'two' }), /key x: expected ids 0…2/],
  ['an id beyond the count', json('identifiers.json', { 0: '<blank>', 1: 'one', 9: 'two' }), /key 9: expected ids 0…2/],
  ['an id of the prototype', json('identifiers.json', '{"0":"<blank>","__proto__":"x","2":"y"}'), /key __proto__/],
  [
    'an id twice',
    json('identifiers.json', '{"0":"<blank>","1":"a","1":"b","2":"c"}'),
    /every key once, found "1" twice/,
  ],
  ['a hole in the ids', json('identifiers.json', { 0: '<blank>', 2: 'two' }), /id 1: expected a name, found nothing/],
]
const tests = (value: unknown): Change => json('test_puzzles.json', value)
const pair = { input: [[3]], output: [[3]] }
const BAD_TESTS: [what: string, change: Change, message: RegExp][] = [
  ['a list', tests([]), /test_puzzles\.json: expected an object .*found a list/],
  ['no task of the test split', tests({ other: { test: [pair] } }), /a task "task" for puzzle 0 of test, found none/],
  ['another number of pairs', tests({ task: { test: [pair, pair] } }), /task, test: expected 1 test pairs.*found 2/],
  [
    'a task that is null',
    tests({ task: null }),
    /task task: expected a task \(an object with train and test\), found null/,
  ],
  ['a task without tests', tests({ task: { train: [] } }), /task, test: expected a list .*found nothing/],
  [
    'an empty list of tests',
    tests({ task: { test: [] } }),
    /task, test: expected a list of one or more pairs, found an empty list/,
  ],
  ['a pair that is a grid', tests({ task: { test: [[[3]]] } }), /task, test\[0\]: expected a pair .*, found a list/],
  [
    'no input',
    tests({ task: { test: [{ output: [[3]] }] } }),
    /test\[0\]\.input: expected a grid \(a list of rows\), found nothing/,
  ],
  ['an empty grid', tests({ task: { test: [{ input: [] }] } }), /input: expected 1 to 30 rows, found 0/],
  [
    'a ragged grid',
    tests({ task: { test: [{ input: [[1, 2], [1]] }] } }),
    /input, row 2: expected 2 colours, as in row 1, found 1/,
  ],
  [
    'a grid too wide',
    tests({ task: { test: [{ input: [Array(31).fill(0)] }] } }),
    /input, row 1: expected 1 to 30 colours, found 31/,
  ],
  ['a grid too high', tests({ task: { test: [{ input: Array(31).fill([0]) }] } }), /expected 1 to 30 rows, found 31/],
  [
    'a colour of 10',
    tests({ task: { test: [{ input: [[1, 10]] }] } }),
    /input, row 1, column 2: expected a whole number 0…9, found 10/,
  ],
  [
    'a colour in words',
    tests({ task: { test: [{ input: [['1']] }] } }),
    /column 1: expected a whole number 0…9, found "1"/,
  ],
  ['a bad example', tests({ task: { train: [{}], test: [pair] } }), /task, train\[0\]\.input: expected a grid/],
  [
    'a hostile name',
    tests('{"__proto__": {"test": []}}'),
    /test_puzzles\.json: expected keys of a task, found "__proto__"/,
  ],
  ['a task twice', tests('{"task": {"test": []}, "task": {"test": []}}'), /every key once, found "task" twice/],
]

for (const [what, change, message] of BAD)
  test(`a folder with ${what} is refused by file and place`, () => refused(changed(smallFolder(), change), message))
for (const [what, change, message] of BAD_TESTS)
  test(`test_puzzles.json with ${what} is refused by file and place`, () =>
    refused(changed(arcFolder(), change), message))

test('a split without its dataset.json, or one that is a file, is refused', () => {
  const dir = written(smallFolder())
  rmSync(path.join(dir, 'train/dataset.json'))
  refused(dir, /train\/dataset\.json: expected a readable file, found no such file/)
  rmSync(path.join(dir, 'train'), { recursive: true })
  writeFileSync(path.join(dir, 'train'), '')
  refused(dir, /train: expected a folder, found a file/)
})

function refused(dir: string, message: RegExp): void {
  assert.throws(
    () => loadDataset(dir),
    (error) => {
      assert.ok(error instanceof UserError, String((error as Error).stack))
      assert.ok(error.message.startsWith(dir), error.message)
      assert.match(error.message, message)
      return true
    },
  )
}

const real = sharedPath('data/maze-30x30-hard-1k')
test('the real Maze-Hard is read', { skip: real === null && '../shared/data/maze-30x30-hard-1k is not here' }, () => {
  const data: Dataset = loadDataset(real!)
  assert.equal(data.manifest.task, 'maze')
  assert.deepEqual(data.manifest.counts, { train: 1000, test: 1000 })
  assert.deepEqual([Math.min(...data.train.ratings), Math.max(...data.test.ratings)], [110, 154])
})
