import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse.js'
import { resolveConfig } from '../../lib/config/resolved.js'
import type { ConfigInput } from '../../lib/config/schema.js'
import { sha256 } from '../../lib/files/atomic.js'
import { preset } from '../../lib/index.js'
import { fetchWeights } from '../../lib/interop/named/fetch.js'
import { PUBLIC_WEIGHTS, type PublicWeights } from '../../lib/interop/named/public.js'
import { weightsNamed, weightsNames } from '../../lib/interop/named/record.js'
import { configuredShape } from '../../lib/model/configured.js'
import { initialTensors } from '../../lib/model/weights.js'
import { temporaryFolder } from './helpers.js'
import { type Hub, startHub } from './hub-server.js'
import { CONFIG, NUMBERS, WEIGHTS } from './published-weights.js'

const folder = temporaryFolder()
const COMMIT = 'c'.repeat(40)
const model = { model: 'someone/trm-tiny', commit: COMMIT }
const patience = { stall: 60_000, tries: 2, backoff: 5 }
let made = 0

const tiny: PublicWeights = {
  name: 'trm-tiny',
  summary: 'a small file of the published layout',
  repository: model.model,
  revision: 'main',
  path: 'step_7',
  sha256: null,
  numbers: NUMBERS,
  data: 'data/x',
  config: null,
}

const place = (): string => path.join(folder, String(made++), 'trm-tiny')

async function hubWith(files: Record<string, Buffer> = { step_7: WEIGHTS, 'all_config.yaml': Buffer.from(CONFIG) }) {
  return await startHub(model, files)
}

const from = (hub: Pick<Hub, 'endpoint'>, dir: string, source: PublicWeights = tiny) =>
  fetchWeights(source, dir, { environment: { HF_ENDPOINT: hub.endpoint }, patience })

test('public weights are fetched with their configuration, checked tensor by tensor, and have a name from then on', async () => {
  const dir = place()
  const { files, weights, record, notes } = await from(await hubWith(), dir)
  assert.deepEqual(
    files.map(({ path: file, outcome }) => [path.basename(file), outcome]),
    [
      ['step_7', 'fetched'],
      ['all_config.yaml', 'fetched'],
    ],
  )
  assert.deepEqual([weights.config.T, weights.config.n, weights.step], [2, 3, 7])
  assert.deepEqual(record.source, {
    repository: 'someone/trm-tiny',
    revision: COMMIT,
    path: 'step_7',
    checksum: 'hub',
    date: record.source!.date,
  })
  assert.equal(record.sha256, sha256(WEIGHTS))
  assert.match(notes.join(' '), /was not known before; that of the hub is recorded/)
  assert.deepEqual(weightsNames(path.dirname(dir)), ['trm-tiny'])
  assert.equal(weightsNamed('trm-tiny', path.dirname(dir))?.file, path.join(dir, 'step_7'))
})

test('a repeated call asks for the same commit and fetches nothing again', async () => {
  const dir = place()
  const hub = await hubWith()
  await from(hub, dir)
  const { files } = await from(hub, dir)
  assert.deepEqual(
    files.map(({ outcome }) => outcome),
    ['kept', 'kept'],
  )
  assert.equal(hub.seen.length, 2)
})

test('a cut download of weights is resumed by the same call', async () => {
  const dir = place()
  const hub = await hubWith()
  const half = Math.floor(WEIGHTS.length / 2)
  let cut = true
  hub.behave = ({ response, bytes }) => {
    if (!cut) return false
    response.writeHead(200, { 'content-length': bytes.length, etag: '"1"' })
    response.write(bytes.subarray(0, half), () => setTimeout(() => response.socket?.destroy(), 50))
    return true
  }
  await assert.rejects(
    fetchWeights(tiny, dir, { environment: { HF_ENDPOINT: hub.endpoint }, patience: { ...patience, tries: 1 } }),
    /step_7\.part is kept: run the same command again to resume/,
  )
  assert.equal(existsSync(path.join(dir, 'record.json')), false)
  cut = false
  await from(hub, dir)
  assert.ok(readFileSync(path.join(dir, 'step_7')).equals(WEIGHTS))
})

test('without an all_config.yaml the settings of the paper stand beside the weights, and a note says so', async () => {
  const dir = place()
  const config = { task: 'sudoku', mixer: 'attention', heads: 2, puzzleTokens: 2, T: 3, n: 6, K: 16 } as const
  const { weights, notes } = await from(await hubWith({ step_7: WEIGHTS }), dir, { ...tiny, config })
  assert.deepEqual([weights.config.T, weights.config.n, weights.config.K], [3, 6, 16])
  assert.match(notes[0]!, /no all_config\.yaml beside the weights: config\.json now holds the settings of the paper/)
  assert.deepEqual(readdirSync(dir).sort(), ['config.json', 'record.json', 'step_7'])
})

