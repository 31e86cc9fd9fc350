import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { listRuns, type RunRecord } from '../../lib/results/run.js'
import { trials } from '../trials.js'
import { contentOf } from './content.js'
import { command, kill, nothingLeft, temporaryFolder } from './victim.js'

/** Makes a run with several saves, evaluations and kept checkpoints, in about a second. */
const TRAIN = [
  ...['train', 'sudoku-pocket', 'hidden=16', 'heads=2', 'batch=8', 'T=1', 'n=1', 'K=2', 'trainPuzzles=20'],
  ...['testPuzzles=6', 'trainSteps=12', 'evalEvery=4', 'checkpointEvery=3', '--no-estimate'],
]

/** The content of an unbroken run, and its time. */
interface Unbroken {
  readonly content: object
  readonly seconds: number
  readonly operations: number
}

/** The moment of a kill, as a share of a whole run: of its file operations, or of the time from start to end of its process. */
interface Moment {
  readonly by: 'operations' | 'time'
  readonly share: number
  /** The moment of another kill, as a share of what is left, of the process that resumes the run; null for none. */
  readonly again: number | null
}

/** Half of the kills come at file operations, half at times; every third run is killed once more when it is resumed. */
const cases = Array.from({ length: 200 }, (_, i): Moment => {
  return {
    by: i % 2 === 0 ? 'operations' : 'time',
    share: (0.618034 * i) % 1,
    again: i % 3 === 0 ? (0.41 * i) % 1 : null,
  }
})

let whole: Promise<Unbroken> | null = null

async function trainedAtOnce(): Promise<Unbroken> {
  const folder = temporaryFolder()
  const count = `${folder}.count`
  const { code, stderr, seconds } = await command(folder, [...TRAIN, `out=${folder}`], { count })
  assert.equal(code, 0, stderr)
  const { id } = newestRun(folder)!
  return { content: contentOf(id, folder), seconds, operations: Number(readFileSync(count, 'utf8')) }
}

/** Returns the newest run of a results folder, in which nothing is damaged; null for none. */
function newestRun(folder: string): RunRecord | null {
  const { runs, damaged } = listRuns(folder)
  assert.deepEqual(damaged, [])
  return runs.at(-1) ?? null
}

/** Returns how a user goes on: the run is resumed, or, where it was killed before its first save, trained again; null when it is done. */
function next(folder: string): string[] | null {
  const run = newestRun(folder)
  if (run?.state === 'finished') return null
  return run === null || run.status.checkpoint === null
    ? [...TRAIN, `out=${folder}`]
    : ['resume', run.id, `out=${folder}`]
}

test(
  ...trials(
    'a run that is killed while it trains, saves or evaluates, and resumed, equals an unbroken one bit for bit',
    { cases, sample: 8, atOnce: 2 },
    async ({ by, share, again }) => {
      whole ??= trainedAtOnce()
      const { content, operations, seconds } = await whole
      const momentAt = (of: number): { ms: number } | { operation: number } =>
        by === 'time' ? { ms: 1 + Math.round(1000 * seconds * of) } : { operation: 1 + Math.floor(operations * of) }
      let folder = temporaryFolder()
      // On a machine with less to do than before, a run may have ended by then.
      for (let of = share, killed = false; !killed; of *= 0.8) {
        folder = temporaryFolder()
        const { code, signal, stderr } = await command(folder, next(folder)!, { kills: [kill(folder, momentAt(of))] })
        if (signal === null) assert.equal(code, 0, stderr)
        killed = signal === 'SIGKILL'
      }
      for (const kills of again === null ? [[]] : [[kill(folder, momentAt((1 - share) * again))], []]) {
        const args = next(folder)
        if (args === null) break
        const { code, signal, stderr } = await command(folder, args, { kills })
        if (signal === null) assert.equal(code, 0, stderr)
      }
      const { id } = newestRun(folder)!
      assert.deepEqual(contentOf(id, folder), content)
      for (const name of readdirSync(path.join(folder, 'runs'))) assert.doesNotMatch(name, /^\./, 'a part of a run')
      await nothingLeft(folder)
    },
  ),
)
