import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { sha256 } from '../../lib/files/atomic.js'
import { sealJson } from '../../lib/files/sealed-json.js'
import { WEIGHTS_FOLDER, weightsNamed, weightsNames } from '../../lib/interop/named/record.js'
import { readWeightsOf } from '../../lib/results/weights-file.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-named-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** The weights that come with the project; a checkout may hold fetched ones beside them. */
const shipped = weightsNames().flatMap((name) => {
  const weights = weightsNamed(name)!
  return weights.record.training ? [{ ...weights, training: weights.record.training }] : []
})

test('Sudokus of 4×4, 6×6 and 9×9 and a maze come with the project, each of at most 2 MB with its record', () => {
  assert.deepEqual(
    shipped.map(({ name }) => name),
    ['maze-6x6', 'sudoku-4x4', 'sudoku-6x6', 'sudoku-9x9'],
  )
  for (const { name, file, record } of shipped) {
    const files = readdirSync(path.dirname(file)).map((each) => path.join(path.dirname(file), each))
    assert.ok(files.reduce((sum, each) => sum + statSync(each).size, 0) <= 2e6, name)
    assert.equal(sha256(readFileSync(file)), record.sha256, name)
  }
})

for (const { name, record, training } of shipped)
  test(`${name} has the data hash, seed and parameters that its record says`, async () => {
    const { config, dataHash, tensors, weights, run } = await readWeightsOf(name)
    assert.deepEqual([run, weights, dataHash, config.seed], [null, 'ema', training.dataHash, training.seed])
    let parameters = 0
    for (const [tensor, { data }] of tensors) if (!tensor.endsWith('_init')) parameters += data.length
    assert.equal(parameters, record.parameters)
    assert.equal(config.data ?? null, null, 'the data are generated')
  })

test('README.md of the weights tells the commands and accuracies of the records', () => {
  const readme = readFileSync(path.join(WEIGHTS_FOLDER, 'README.md'), 'utf8')
  for (const { name, record, training } of shipped) {
    for (const command of training.commands) assert.ok(readme.includes(command), command)
    assert.ok(readme.includes(training.dataHash.slice(0, 12)), name)
    for (const { exact, low, high } of record.evaluations ?? []) {
      const percent = (share: number): string => (100 * share).toFixed(1)
      assert.ok(readme.includes(`${percent(exact)} (${percent(low)}–${percent(high)})`), `${name} ${exact}`)
    }
  }
})

test('a file of the name comes before the weights of that name', async () => {
  const before = process.cwd()
  process.chdir(folder)
  try {
    cpSync(weightsNamed('sudoku-4x4')!.file, 'sudoku-6x6')
    const { sizes } = await readWeightsOf('sudoku-6x6')
    assert.equal(sizes.seqLen, 16)
  } finally {
    process.chdir(before)
  }
})

test('a run of the name comes before the weights of that name', async () => {
  const resultsDir = path.join(folder, 'results')
  mkdirSync(path.join(resultsDir, 'runs', 'sudoku-6x6'), { recursive: true })
  await assert.rejects(readWeightsOf('sudoku-6x6', { resultsDir }), /runs\/sudoku-6x6: expected the folder of a run/)
})

test('a folder of the name that is no run does not hide the weights', async () => {
  const before = process.cwd()
  const other = path.join(folder, 'other')
  mkdirSync(path.join(other, 'sudoku-6x6'), { recursive: true })
  process.chdir(other)
  try {
    assert.equal((await readWeightsOf('sudoku-6x6')).sizes.seqLen, 36)
  } finally {
    process.chdir(before)
  }
})

test('an unknown name is answered with the names that there are', async () => {
  await assert.rejects(readWeightsOf('sudoku-6x7', { resultsDir: folder }), {
    name: 'UserError',
    message:
      /expected a run "sudoku-6x7", found .*Did you mean sudoku-6x6\? Weights with a name: .*sudoku-4x4, sudoku-6x6/,
  })
})

test('public weights that were not fetched are answered with the command that fetches them', async () => {
  await assert.rejects(
    readWeightsOf('hrm-arc-2', { resultsDir: folder }),
    /hrm-arc-2: expected weights that were fetched, found none yet\. recurlab weights fetch hrm-arc-2 downloads them/,
  )
})

test('a checkpoint cannot be chosen of weights with a name', async () => {
  await assert.rejects(
    readWeightsOf('sudoku-6x6', { checkpoint: 'best' }),
    /sudoku-6x6: expected a run, beside checkpoint=best, found a file/,
  )
})

const RECORDS: [what: string, change: (record: Record<string, unknown>) => void, message: RegExp][] = [
  [
    'of another format version',
    (record) => Object.assign(record, { formatVersion: 9 }),
    /format version 2, found version 9/,
  ],
  ['without a checksum', (record) => Reflect.deleteProperty(record, 'sha256'), /record\.json, key sha256: expected/],
  ['with a path in place of a file', (record) => Object.assign(record, { file: '../x' }), /key file: expected/],
  [
    'whose file is gone',
    (record) => Object.assign(record, { file: 'gone' }),
    /weights a: expected the file .*gone, found none/,
  ],
]
for (const [what, change, message] of RECORDS)
  test(`a record ${what} is told as one`, () => {
    const place = mkdtempSync(path.join(folder, 'records-'))
    mkdirSync(path.join(place, 'a'))
    const record = JSON.parse(readFileSync(path.join(WEIGHTS_FOLDER, 'sudoku-6x6', 'record.json'), 'utf8')) as Record<
      string,
      unknown
    >
    const { checksum: _, ...content } = record
    change(content)
    writeFileSync(path.join(place, 'a', 'record.json'), JSON.stringify(sealJson(content)))
    assert.throws(() => weightsNamed('a', place), { name: 'UserError', message })
  })
