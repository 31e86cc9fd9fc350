import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowsOfTable } from '../../lib/files/arrow-rows.js'
import { listRuns, readEvaluations, readMetrics } from '../../lib/results/run.js'
import { trials } from '../trials.js'
import { contentOf } from './content.js'
import { command, nothingLeft, temporaryFolder } from './victim.js'

const POCKET = [
  ...['sudoku-pocket', 'hidden=16', 'heads=2', 'batch=8', 'T=1', 'n=1', 'K=2', 'trainPuzzles=20', 'testPuzzles=6'],
  ...['trainSteps=40', 'evalEvery=10', 'checkpointEvery=5'],
]

/** Clocks: hours that they are wrong by from so many milliseconds on. */
const clocks = [
  [{ ms: 800, hours: -5 }],
  [{ ms: 800, hours: 5 }],
  [
    { ms: 0, hours: 12 },
    { ms: 1000, hours: 0 },
  ],
  Array.from({ length: 40 }, (_, i) => ({ ms: 100 * i, hours: i % 2 === 0 ? -30 : 30 })),
  [{ ms: 0, hours: -24 * 365 }],
  [
    { ms: 0, hours: 24 * 365 },
    { ms: 900, hours: -24 * 365 },
  ],
]
const COMMANDS = ['train', 'sweep', 'stopped and resumed'] as const
const cases = COMMANDS.flatMap((what) => clocks.map((clock) => ({ what, clock })))

const argsOf = (what: (typeof COMMANDS)[number], folder: string): string[] => {
  const seeds = what === 'sweep' ? ['seed=0,1', 'workers=2'] : []
  return [what === 'sweep' ? 'sweep' : 'train', ...POCKET, ...seeds, `out=${folder}`]
}

/** Returns what the runs of a folder hold, by seed. */
function contentsOf(folder: string): object[] {
  const { runs, damaged } = listRuns(folder)
  assert.deepEqual(damaged, [])
  const bySeed = [...runs].sort((a, b) => Number(a.config.seed) - Number(b.config.seed))
  return bySeed.map(({ id }) => contentOf(id, folder))
}

const right = new Map<string, Promise<object[]>>()
async function byTheRightClock(what: (typeof COMMANDS)[number]): Promise<object[]> {
  const folder = temporaryFolder()
  const { code, stderr } = await command(folder, argsOf(what, folder))
  assert.equal(code, 0, stderr)
  return contentsOf(folder)
}

test(
  ...trials(
    'a clock that jumps back and forth changes no number of a run, no order of its rows and no name of another run',
    { cases, sample: 3 },
    async ({ what, clock }) => {
      const kind = what === 'sweep' ? 'sweep' : 'train'
      if (!right.has(kind)) right.set(kind, byTheRightClock(kind))
      const contents = await right.get(kind)!
      const folder = temporaryFolder()
      const args = argsOf(kind, folder)
      const stop = what === 'stopped and resumed' ? [{ signal: 'SIGTERM', ms: 1500 } as const] : []
      const first = await command(folder, args, { clock, signals: stop })
      let said = first.stdout
      assert.ok([0, 75, 143].includes(first.code!), first.stderr)
      if (first.code !== 0) {
        const [run] = listRuns(folder).runs
        const again = run ? ['resume', run.id, `out=${folder}`] : args
        const { code, stderr, stdout } = await command(folder, again, { clock: [...clock].reverse() })
        assert.equal(code, 0, stderr)
        said += stdout
      }
      assert.doesNotMatch(said, /-\d+(\.\d+)? (steps\/s|s\b|min|h)|Infinity|NaN/)
      assert.deepEqual(contentsOf(folder), contents)
      for (const { dir } of listRuns(folder).runs)
        for (const table of [readMetrics({ dir }), readEvaluations({ dir })]) {
          const seconds = rowsOfTable(table).map((row) => Number(row.trainSeconds ?? row.seconds))
          assert.ok(
            seconds.length > 0 && seconds.every((value, i) => value >= (seconds[i - 1] ?? 0)),
            seconds.join(' '),
          )
        }
      const listed = await command(folder, ['runs', `out=${folder}`, 'since=30d', '--json'], { clock })
      assert.equal(listed.code, 0, listed.stderr)
      await nothingLeft(folder)
    },
  ),
)
