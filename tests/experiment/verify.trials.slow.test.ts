import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { Table, tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow'
import { storeFailure } from '../../lib/experiment/sweep/failures.js'
import { type Verified, verifyThings } from '../../lib/experiment/verify/verify.js'
import { sha256 } from '../../lib/files/atomic.js'
import { faultText } from '../../lib/files/inspection.js'
import { type JsonObject, readJson, writeJson } from '../../lib/files/json.js'
import { readSafetensors, type StoredTensor } from '../../lib/files/safetensors.js'
import { sealedPieces, sealOf } from '../../lib/files/sealed.js'
import { sealJson } from '../../lib/files/sealed-json.js'
import { saveDataset, sudoku, verify } from '../../lib/index.js'
import { readRecord, writeWeightsRecord } from '../../lib/interop/named/record.js'
import type { Random } from '../../lib/random.js'
import { readFacts, writeFacts } from '../../lib/recording/facts.js'
import { extentOf } from '../../lib/results/row-log.js'
import { type RunStatus, readStatus, writeStatus } from '../../lib/results/status.js'
import { manifestText, readManifest } from '../../lib/storage/manifest.js'
import { trials } from '../trials.js'
import { type Stored, withStored } from './stored.js'

const checked = ({ results, data }: Stored): Promise<Verified[]> => verifyThings([], { results, data })

/** Returns the faults of all things as lines, each with its thing's folder. */
const faultsOf = (all: readonly Verified[]): string[] =>
  all.flatMap(({ path: place, faults }) => faults.map((fault) => `${place}: ${faultText(fault)}`))

test('undamaged things have no fault, and a table has a row for each', async () => {
  await withStored(async (stored) => {
    assert.deepEqual(faultsOf(await checked(stored)), [])
    const table = await verify([], { results: stored.results, data: stored.data, onProgress: () => {} })
    assert.deepEqual([...new Set(table.getChild('state')!)], ['undamaged'])
    assert.deepEqual([...new Set(table.getChild('kind')!)].sort(), [
      ...['data set', 'notebook', 'recording', 'run', 'sweep', 'weights'],
    ])
  })
})

/** Files whose every byte counts, with the thing that they belong to. */
const FILES: readonly (readonly [thing: (stored: Stored) => string, file: string])[] = [
  ...[
    ...['config.json', 'provenance.json', 'status.json', 'metrics.arrow', 'evaluations.arrow', 'outcomes.arrow'],
    ...['checkpoint-000002.safetensors', 'checkpoint-000004.safetensors'],
  ].map((file) => [(stored: Stored) => stored.runs[0], file] as const),
  ...['manifest.json', 'train.arrow', 'test.arrow'].map((file) => [(stored: Stored) => stored.dataset, file] as const),
  ...['recording.json', 'steps.arrow', 'answers.arrow', 'plain/recording.json', 'plain/steps.arrow', 'floor.json'].map(
    (file) => [(stored: Stored) => stored.recording, file] as const,
  ),
  [(stored) => stored.sweep, 'plan.json'],
  [(stored) => stored.weights, 'weights.safetensors'],
  [(stored) => stored.weights, 'record.json'],
  [(stored) => stored.runs[1], 'label.json'],
]

const DAMAGES = ['flip', 'truncate', 'empty', 'zero', 'folder', 'remove'] as const
type Damage = (typeof DAMAGES)[number]

/** Files that may be absent, because nothing names them. */
const OPTIONAL = ['floor.json', 'label.json', 'plain/recording.json', 'plan.json', 'record.json']

const ROUNDS = 4
const damages = Array.from({ length: ROUNDS }).flatMap(() =>
  FILES.flatMap(([thing, file]) =>
    DAMAGES.filter((damage) => damage !== 'remove' || !OPTIONAL.includes(file)).map((damage) => ({
      thing,
      file,
      damage,
    })),
  ),
)

function damageFile(file: string, damage: Damage, random: Random): void {
  const bytes = readFileSync(file)
  const at = random.int(bytes.length)
  if (damage === 'flip') bytes[at]! ^= 1 << random.int(8)
  if (damage === 'zero') {
    const from = bytes.findLastIndex((byte, i) => i <= at && byte !== 0)
    bytes.fill(0, from, Math.min(bytes.length, from + 512))
  }
  if (damage === 'flip' || damage === 'zero') writeFileSync(file, bytes)
  if (damage === 'truncate') truncateSync(file, at)
  if (damage === 'empty') truncateSync(file, 0)
  if (damage === 'folder' || damage === 'remove') rmSync(file)
  if (damage === 'folder') mkdirSync(file)
}

test(
  ...trials(
    'a damaged file is found and named, and nothing else is reported',
    { cases: damages, sample: 60 },
    ({ thing, file, damage }, { random }) =>
      withStored(async (stored) => {
        const damaged = path.join(thing(stored), file)
        damageFile(damaged, damage, random)
        const all = await checked(stored)
        const faults = faultsOf(all)
        assert.ok(faults.length >= 1, 'no fault')
        assert.ok(
          faults.every((line) => line.includes(`: ${damaged}`)),
          faults.join('\n'),
        )
        assert.equal(faults.length, 1, faults.join('\n'))
        const states = all.filter(({ state }) => state === 'damaged').map(({ path: place }) => place)
        assert.deepEqual(states, [thing(stored)])
      }),
  ),
)

/** A fault that every checksum agrees with. */
interface Disagreement {
  readonly name: string
  readonly make: (stored: Stored) => void | Promise<void>
  /** The first fault. */
  readonly found: RegExp
  /** Number of faults: others may be of what refers to it. Default: 1 */
  readonly faults?: number
}

const restatus = (dir: string, change: (status: RunStatus) => Partial<RunStatus>): void => {
  const status = readStatus(dir)
  writeStatus(dir, { ...status, ...change(status) })
}

/** Replaces the last checkpoint of a run by one with other tensors or metadata, and its checksum in the status. */
function reseal(
  dir: string,
  change: (tensors: Map<string, StoredTensor>, metadata: Record<string, string>) => void,
): void {
  const file = path.join(dir, 'checkpoint-000004.safetensors')
  const { tensors, metadata } = readSafetensors(Buffer.from(readFileSync(file)), file)
  const { checksum: _, ...others } = metadata
  change(tensors, others)
  const pieces = sealedPieces(tensors, others)
  writeFileSync(file, Buffer.concat(pieces))
  restatus(dir, ({ checkpoints }) => ({
    checkpoints: checkpoints.map((one) => (one.step === 4 ? { step: 4, checksum: sealOf(pieces) } : one)),
  }))
}

function rewriteTable(dir: string, name: 'metrics.arrow' | 'evaluations.arrow', change: (table: Table) => Table): void {
  const content = tableToIPC(change(tableFromIPC(readFileSync(path.join(dir, name)))), 'file')
  writeFileSync(path.join(dir, name), content)
  restatus(dir, ({ files }) => ({ files: { ...files, [name]: [extentOf(content)] } }))
}

function remanifest(dir: string, change: (manifest: ReturnType<typeof readManifest>) => object): void {
  const file = path.join(dir, 'manifest.json')
  const manifest = readManifest(file)
  writeFileSync(file, manifestText({ ...manifest, ...change(manifest) }))
}

function replan(dir: string, change: (plan: JsonObject & { runs: JsonObject[] }) => object): void {
  const file = path.join(dir, 'plan.json')
  const { checksum: _, ...plan } = readJson(file)
  writeJson(file, sealJson({ ...plan, ...change(plan as never) }))
}

const disagreements: readonly Disagreement[] = [
  {
    name: 'a checkpoint with NaN',
    make: ({ runs: [dir] }) => reseal(dir, (tensors) => void tensors.get('H_init')!.data.set([Number.NaN] as never, 3)),
    found: /checkpoint-000004\.safetensors, tensor H_init: expected finite numbers, found NaN or infinity/,
  },
  {
    name: 'a moment with infinity',
    make: ({ runs: [dir] }) =>
      reseal(
        dir,
        (tensors) => void [...tensors].find(([name]) => name.startsWith('adam.v/'))![1].data.set([-Infinity] as never),
      ),
    found: /tensor adam\.v\/.*: expected finite numbers/,
  },
  {
    name: 'weights of another shape',
    make: ({ runs: [dir] }) =>
      reseal(dir, (tensors) => {
        const head = tensors.get('lm_head.weight')!
        tensors.set('lm_head.weight', { ...head, shape: [...head.shape].reverse() })
      }),
    found: /tensor lm_head\.weight: expected shape/,
  },
  {
    name: 'an average of another shape',
    make: ({ runs: [dir] }) =>
      reseal(dir, (tensors) => {
        const [name, tensor] = [...tensors].find(([each, { shape }]) => each.startsWith('ema/') && shape.length === 2)!
        tensors.set(name, { ...tensor, shape: [tensor.data.length] })
      }),
    found: /tensor ema\/.*: expected shape \[.*\], as the weights have/,
  },
  {
    name: 'a missing weight',
    make: ({ runs: [dir] }) => reseal(dir, (tensors) => void tensors.delete('lm_head.weight')),
    found: /checkpoint-000004\.safetensors, tensor lm_head\.weight/,
  },
  {
    name: 'a checkpoint of another configuration',
    make: ({ runs: [dir] }) =>
      reseal(dir, (_, metadata) => {
        metadata.config = JSON.stringify({ ...JSON.parse(metadata.config!), lr: 0.5 })
      }),
    found: /config\.json: expected the configuration that the checkpoint was trained with, found another lr/,
  },
  {
    name: 'a checkpoint of another step',
    make: ({ runs: [dir] }) =>
      reseal(dir, (_, metadata) => {
        metadata.state = JSON.stringify({ ...JSON.parse(metadata.state!), step: 3 })
      }),
    found: /expected the state of step 4, found that of step 3/,
  },
  {
    name: 'a checkpoint of another run',
    make: ({ runs: [dir, other] }) =>
      writeFileSync(
        path.join(dir, 'checkpoint-000002.safetensors'),
        readFileSync(path.join(other, 'checkpoint-000002.safetensors')),
      ),
    found: /checkpoint-000002\.safetensors: expected the run's own checkpoint/,
  },
  {
    name: 'the configuration of another run',
    make: ({ runs: [dir, other] }) =>
      writeFileSync(path.join(dir, 'config.json'), readFileSync(path.join(other, 'config.json'))),
    found: /config\.json: expected the file that the run was made with/,
  },
  {
    name: 'metrics that lack the last steps',
    make: ({ runs: [dir] }) => {
      rewriteTable(dir, 'metrics.arrow', (table) => table.slice(0, 2))
      rewriteTable(dir, 'evaluations.arrow', (table) => table.slice(0, 1))
    },
    found: /metrics\.arrow: expected rows up to step 4, as status\.json says, found rows up to step 2/,
  },
  {
    name: 'steps that descend',
    make: ({ runs: [dir] }) =>
      rewriteTable(dir, 'metrics.arrow', (table) => new Table({ ...columnsOf(table), step: stepColumn([1, 3, 2, 4]) })),
    found: /metrics\.arrow: expected steps that ascend, found 2 after 3/,
  },
  {
    name: 'a checksum of a table of other bytes',
    make: ({ runs: [dir] }) =>
      restatus(dir, ({ files }) => ({
        files: { ...files, 'metrics.arrow': [{ ...files['metrics.arrow'][0]!, checksum: '0'.repeat(64) }] },
      })),
    found: /metrics\.arrow: expected SHA-256 0{64} of the first/,
  },
  {
    name: 'another data set in the place of a run’s',
    make: async ({ dataset }) => {
      const data = await sudoku({ box: [2, 2], clues: 6, train: 20, test: 8, seed: 5 })
      saveDataset(data, dataset, { force: true })
    },
    found: /provenance\.json: expected the data set that it was trained on .* found another one/,
    faults: 2,
  },
  {
    name: 'a data set whose hash is another',
    make: ({ other }) => remanifest(other, () => ({ hash: '1'.repeat(64) })),
    found: /manifest\.json: expected arrays with the hash 1{64}/,
  },
  {
    name: 'a data set with other padding',
    make: ({ other }) => remanifest(other, () => ({ padId: 3 })),
    found: /manifest\.json: expected arrays with the hash/,
  },
  {
    name: 'fewer rows than counted',
    make: ({ other }) => remanifest(other, ({ counts }) => ({ counts: { ...counts, train: 21 } })),
    found: /train\.arrow: expected 21 rows, as the manifest says, found 20/,
  },
  {
    name: 'tokens beyond the vocabulary',
    make: ({ other }) => remanifest(other, () => ({ vocabSize: 3 })),
    found: /train\.arrow: expected values 0…2 in column input/,
  },
  {
    name: 'a file of a data set that is no Arrow file',
    make: ({ other }) => {
      writeFileSync(path.join(other, 'test.arrow'), 'no Arrow')
      remanifest(other, ({ files }) => ({
        files: { ...files, test: { name: 'test.arrow', sha256: sha256('no Arrow') } },
      }))
    },
    found: /test\.arrow: expected a complete Arrow IPC file/,
  },
  {
    name: 'a recording with fewer rows than counted',
    make: ({ recording }) => writeFacts(recording, { ...readFacts(recording), rows: 1000 }),
    found: /steps\.arrow: expected 1000 rows, found/,
  },
  {
    name: 'a recording with fewer puzzles than counted',
    make: ({ recording }) => writeFacts(recording, { ...readFacts(recording), recorded: 9 }),
    found: /steps\.arrow: expected 9 versions of puzzles, found 8/,
  },
  {
    name: 'a recording of more rollouts than counted',
    make: ({ recording }) => {
      const facts = readFacts(recording)
      writeFacts(recording, { ...facts, settings: { ...facts.settings, rollouts: 3 } })
    },
    found: /steps\.arrow, puzzle \d+, version 0: expected 3 rollouts of at most 3 steps/,
    // The floor and the plain rollouts beside it name other settings then.
    faults: 3,
  },
  {
    name: 'plain rollouts of another recording',
    make: ({ recording }) => {
      writeFacts(path.join(recording, 'plain'), { ...readFacts(path.join(recording, 'plain')), beside: 'f'.repeat(64) })
    },
    found: /expected the deterministic rollouts of this recording, found those of another one/,
  },
  {
    name: 'a recording without the table of contents at its end',
    make: ({ recording }) => {
      const file = path.join(recording, 'steps.arrow')
      const complete = readFacts(recording).files.steps.reduce((sum, { bytes }) => sum + bytes, 0)
      truncateSync(file, complete)
    },
    found: /steps\.arrow: expected \d+ bytes, found \d+/,
  },
  {
    name: 'a plan of another configuration than its run',
    make: ({ sweep }) =>
      replan(sweep, ({ runs: [first, ...others] }) => ({
        runs: [{ ...first, hashes: { ...(first!.hashes as object), config: 'a'.repeat(64) } }, ...others],
      })),
    found: /plan\.json: expected run \S+ with the planned configuration/,
  },
  {
    name: 'a plan without the data set that is stored with it',
    make: ({ sweep }) => replan(sweep, () => ({ storedData: ['b'.repeat(64)] })),
    found: /data\/b{12}: expected the data set that was stored with the plan .* found none that can be read/,
  },
  {
    name: 'the failure of another run beside a plan',
    make: ({ sweep }) => {
      storeFailure({ dir: sweep }, 'b', 'no')
      renameSync(path.join(sweep, 'failures', 'b.json'), path.join(sweep, 'failures', 'a.json'))
    },
    found: /failures\/a\.json: expected the failure of a run, found that of b/,
  },
  {
    name: 'weights with NaN',
    make: ({ weights }) => {
      const file = path.join(weights, 'weights.safetensors')
      const { tensors, metadata } = readSafetensors(Buffer.from(readFileSync(file)), file)
      const { checksum: _, ...others } = metadata
      tensors.get('L_init')!.data.set([Number.POSITIVE_INFINITY] as never)
      const bytes = Buffer.concat(sealedPieces(tensors, others))
      writeFileSync(file, bytes)
      writeWeightsRecord(weights, { ...readRecord(path.join(weights, 'record.json')), sha256: sha256(bytes) })
    },
    found: /weights\.safetensors, tensor L_init: expected finite numbers/,
  },
  {
    name: 'an executed notebook that ends too early',
    make: ({ notebook }) => truncateSync(notebook, 20),
    found: /a\.ipynb: expected a notebook/,
  },
  {
    name: 'a run without its status',
    make: ({ runs: [dir] }) => renameSync(path.join(dir, 'status.json'), path.join(dir, 'status.old')),
    found: /status\.json: expected a readable file, found no such file/,
  },
]

function columnsOf(table: Table): Record<string, never> {
  return Object.fromEntries(table.schema.fields.map(({ name }) => [name, table.getChild(name)])) as never
}

function stepColumn(steps: readonly number[]): never {
  return tableFromArrays({ step: Int32Array.from(steps) }).getChild('step') as never
}

test(
  ...trials(
    'a disagreement that every checksum hides is found and named, and nothing else is reported',
    { cases: disagreements, sample: disagreements.length },
    ({ name, make, found, faults: expected = 1 }) =>
      withStored(async (stored) => {
        await make(stored)
        const faults = faultsOf(await checked(stored))
        assert.equal(faults.length, expected, `${name}:\n${faults.join('\n')}`)
        assert.match(faults[0]!, found, name)
      }),
  ),
)
