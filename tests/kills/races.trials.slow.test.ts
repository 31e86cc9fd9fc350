import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { listRuns } from '../../lib/results/run.js'
import { loadDataset } from '../../lib/storage/store.js'
import { startHub } from '../data/hub-server.js'
import { newRun, setOwner } from '../results/fixture.js'
import { trials } from '../trials.js'
import { contentOf } from './content.js'
import { command, type End, nothingLeft, temporaryFolder } from './victim.js'

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

/** Processes that come to a run together. */
const RACERS = 3

interface Racer {
  readonly child: ChildProcess
  readonly lines: AsyncIterableIterator<string>
}

let racers: Promise<Racer[]> | null = null
after(async () => {
  for (const { child } of (await racers) ?? []) child.kill('SIGKILL')
})

async function startRacers(): Promise<Racer[]> {
  const folder = temporaryFolder()
  mkdirSync(folder)
  const script = path.join(folder, 'lease-child.mjs')
  const entry = fileURLToPath(new URL('../results/lease-child.ts', import.meta.url))
  buildSync({ entryPoints: [entry], outfile: script, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' })
  return Promise.all(
    numbers(RACERS).map(async () => {
      const child = spawn(process.execPath, [script, 'race'], { stdio: ['pipe', 'pipe', 'inherit'] })
      const reader: Interface = createInterface({ input: child.stdout! })
      const lines = reader[Symbol.asyncIterator]()
      assert.equal((await lines.next()).value, 'ready')
      return { child, lines }
    }),
  )
}

test(
  ...trials(
    'of three processes that resume a run at the same millisecond one goes on, and the others are refused',
    { cases: numbers(100), sample: 20 },
    async (index) => {
      racers ??= startRacers()
      const all = await racers
      const run = newRun(temporaryFolder())
      if (index % 2 === 0) run.finish('interrupted')
      // Left by a process that is gone.
      else setOwner(run.dir, { pid: 2 ** 22 + 1 })
      const time = Date.now() + 40
      for (const { child } of all) child.stdin!.write(`${time} ${run.dir}\n`)
      const said = await Promise.all(all.map(async ({ lines }) => (await lines.next()).value as string))
      assert.deepEqual(said.sort(), ['passed', 'refused', 'refused'])
    },
  ),
)

const SWEEP = [
  ...['sweep', 'sudoku-pocket', 'hidden=16', 'heads=2', 'batch=8', 'T=1', 'n=1', 'K=2', 'trainPuzzles=20'],
  ...['testPuzzles=6', 'trainSteps=12', 'evalEvery=6', 'checkpointEvery=3', 'seed=0..3', '--no-estimate'],
]

const contentsOf = (folder: string): object[] => {
  const { runs, damaged } = listRuns(folder)
  assert.deepEqual(damaged, [])
  const bySeed = [...runs].sort((a, b) => Number(a.config.seed) - Number(b.config.seed))
  return bySeed.map(({ id }) => contentOf(id, folder))
}

let swept: Promise<object[]> | null = null
async function sweptAlone(): Promise<object[]> {
  const folder = temporaryFolder()
  const { code, stderr } = await command(folder, [...SWEEP, 'workers=1', `out=${folder}`])
  assert.equal(code, 0, stderr)
  return contentsOf(folder)
}

test(
  ...trials(
    'two sweeps of one plan share its runs, and each run is trained once',
    { cases: numbers(10), sample: 1 },
    async (index) => {
      swept ??= sweptAlone()
      const contents = await swept
      const folder = temporaryFolder()
      const args = [...SWEEP, `workers=${1 + (index % 2)}`, `out=${folder}`]
      const ends = await Promise.all([command(folder, args), command(folder, args)])
      for (const { code, stderr } of ends) assert.ok(code === 0 || code === 75, `${code} ${stderr}`)
      assert.ok(ends.some(({ code }) => code === 0))
      assert.deepEqual(contentsOf(folder), contents)
      await nothingLeft(folder)
    },
  ),
)

test(
  ...trials(
    'of several builds of a data set in one folder each says what is there, and it is whole',
    { cases: numbers(20), sample: 2 },
    async (index) => {
      const folder = temporaryFolder()
      const out = path.join(folder, 'data')
      const build = (seed: number, ...more: string[]): Promise<End> =>
        command(folder, [
          ...['data', 'build', 'sudoku', 'box=2x2', 'clues=6', 'train=20'],
          `seed=${seed}`,
          ...more,
          `out=${out}`,
        ])
      if (index % 2 === 0) {
        const ends = await Promise.all([build(0), build(0), build(0)])
        const said = ends.map(({ code, stdout, stderr }) =>
          code === 0 ? /(written|already exists)/.exec(stdout)?.[0] : stderr,
        )
        assert.deepEqual(said.sort(), ['already exists', 'already exists', 'written'])
      } else {
        const ends = await Promise.all([build(0, '--force'), build(1, '--force'), build(2, '--force')])
        for (const { code, stderr } of ends) assert.equal(code, 0, stderr)
      }
      assert.equal(loadDataset(out).train.count, 20)
      assert.deepEqual(readdirSync(folder), ['data'])
    },
  ),
)

const content = Buffer.alloc(200_000, 'source,question,answer,rating\n')
const files = { 'train.csv': content, 'test.csv': content.subarray(0, 60_000) }

test(
  ...trials(
    'two downloads of the same files at once both end with the published files alone',
    { cases: numbers(10), sample: 1 },
    async (_, { random }) => {
      const hub = await startHub('sapientinc/sudoku-extreme', files)
      hub.behave = ({ request, response, bytes }) => {
        if (request.headers.range !== undefined) return false
        response.writeHead(200, { etag: '"one"', 'content-length': bytes.length })
        const send = (at: number): void => {
          if (at >= bytes.length) response.end()
          else response.write(bytes.subarray(at, at + 20_000), () => setTimeout(send, 20 + random.int(20), at + 20_000))
        }
        send(0)
        return true
      }
      const folder = temporaryFolder()
      const env = { HF_ENDPOINT: hub.endpoint, HF_TOKEN: '' }
      const fetch = (): Promise<End> => command(folder, ['data', 'fetch', 'sudoku-extreme', `out=${folder}`], { env })
      for (const { code, stderr } of await Promise.all([fetch(), fetch()])) assert.equal(code, 0, stderr)
      assert.deepEqual(readdirSync(folder).sort(), ['test.csv', 'train.csv'])
      for (const [name, bytes] of Object.entries(files)) assert.ok(readFileSync(path.join(folder, name)).equals(bytes))
    },
  ),
)
