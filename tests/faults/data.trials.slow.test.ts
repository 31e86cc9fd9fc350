import assert from 'node:assert/strict'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { Dataset } from '../../lib/data/dataset.js'
import { exportPublished } from '../../lib/storage/published/write.js'
import { loadDataset, saveDataset } from '../../lib/storage/store.js'
import { sudoku } from '../../lib/tasks/sudoku/index.js'
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

const folder = scratch('data-faults')
const generate = (seed: number): Promise<Dataset> => sudoku({ box: [2, 2], clues: 6, train: 10, test: 6, seed })
/** Solved grids, of which the file asks three cells. */
const ROWS = ['1234341221434321', '2143432112343412', '3412123443212143', '4321214334121234']
const csv = path.join(folder, 'puzzles.csv')
writeFileSync(
  csv,
  `puzzle,solution\n${ROWS.map((row) => `${row.replace(/^(.)(.)(.)/, '0$20').replace(/.$/, '0')},${row}`).join('\n')}\n`,
)
const read = (): Promise<Dataset> => sudoku({ csv, box: [2, 2], train: 3, test: 1 })

/** The hashes of everything that {@link work} makes. */
const hashes = { first: '', second: '', read: '', published: '' }

/** Builds a data set, replaces it by another, builds one from a file, and exports it in the published layout. */
async function work(dir: string): Promise<void> {
  const place = (name: string): string => path.join(dir, name)
  saveDataset(await generate(0), place('built'))
  saveDataset(await generate(1), place('built'), { force: true })
  saveDataset(await read(), place('read'))
  await exportPublished(loadDataset(place('built')), place('published'))
  // Replaces a folder that is there already, with the same content.
  await exportPublished(loadDataset(place('built')), place('published'), { force: true })
  loadDataset(place('published'))
}

const cases = async (): Promise<FaultCase[]> => {
  const dir = path.join(folder, 'whole')
  await work(dir)
  hashes.first = (await generate(0)).hash
  for (const [key, name] of Object.entries({ second: 'built', read: 'read', published: 'published' }))
    Object.assign(hashes, { [key]: loadDataset(path.join(dir, name)).hash })
  const operations = await operationsOf(() => work(path.join(folder, 'counted')))
  return faultCases(operations)
}

const attempt = inCase<Trial>(async (fault, { index }) => {
  const dir = path.join(folder, `trial-${index}`)
  const place = (name: string): string => path.join(dir, name)
  mkdirSync(dir)
  try {
    const error = await thrownDuring(fault, () => work(dir))
    if (error !== null) assertTold(error, fault, dir, csv)
    assertClosed(dir)
    assertClosed(csv)
    const hadBuilt = existsSync(place('built'))
    if (fault.fault === 'crash') endOwners(dir)
    // What was there is there, whole, or its successor: also where it had to be moved aside.
    const isBegun = hadBuilt || existsSync(place('read')) || existsSync(place('published'))
    if (isBegun) assert.ok([hashes.first, hashes.second].includes(loadDataset(place('built')).hash))
    for (const name of ['read', 'published'] as const)
      if (existsSync(place(name))) assert.equal(loadDataset(place(name)).hash, hashes[name])
    saveDataset(await generate(1), place('built'), { force: true })
    saveDataset(await read(), place('read'))
    await exportPublished(loadDataset(place('built')), place('published'), { force: true })
    assert.deepEqual(
      ['built', 'read', 'published'].map((name) => loadDataset(place(name)).hash),
      [hashes.second, hashes.read, hashes.published],
    )
    assertTidy(dir)
    assertClosed(dir)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

test(
  ...trials(
    'whatever happens to a file operation of a build or an export of data, there is the whole data set, the one before or none',
    { cases, sample: 200 },
    attempt,
  ),
)
