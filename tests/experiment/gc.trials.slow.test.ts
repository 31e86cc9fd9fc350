import assert from 'node:assert/strict'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import type { Found, Garbage } from '../../lib/experiment/gc/garbage.js'
import { findGarbage, freedBytes, needsChoice } from '../../lib/experiment/gc/gc.js'
import { removeGarbage } from '../../lib/experiment/gc/remove.js'
import { isTemporary } from '../../lib/files/beside.js'
import { saveDataset, sudoku } from '../../lib/index.js'
import { Random } from '../../lib/random.js'
import { saveCheckpoint } from '../../lib/results/run.js'
import { loadDataset } from '../../lib/storage/store.js'
import { Crash, startFailing } from '../files/failing.js'
import { checkpointAt, checkpointPath, newRun, setOwner } from '../results/fixture.js'
import { trials } from '../trials.js'
import { ALIVE, besideDead, copyOf, DEAD, type Folders, loadable, randomFolders } from './gc-folders.js'

/** In memory where that is possible: every file of a run is flushed to its disk. */
const folder = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'recurlab-gc-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Everything counts as old: the folders were just made. */
const found = ({ results, data }: Pick<Folders, 'results' | 'data'>): Found =>
  findGarbage({ results, data, project: null, before: Date.now() + 1000 })

const chosen = ({ garbage }: Found): Garbage[] => garbage.filter((each) => !needsChoice(each))

