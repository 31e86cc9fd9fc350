import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { startBackend } from '../../lib/backend/index.js'
import { execute } from '../../lib/cli/main.js'
import { subjectOfRuns } from '../../lib/experiment/report/subject.js'
import { type Dataset, runs, saveTable, train, writeReport } from '../../lib/index.js'
import { readLabel, writeLabel } from '../../lib/results/label.js'
import { openRun } from '../../lib/results/run.js'
import { type Trial, trials } from '../trials.js'
import {
  assertClosed,
  assertTidy,
  assertTold,
  endOwners,
  type FaultCase,
  faultCases,
  inCase,
  operationsOf,
  scratch,
  thrownDuring,
} from './faults.js'
import { pocket, pocketData } from './pocket.js'

const folder = scratch('export-faults')
let dir = ''
before(async () => {
  await startBackend()
  const data: Dataset = await pocketData()
  const id = await train({ ...pocket, trainSteps: 1, evalEvery: 1 }, data, {
    resultsDir: folder,
    observer: {},
    name: 'first',
    note: 'kept',
  })
  dir = path.join(folder, 'runs', id)
})

/** Runs a command without what it prints. */
async function quiet(argv: readonly string[]): Promise<void> {
  const { write } = process.stdout
  process.stdout.write = () => true
  try {
    await execute(argv)
  } finally {
    process.stdout.write = write
  }
}

/** Exports weights, tables and a label, each over what is there already. */
async function work(out: string): Promise<void> {
  const file = (name: string): string => path.join(out, name)
  await quiet(['export', dir, `out=${file('weights.safetensors')}`, '--force'])
  const table = runs({}, { resultsDir: folder })
  for (const name of ['table.csv', 'table.arrow']) saveTable(table, file(name))
  await quiet(['eval', dir, `outcomes=${file('outcomes.arrow')}`])
  await quiet(['runs', dir, 'name=second', 'tags=a,b'])
}

const FIRST = { name: 'first', note: 'kept', tags: [] }
const SECOND = { name: 'second', note: 'kept', tags: ['a', 'b'] }

let whole: Readonly<Record<string, Buffer>> = {}
const contents = (out: string): typeof whole =>
  Object.fromEntries(readdirSync(out).map((name) => [name, readFileSync(path.join(out, name))]))

const cases = async (): Promise<FaultCase[]> => {
  const out = path.join(folder, 'whole')
  await work(out)
  whole = contents(out)
  assert.deepEqual(readLabel(openRun(dir)), SECOND)
  writeLabel(openRun(dir), FIRST)
  const operations = await operationsOf(() => work(path.join(folder, 'counted')))
  return faultCases(operations)
}

const attempt = inCase<Trial>(async (fault, { index }) => {
  const out = path.join(folder, `trial-${index}`)
  mkdirSync(out)
  const before = Object.keys(whole).filter((_, i) => i % 2 === index % 2)
  for (const name of before) writeFileSync(path.join(out, name), 'old')
  writeLabel(openRun(dir), FIRST)
  try {
    const error = await thrownDuring(fault, () => work(out))
    if (error !== null) assertTold(error, fault, out, folder)
    assertClosed(folder)
    if (fault.fault === 'crash') for (const place of [out, dir]) endOwners(place)
    const after = contents(out)
    for (const [name, content] of Object.entries(whole)) {
      const is = after[name]
      if (error === null) assert.ok(is?.equals(content), name)
      else assert.ok(is === undefined ? !before.includes(name) : is.equals(content) || String(is) === 'old', name)
    }
    const label = JSON.stringify(readLabel(openRun(dir)))
    assert.ok(label === JSON.stringify(SECOND) || (error !== null && label === JSON.stringify(FIRST)), label)
    writeLabel(openRun(dir), FIRST)
    await work(out)
    assert.deepEqual(contents(out), whole)
    assert.deepEqual(readLabel(openRun(dir)), SECOND)
    assertTidy(out)
    assertTidy(dir)
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
})

test(
  ...trials(
    'whatever happens to a file operation of an export, a table or a label, the file is the old one or the new one',
    { cases, sample: 60 },
    attempt,
  ),
)

/** The page, which shows as a sentence what could not be drawn or read. */
const report = async (file: string): Promise<void> => {
  await writeReport(subjectOfRuns([dir], folder), file)
}

const reportCases = async (): Promise<FaultCase[]> => {
  process.env.RECURLAB_CHROMIUM = 'none'
  await report(path.join(folder, 'whole.html'))
  return faultCases(await operationsOf(() => report(path.join(folder, 'counted.html'))))
}

test(
  ...trials(
    'whatever happens to a file operation of a report, it is the old page or a whole one, which names what it lacks',
    { cases: reportCases, sample: 20 },
    inCase<Trial>(async (fault, { index }) => {
      const file = path.join(folder, `report-${index}.html`)
      writeFileSync(file, 'old')
      const error = await thrownDuring(fault, () => report(file))
      if (error !== null) assertTold(error, fault, file, folder)
      assertClosed(folder)
      const right = readFileSync(path.join(folder, 'whole.html'), 'utf8')
      const is = readFileSync(file, 'utf8')
      if (error !== null) assert.ok(is === 'old' || is === right)
      else assert.ok(is === right || /\(E[A-Z]+\)/.test(is), 'a page that lacks something without a word')
      rmSync(file)
    }),
  ),
)
