import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { loadDataset } from '../../lib/storage/store.js'
import { type Hub, startHub, tagOf } from '../data/hub-server.js'
import { trials } from '../trials.js'
import { command, kill, nothingLeft, temporaryFolder } from './victim.js'

const build = (seed: number, ...more: readonly string[]): string[] => {
  return ['data', 'build', 'sudoku', 'box=2x2', 'clues=6', 'train=60', 'test=20', `seed=${seed}`, ...more]
}

interface Built {
  readonly hashes: readonly string[]
  readonly seconds: number
  readonly operations: number
}
let built: Promise<Built> | null = null

/** Builds a data set, and replaces it by another; times and operations are those of the second. */
async function builtAtOnce(): Promise<Built> {
  const folder = temporaryFolder()
  const out = path.join(folder, 'data')
  const hashes: string[] = []
  let seconds = 0
  for (const args of [build(0), build(1, '--force')]) {
    const end = await command(folder, [...args, `out=${out}`], { count: `${folder}.count` })
    assert.equal(end.code, 0, end.stderr)
    seconds = end.seconds
    hashes.push(loadDataset(out).hash)
  }
  const operations = Number(readFileSync(`${folder}.count`, 'utf8').trim().split('\n').at(-1))
  return { hashes, seconds, operations }
}

interface Build {
  /** Whether the data set takes the place of another. */
  readonly replaces: boolean
  readonly by: 'operations' | 'time'
  /** The moment of the kill, as a share of a build's operations or time. */
  readonly share: number
}

const spread = (count: number, about: Omit<Build, 'share'>): Build[] =>
  Array.from({ length: count }, (_, i) => ({ ...about, share: (i + 0.5) / count }))

/** A replacement has about 40 operations, so that each is met. */
const builds = [
  ...spread(60, { replaces: true, by: 'operations' }),
  ...spread(20, { replaces: false, by: 'operations' }),
  ...spread(10, { replaces: true, by: 'time' }),
  ...spread(10, { replaces: false, by: 'time' }),
]

test(
  ...trials(
    'a data build that is killed leaves no data set, the old or the new one, and the same command ends it',
    { cases: builds, sample: 4 },
    async ({ replaces, by, share }) => {
      built ??= builtAtOnce()
      const { hashes, seconds, operations } = await built
      const folder = temporaryFolder()
      const out = path.join(folder, 'data')
      if (replaces) assert.equal((await command(folder, [...build(0), `out=${out}`])).code, 0)
      const args = [...build(1, ...(replaces ? ['--force'] : [])), `out=${out}`]
      const moment =
        by === 'operations'
          ? { operation: 1 + Math.floor(operations * share) }
          : { ms: 1 + Math.round(1000 * seconds * share) }
      await command(folder, args, { kills: [kill(folder, moment)] })
      if (replaces) assert.ok(hashes.includes(loadDataset(out).hash), 'a data set that is replaced is always there')
      else if (existsSync(out)) assert.equal(loadDataset(out).hash, hashes[1])
      const { code, stderr } = await command(folder, args)
      assert.equal(code, 0, stderr)
      assert.equal(loadDataset(out).hash, hashes[1])
      assert.deepEqual(readdirSync(folder), ['data'], 'nothing lies beside it')
      await nothingLeft(folder)
    },
  ),
)

const content = Buffer.alloc(300_000, 'source,question,answer,rating\n')
const files = { 'train.csv': content, 'test.csv': content.subarray(0, 90_000) }
/** Parts of a file that the server sends, and milliseconds between them. */
const [PARTS, PAUSE] = [10, 20]

let slow: Promise<{ hub: Hub; seconds: number; operations: number }> | null = null

/** Sends what is asked for in parts. */
function sendSlowly({ request, response, bytes }: Parameters<Hub['behave']>[0]): true {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
  const rest = bytes.subarray(from)
  const head = { etag: tagOf(bytes), 'content-length': rest.length }
  if (from === 0) response.writeHead(200, head)
  else response.writeHead(206, { ...head, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` })
  const size = Math.ceil(rest.length / PARTS)
  const send = (at: number): void => {
    if (response.destroyed) return
    if (at >= rest.length) response.end()
    else response.write(rest.subarray(at, at + size), () => setTimeout(send, PAUSE, at + size))
  }
  send(0)
  return true
}

const FETCH = ['data', 'fetch', 'sudoku-extreme']

async function fetchedAtOnce(): Promise<{ hub: Hub; seconds: number; operations: number }> {
  const hub = await startHub('sapientinc/sudoku-extreme', files)
  hub.behave = sendSlowly
  const folder = temporaryFolder()
  const env = { HF_ENDPOINT: hub.endpoint, HF_TOKEN: '' }
  const end = await command(folder, [...FETCH, `out=${folder}`], { env, count: `${folder}.count` })
  assert.equal(end.code, 0, end.stderr)
  return { hub, seconds: end.seconds, operations: Number(readFileSync(`${folder}.count`, 'utf8')) }
}

test(
  ...trials(
    'a data fetch that is killed goes on where it was, and ends with the published files alone',
    { cases: Array.from({ length: 40 }, (_, i) => (0.618034 * i) % 1), sample: 3 },
    async (share, { index }) => {
      slow ??= fetchedAtOnce()
      const { hub, seconds, operations } = await slow
      const env = { HF_ENDPOINT: hub.endpoint, HF_TOKEN: '' }
      const folder = temporaryFolder()
      const args = [...FETCH, `out=${folder}`]
      const moment =
        index % 2 === 0
          ? { operation: 1 + Math.floor(operations * share) }
          : { ms: 1 + Math.round(1000 * seconds * share) }
      await command(folder, args, { env, kills: [kill(folder, moment)] })
      const part = existsSync(folder)
        ? readdirSync(folder).find((name) => /^train\.csv\.part\..*tmp$/.test(name))
        : undefined
      const noted = part !== undefined && existsSync(path.join(folder, `${part}.json`))
      const had = noted ? readFileSync(path.join(folder, part)).length : 0
      const asked = hub.seen.length
      const { code, stderr } = await command(folder, args, { env })
      assert.equal(code, 0, stderr)
      if (had > 0 && had < content.length) assert.equal(hub.seen[asked]?.range, `bytes=${had}-`)
      assert.deepEqual(readdirSync(folder).sort(), ['test.csv', 'train.csv'])
      for (const [name, bytes] of Object.entries(files)) assert.ok(readFileSync(path.join(folder, name)).equals(bytes))
      await nothingLeft(folder)
    },
  ),
)
