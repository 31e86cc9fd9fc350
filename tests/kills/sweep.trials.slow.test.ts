import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listRuns } from '../../lib/results/run.js'
import { trials } from '../trials.js'
import { contentOf } from './content.js'
import { command, hasHappened, type Kill, kill, nothingLeft, temporaryFolder } from './victim.js'

/** Trains four short runs by two workers. */
const SWEEP = [
  ...['sweep', 'sudoku-pocket', 'hidden=16', 'heads=2', 'batch=8', 'T=1', 'n=1', 'K=2', 'trainPuzzles=20'],
  ...['testPuzzles=6', 'trainSteps=20', 'evalEvery=10', 'checkpointEvery=3', 'seed=0..3', 'workers=2', '--no-estimate'],
]
const RUNS = 4

/** File operations of a worker at two runs, about; one that is late in a worker's life may come to none. */
const OPERATIONS = 1000

/** Starts of a sweep, at most: two are killed. */
const STARTS = 3

let whole: Promise<{ contents: object[]; seconds: number }> | null = null

async function sweptAtOnce(): Promise<{ contents: object[]; seconds: number }> {
  const folder = temporaryFolder()
  const { code, stderr, seconds } = await command(folder, [...SWEEP, `out=${folder}`])
  assert.equal(code, 0, stderr)
  return { contents: contentsOf(folder), seconds }
}

/** Returns what the runs of a sweep hold, by seed. */
function contentsOf(folder: string): object[] {
  const { runs, damaged } = listRuns(folder)
  assert.deepEqual(damaged, [])
  const bySeed = [...runs].sort((a, b) => Number(a.config.seed) - Number(b.config.seed))
  return bySeed.map(({ id }) => contentOf(id, folder))
}

test(
  ...trials(
    'a sweep with two workers, three of which are killed, and the sweep itself, equals an unbroken one bit for bit',
    { cases: Array.from({ length: 50 }, (_, i) => i), sample: 2 },
    async (_, { random }) => {
      whole ??= sweptAtOnce()
      const { contents, seconds } = await whole
      assert.equal(contents.length, RUNS)
      const folder = temporaryFolder()
      const atWorker = (): Kill => {
        const byTime = random.int(2) === 0
        const moment = byTime
          ? { ms: 1 + random.int(Math.ceil(700 * seconds)) }
          : { operation: 1 + random.int(OPERATIONS / 2) }
        return kill(folder, moment, 'worker')
      }
      // After three deaths at one step a run has failed, so that no start of the sweep has more than two.
      const ofStart = [
        [atWorker(), atWorker(), kill(folder, { ms: 1 + random.int(Math.ceil(1000 * seconds)) })],
        [atWorker()],
        [],
      ]
      let ended = false
      for (let start = 0; start < STARTS && !ended; start++) {
        const { code, signal, stderr } = await command(folder, [...SWEEP, `out=${folder}`], { kills: ofStart[start]! })
        if (signal === null) assert.equal(code, 0, stderr)
        // The workers of a sweep that was killed save and end.
        await nothingLeft(folder)
        ended = start > 0 && code === 0
      }
      assert.deepEqual(contentsOf(folder), contents)
      assert.ok(ofStart.flat().some(hasHappened))
    },
  ),
)
