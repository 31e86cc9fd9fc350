import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { Table, tableFromIPC, tableToIPC } from 'apache-arrow'
import { fromArrow } from 'arquero'
import type { Dataset } from '../../lib/data/dataset.js'
import { sha256 } from '../../lib/files/atomic.js'
import { fileOperations } from '../../lib/files/operations.js'
import { sealJson } from '../../lib/files/sealed-json.js'
import { loadDataset, saveDataset } from '../../lib/storage/store.js'
import { sudoku } from '../../lib/tasks/sudoku/build.js'
import { root } from '../shared.js'
import { temporaryFolder } from './helpers.js'

const folder = temporaryFolder()
let data: Dataset
let other: Dataset
before(async () => {
  data = await sudoku({ box: '2x3', clues: 14, train: 7, test: 5, seed: 1 })
  other = await sudoku({ box: '2x3', clues: 14, train: 7, test: 5, seed: 2 })
})

function contents(dir: string): Record<string, string> {
  return Object.fromEntries(readdirSync(dir).map((name) => [name, sha256(readFileSync(path.join(dir, name)))]))
}

/** Saves the data set and changes its manifest. */
function savedWith(name: string, change: (manifest: Record<string, unknown>) => void): string {
  const dir = path.join(folder, name)
  saveDataset(data, dir)
  const file = path.join(dir, 'manifest.json')
  const { checksum: _old, ...manifest } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  change(manifest)
  writeFileSync(file, JSON.stringify(sealJson(manifest)))
  return dir
}

test('what is saved is loaded again, with the same hash, and saving it twice gives the same bytes', () => {
  const [a, b] = [path.join(folder, 'a'), path.join(folder, 'b')]
  assert.equal(saveDataset(data, a), 'written')
  saveDataset(data, b)
  assert.deepEqual(contents(a), contents(b))
  assert.deepEqual(Object.keys(contents(a)).sort(), ['manifest.json', 'test.arrow', 'train.arrow'])
  const { augment, ...loaded } = loadDataset(a)
  const { augment: original, ...saved } = data
  assert.deepEqual(loaded, saved)
  assert.equal(typeof augment, typeof original)
})

test('arquero reads the splits', () => {
  const dir = path.join(folder, 'arquero')
  saveDataset(data, dir)
  const table = fromArrow(readFileSync(path.join(dir, 'train.arrow')))
  assert.deepEqual(table.columnNames(), ['input', 'label', 'rating', 'puzzle'])
  assert.equal(table.numRows(), 7)
  for (let i = 0; i < 7; i++) {
    assert.deepEqual([...(table.get('input', i) as Uint8Array)], [...data.train.inputs.subarray(i * 36, i * 36 + 36)])
    assert.deepEqual([...(table.get('label', i) as Uint8Array)], [...data.train.labels.subarray(i * 36, i * 36 + 36)])
    assert.equal(table.get('rating', i), data.train.ratings[i])
    assert.equal(table.get('puzzle', i), 0)
  }
})

test('pyarrow reads the splits', (t) => {
  const python = path.join(root, '.venv', 'bin', 'python')
  const script = `
import json, sys
import pyarrow as pa
table = pa.ipc.open_file(sys.argv[1]).read_all()
print(json.dumps({"schema": [str(field.type) for field in table.schema], "rows": table.to_pylist()}))`
  const dir = path.join(folder, 'pyarrow')
  saveDataset(data, dir)
  if (spawnSync(python, ['-c', 'import pyarrow'], { stdio: 'ignore' }).status !== 0)
    return t.skip('no pyarrow in .venv')
  const output = execFileSync(python, ['-c', script, path.join(dir, 'test.arrow')], { encoding: 'utf8' })
  const { schema, rows } = JSON.parse(output) as { schema: string[]; rows: { input: number[]; rating: number }[] }
  assert.deepEqual(schema, [
    'fixed_size_list<item: uint8 not null>[36]',
    'fixed_size_list<item: uint8 not null>[36]',
    'double',
    'int32',
  ])
  assert.deepEqual(
    rows.flatMap((row) => row.input),
    [...data.test.inputs],
  )
  assert.deepEqual(
    rows.map((row) => row.rating),
    [...data.test.ratings],
  )
})