/** Calls a function with a folder of its own. */
async function inFolder(use: (root: string) => void | Promise<void>): Promise<void> {
  const root = mkdtempSync(path.join(folder, 'trial-'))
  try {
    await use(root)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

const seeds = Array.from({ length: 200 }, (_, seed) => seed)

test(
  ...trials(
    'after gc everything that loaded before loads still, with equal content, and a second gc finds nothing',
    { cases: seeds, sample: 30 },
    (seed) =>
      inFolder(async (root) => {
        const folders = await randomFolders(root, Random.of(seed, 'gc'))
        const before = loadable(folders)
        const garbage = chosen(found(folders))
        const { removed, kept } = removeGarbage(garbage)
        assert.deepEqual([removed.length, kept], [garbage.length, []])
        assert.deepEqual(loadable(folders), before)
        assert.deepEqual(
          chosen(found(folders)).map(({ path: place }) => place),
          [],
        )
      }),
  ),
)

test(
  ...trials('with every choice made, what anything names loads still', { cases: seeds, sample: 10 }, (seed) =>
    inFolder(async (root) => {
      const folders = await randomFolders(root, Random.of(seed, 'gc choices'))
      const before = loadable(folders)
      const { garbage } = found(folders)
      removeGarbage(garbage)
      const gone = garbage.filter(needsChoice).map(({ path: place }) => path.basename(place))
      const unnamed = (name: string): boolean => gone.some((id) => name.split(/[ /]/).includes(id))
      assert.deepEqual(
        loadable({ ...folders, foreign: [] }),
        new Map([...before].filter(([name]) => !unnamed(name) && !folders.foreign.includes(name))),
      )
    }),
  ),
)

const FAULTS = [
  { fault: 'EIO', how: 'once' },
  { fault: 'EACCES', how: 'once' },
  { fault: 'EIO', how: 'for good' },
  { fault: 'crash', how: 'for good' },
] as const
const failures = seeds.slice(0, 100).flatMap((seed) => FAULTS.map((which) => ({ seed, ...which })))

/** Returns the number of file operations of a removal in a copy of folders. */
function operationsIn(folders: Folders): number {
  const garbage = chosen(found(folders))
  const { operations, restore } = startFailing(Number.POSITIVE_INFINITY, 'once')
  try {
    removeGarbage(garbage)
  } finally {
    restore()
  }
  return operations.length
}

/** Makes the leases of this process those of one that has ended, as after a crash. */
function endLeases({ results }: Folders): void {
  for (const name of readdirSync(results, { recursive: true, encoding: 'utf8' }))
    if (
      /lease-\d+\.json$/.test(name) &&
      readFileSync(path.join(results, name), 'utf8').includes(`"pid":${process.pid},`)
    )
      setOwner(path.dirname(path.join(results, name)), { pid: DEAD, began: '' })
}

test(
  ...trials(
    'a gc that fails, or dies, at any file operation loses nothing, and the next one removes the rest',
    { cases: failures, sample: 24 },
    ({ seed, fault, how }) =>
      inFolder(async (root) => {
        const original = await randomFolders(path.join(root, 'a'), Random.of(seed, 'gc failing'))
        const operations = operationsIn(copyOf(original, path.join(root, 'b')))
        const folders = copyOf(original, path.join(root, 'c'))
        const before = loadable(folders)
        const garbage = chosen(found(folders))
        const n = Random.of(seed, fault, how).int(Math.max(1, operations))
        const { restore } = startFailing(n, how, fault)
        try {
          removeGarbage(garbage)
        } catch (error) {
          if (!(error instanceof Crash)) throw error
        } finally {
          restore()
        }
        if (fault === 'crash') endLeases(folders)
        assert.deepEqual(loadable(folders), before)
        removeGarbage(chosen(found(folders)))
        assert.deepEqual(loadable(folders), before)
        assert.deepEqual(
          chosen(found(folders)).map(({ path: place }) => place),
          [],
        )
      }),
  ),
)

test('a run that begins after the search is left alone, and so is a data set that it names', async () => {
  await inFolder(async (root) => {
    const [results, data] = [path.join(root, 'results'), path.join(root, 'data')]
    const set = await sudoku({ box: [2, 2], clues: 6, train: 4, test: 2, seed: 3 })
    saveDataset(set, path.join(data, 'unnamed'))
    const run = newRun(results)
    saveCheckpoint(run, checkpointAt(1, 50))
    run.finish('interrupted')
    writeFileSync(checkpointPath(run, 9), 'superseded')
    const { garbage } = found({ results, data })
    assert.deepEqual(
      garbage.map(({ reason }) => reason),
      ['superseded checkpoints', 'data sets that nothing names'],
    )
    setOwner(run.dir, { pid: ALIVE, began: '' })
    const naming = newRun(results, { data: path.join(data, 'unnamed') })
    naming.finish('interrupted')
    const { removed, kept } = removeGarbage(garbage)
    assert.deepEqual(removed, [])
    assert.deepEqual(kept.map(({ why }) => why).sort(), ['a process is at work on it', 'it has come to be used'])
    assert.equal(loadDataset(path.join(data, 'unnamed')).hash, set.hash)
  })
})

test('the only copy of a data set that was being replaced is never removed', async () => {
  await inFolder(async (root) => {
    const data = path.join(root, 'data')
    const set = await sudoku({ box: [2, 2], clues: 6, train: 4, test: 2, seed: 3 })
    const aside = besideDead(path.join(data, 'pocket'), 'old')
    saveDataset(set, aside)
    const before = found({ results: path.join(root, 'results'), data })
    assert.deepEqual([before.garbage, before.unknown], [[], [aside]])
    saveDataset(set, path.join(data, 'pocket'))
    removeGarbage(chosen(found({ results: path.join(root, 'results'), data })))
    assert.deepEqual(readdirSync(data), ['pocket'])
  })
})

test('bytes are those on disk: of a sparse file its blocks, of a file with several names once, if all of them go', async () => {
  await inFolder((root) => {
    const garbage = (...names: string[]): Garbage[] =>
      names.map((name) => ({
        reason: 'parts of downloads',
        path: path.join(root, name),
        heldBy: null,
        isStill: () => true,
      }))
    mkdirSync(root, { recursive: true })
    writeFileSync(path.join(root, 'sparse'), '')
    truncateSync(path.join(root, 'sparse'), 1e9)
    writeFileSync(path.join(root, 'one'), 'x'.repeat(100_000))
    linkSync(path.join(root, 'one'), path.join(root, 'two'))
    assert.ok(freedBytes(garbage('sparse'))[0]! < 1e6)
    assert.deepEqual(freedBytes(garbage('one')), [0])
    const [one, two] = freedBytes(garbage('one', 'two')) as [number, number]
    assert.ok(one >= 100_000 && one < 200_000 && two === 0, `${one} ${two}`)
  })
})

test('a name is temporary by its process, whatever comes before', () => {
  assert.deepEqual(['.status.json.12.tmp', 'pocket.12.old', 'pocket.tmp', '.lease-1a2b3c4d.7.tmp'].map(isTemporary), [
    true,
    true,
    false,
    true,
  ])
})