const REFUSED: [what: string, change: Partial<PublicWeights>, message: RegExp][] = [
  ['another checksum than the known one', { sha256: 'a'.repeat(64) }, /step_7: expected SHA-256 aaaa/],
  ['another number of numbers', { numbers: 5 }, /step_7: expected the 5 numbers of trm-tiny, found/],
  [
    'a path that is not in the repository',
    { path: 'step_8' },
    /expected step_8 in the model someone\/trm-tiny on the hub/,
  ],
]
for (const [what, change, message] of REFUSED)
  test(`weights with ${what} are refused, and get no record`, async () => {
    const dir = place()
    await assert.rejects(from(await hubWith(), dir, { ...tiny, ...change }), { name: 'UserError', message })
    assert.equal(existsSync(path.join(dir, 'record.json')), false)
  })

test('a file that is too large for weights is refused before it is downloaded', async () => {
  const hub = await hubWith()
  hub.claims.set('step_7', { size: 5e9 })
  await assert.rejects(from(hub, place()), /step_7: expected at most 4\.0 GB, found 5\.0 GB/)
  assert.equal(hub.seen.length, 0)
})

test('tensors of another model than the configuration says are named', async () => {
  const config = Buffer.from(CONFIG.replace('L_layers: 1', 'L_layers: 2'))
  await assert.rejects(
    from(await hubWith({ step_7: WEIGHTS, 'all_config.yaml': config }), place()),
    /all_config\.yaml, key layers: expected layers 1, as the tensors have it/,
  )
})

test('offline it says which file to put where, and --local then takes it', async () => {
  const dir = place()
  await assert.rejects(
    from({ endpoint: 'http://127.0.0.1:9' }, dir),
    (error: Error) =>
      /expected a connection to the Hugging Face hub/.test(error.message) &&
      error.message.includes(
        `put step_7 of the Hugging Face model someone/trm-tiny, and all_config.yaml if it has one, into ${dir}, then: recurlab weights fetch trm-tiny --local out=${dir}`,
      ),
  )
  await assert.rejects(
    fetchWeights(tiny, dir, { local: true }),
    /expected step_7, found no such folder\. By hand: put step_7/,
  )
  mkdirSync(dir, { recursive: true })
  writeFileSync(path.join(dir, 'step_7'), WEIGHTS)
  writeFileSync(path.join(dir, 'all_config.yaml'), CONFIG)
  await assert.rejects(
    fetchWeights({ ...tiny, sha256: 'b'.repeat(64) }, dir, { local: true }),
    /step_7: expected SHA-256 bbbb/,
  )
  const { record, weights } = await fetchWeights(tiny, dir, { local: true })
  assert.deepEqual([record.source?.revision, record.source?.checksum], [null, 'file'])
  assert.equal(weights.tensors.size, 11)
})

test('the numbers that are known of public weights are those of the models of their papers', () => {
  const sizes = { vocabSize: 11, seqLen: 81, puzzleIdentifiers: 1 }
  const numbersOf = (config: ConfigInput): number => {
    const shape = configuredShape(resolveConfig(parseConfig({ ...config, data: null })), sizes)
    return [...initialTensors(shape, 0).values()].reduce((sum, { data }) => sum + data.length, 0)
  }
  const known = Object.fromEntries(PUBLIC_WEIGHTS.map(({ name, numbers }) => [name, numbers]))
  const mlp = numbersOf(preset('sudoku-paper'))
  assert.deepEqual([known['trm-sudoku-mlp'], known['alphaxiv-sudoku']], [mlp, mlp])
  assert.equal(
    known['trm-sudoku-attention'],
    numbersOf({ ...preset('sudoku-paper'), mixer: 'attention', positions: 'rope' }),
  )
  assert.equal(known['hrm-sudoku'], numbersOf(preset('sudoku-hrm-paper')))
})

test('the names of public weights differ, and none is the name of weights that come with the project', () => {
  const names = PUBLIC_WEIGHTS.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  assert.ok(!names.some((name) => /^(?:sudoku|maze)-\dx\d$/.test(name)))
  for (const { sha256, revision, config } of PUBLIC_WEIGHTS) {
    if (sha256 !== null) assert.match(sha256, /^[0-9a-f]{64}$/)
    assert.match(revision, /^(?:main|[0-9a-f]{40})$/)
    if (config) assert.ok(config.T && config.n && config.K)
  }
})