test('a data set that is there is kept, another one is replaced only by force, other files never', () => {
  const dir = path.join(folder, 'there')
  assert.equal(saveDataset(data, dir), 'written')
  const first = contents(dir)
  assert.equal(saveDataset(data, dir), 'kept')
  assert.throws(() => saveDataset(other, dir), /expected an empty or new folder, found another data set\. .*--force/)
  assert.deepEqual(contents(dir), first)
  assert.equal(saveDataset(other, dir, { force: true }), 'written')
  assert.equal(loadDataset(dir).hash, other.hash)
  writeFileSync(path.join(dir, 'notes.txt'), 'mine')
  assert.throws(() => saveDataset(data, dir, { force: true }), /found other files/)
  assert.equal(readFileSync(path.join(dir, 'notes.txt'), 'utf8'), 'mine')
  const plain = path.join(folder, 'plain.txt')
  writeFileSync(plain, 'mine')
  assert.throws(() => saveDataset(data, plain, { force: true }), /found a file/)
  const empty = path.join(folder, 'empty')
  mkdirSync(empty)
  assert.equal(saveDataset(data, empty), 'written')
})

test('a place that cannot be written to is an error that names it', () => {
  const plain = path.join(folder, 'a-file')
  writeFileSync(plain, 'mine')
  assert.throws(() => saveDataset(data, path.join(plain, 'data')), { name: 'UserError', message: /a-file.*data/ })
  assert.equal(readFileSync(plain, 'utf8'), 'mine')
})

test('a damaged data set is mended only by force', () => {
  const dir = path.join(folder, 'mended')
  saveDataset(data, dir)
  writeFileSync(path.join(dir, 'test.arrow'), 'damage')
  assert.throws(() => saveDataset(data, dir), /another data set/)
  assert.equal(saveDataset(data, dir, { force: true }), 'written')
  assert.equal(loadDataset(dir).hash, data.hash)
})

test('whichever operation on files fails while a data set is replaced, the old one or the new one is there', () => {
  const real = { ...fileOperations }
  const names = Object.keys(real) as (keyof typeof real)[]
  let failures = 0
  for (let nth = 1; ; nth++) {
    const parent = path.join(folder, `failing-${nth}`)
    const dir = path.join(parent, 'data')
    saveDataset(data, dir)
    let calls = 0
    for (const name of names.filter((each) => !each.startsWith('close')))
      Object.assign(fileOperations, {
        [name]: (...args: unknown[]) => {
          if (++calls === nth) throw Object.assign(new Error('EIO: i/o error, test'), { code: 'EIO' })
          return (real[name] as (...all: unknown[]) => unknown)(...args)
        },
      })
    let failed = false
    try {
      saveDataset(other, dir, { force: true })
    } catch {
      failed = true
    } finally {
      Object.assign(fileOperations, real)
    }
    const { hash } = loadDataset(dir)
    assert.ok(hash === data.hash || hash === other.hash)
    if (calls < nth) {
      assert.equal(failed, false)
      assert.deepEqual(readdirSync(parent), ['data'])
      break
    }
    failures++
  }
  assert.ok(failures > 10, String(failures))
})

const damaged: [string, (dir: string) => void, RegExp][] = [
  ['a changed byte', (dir) => flip(path.join(dir, 'train.arrow'), 400), /train\.arrow: expected SHA-256 /],
  [
    'a cut file',
    (dir) => writeFileSync(path.join(dir, 'test.arrow'), readFileSync(path.join(dir, 'test.arrow')).subarray(0, 900)),
    /test\.arrow: expected SHA-256 /,
  ],
  [
    'a manifest that is no JSON',
    (dir) => writeFileSync(path.join(dir, 'manifest.json'), '{'),
    /manifest\.json: expected JSON/,
  ],
]
for (const [what, damage, message] of damaged)
  test(`${what} is noticed`, () => {
    const dir = path.join(folder, what.replaceAll(' ', '-'))
    saveDataset(data, dir)
    damage(dir)
    assert.throws(() => loadDataset(dir), { name: 'UserError', message })
  })

function flip(file: string, at: number): void {
  const bytes = readFileSync(file)
  bytes[at]! ^= 1
  writeFileSync(file, bytes)
}

const strange: [string, (manifest: Record<string, unknown>) => void, RegExp][] = [
  [
    'another format version',
    (m) => Object.assign(m, { formatVersion: 3 }),
    /expected a data set of format version 2, found 3\. A later Recurlab wrote it/,
  ],
  [
    'an earlier format version',
    (m) => Object.assign(m, { formatVersion: 1, hash: undefined }),
    /expected a data set of format version 2, found 1\. Build the data set again .*--force/,
  ],
  [
    'another hash',
    (m) => Object.assign(m, { hash: 'a'.repeat(64) }),
    /expected a data set with the hash a{64}, .* found intact files whose arrays have the hash [0-9a-f]{64}/,
  ],
  ['no format version', (m) => delete m.formatVersion, /found none named/],
  [
    'another task',
    (m) => Object.assign(m, { task: 'chess' }),
    /manifest\.json, key task: expected one of the tasks sudoku, maze, arc, queens, tokens, found chess.*defineTask/,
  ],
  [
    'a box that does not fit',
    (m) => Object.assign(m, { options: { box: '3x3' } }),
    /a box .* that fits 36 cells, found 3x3/,
  ],
  ['a key too many', (m) => Object.assign(m, { extra: 1 }), /manifest\.json: expected no key but .*, found extra/],
  ['a missing key', (m) => delete m.padId, /manifest\.json, key padId: expected a number, found nothing/],
  [
    'too few rows',
    (m) => Object.assign(m, { counts: { train: 8, test: 5 } }),
    /train\.arrow: expected 8 rows, as the manifest says, found 7/,
  ],
  [
    'tokens out of range',
    (m) => Object.assign(m, { vocabSize: 5 }),
    /train\.arrow: expected values 0…4 in column \w+, found \d/,
  ],
  [
    'a file outside the folder',
    (m) => Object.assign(m, { files: { ...(m.files as object), train: { name: '../x', sha256: 'a'.repeat(64) } } }),
    /key files\.train\.name/,
  ],
]
for (const [what, change, message] of strange)
  test(`a manifest with ${what} is refused`, () => {
    const dir = savedWith(what.replaceAll(' ', '-'), change)
    assert.throws(() => loadDataset(dir), { name: 'UserError', message })
  })

for (const [key, value] of Object.entries({ padId: 3, blankId: 1, puzzleIdentifiers: 2, seed: 99 }))
  test(`a manifest whose ${key} was changed by hand is refused by its name`, () => {
    const dir = path.join(folder, `changed-${key}`)
    saveDataset(data, dir)
    const file = path.join(dir, 'manifest.json')
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    writeFileSync(file, JSON.stringify({ ...manifest, [key]: value }))
    assert.throws(() => loadDataset(dir), {
      name: 'UserError',
      message: /manifest\.json: expected an unmodified object, found one with checksum/,
    })
  })

test('a folder without a data set is an error that says how to build one', () => {
  assert.throws(() => loadDataset(path.join(folder, 'nowhere')), /expected a data set .*found nothing\. Build one/)
  const mazes = path.join(folder, 'maze-30x30-hard-1k-dihedral')
  assert.throws(
    () => loadDataset(mazes),
    /recurlab data fetch maze-hard .* augment=dihedral out=data\/maze-30x30-hard-1k-dihedral\.$/,
  )
  assert.throws(() => loadDataset(folder), /found a folder without one/)
  const file = path.join(folder, 'a-file')
  writeFileSync(file, 'x')
  assert.throws(() => loadDataset(file), /a-file: expected a data set .*found a file/)
})

test('a folder of an earlier format is replaced by force, as any other data set is', () => {
  const dir = savedWith('replaced', (m) => Object.assign(m, { formatVersion: 1 }))
  assert.throws(() => saveDataset(data, dir), /found another data set\. .*--force/)
  assert.equal(saveDataset(data, dir, { force: true }), 'written')
  assert.equal(loadDataset(dir).hash, data.hash)
})

test('a data set whose Arrow files another release wrote otherwise is the same, and is kept', () => {
  const dir = savedWith('other-release', (manifest) => {
    const file = path.join(folder, 'other-release', 'train.arrow')
    const table = tableFromIPC(readFileSync(file))
    const batches = table.batches.flatMap((batch) => [batch.slice(0, 3), batch.slice(3)])
    writeFileSync(file, tableToIPC(new Table(table.schema, batches), 'file'))
    const files = manifest.files as { train: object }
    files.train = { ...files.train, sha256: sha256(readFileSync(file)) }
  })
  assert.equal(loadDataset(dir).hash, data.hash)
  assert.equal(saveDataset(data, dir), 'kept')
})
