import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { sha256 } from '../../lib/files/atomic.js'
import { safetensorsPieces } from '../../lib/files/safetensors.js'
import { checkNamed, WEIGHTS_FOLDER, weightsNamed, writeWeightsRecord } from '../../lib/interop/named/record.js'
import { readWeightsFile, type WeightsFile } from '../../lib/interop/weights-file.js'
import { writeWeightsFile } from '../../lib/interop/weights-write.js'
import { CONFIG, WEIGHTS } from '../data/published-weights.js'
import { SIZES, SMALL, tensorsOf } from '../results/weights-fixture.js'
import { trials } from '../trials.js'
import { type DamageCase, damageCases, damageFile, quickFolder } from './damage.js'
import { assertTold, Expected } from './readers.js'

const folder = quickFolder()
const [dir, other] = [path.join(folder, 'weights'), path.join(folder, 'other')]
const [OWN, FOREIGN, TORCH] = ['own.safetensors', 'foreign.safetensors', 'step_7']
let expected: Readonly<Record<string, Expected>> = {}

function contentOf({ tensors, config, sizes, step }: WeightsFile): unknown {
  return { tensors, config, sizes, step }
}

/** Writes weights in every form, as files by themselves and with a name and a record. */
function writeAll(dir: string, seed: number): void {
  mkdirSync(path.join(dir, 'named'), { recursive: true })
  const tensors = tensorsOf(SMALL, seed)
  const about = { tensors, config: SMALL, sizes: SIZES, weights: 'ema', dataHash: null, step: seed } as const
  writeWeightsFile(path.join(dir, OWN), about)
  writeFileSync(path.join(dir, FOREIGN), Buffer.concat(safetensorsPieces(tensors)))
  const torch = Buffer.from(WEIGHTS)
  writeFileSync(path.join(dir, TORCH), torch)
  writeFileSync(path.join(dir, 'all_config.yaml'), CONFIG)
  const named = path.join(dir, 'named')
  writeFileSync(path.join(named, FOREIGN), Buffer.concat(safetensorsPieces(tensors)))
  const config = CONFIG.replace('halt_max_steps: 4', `halt_max_steps: ${4 + seed}`)
  writeFileSync(path.join(named, 'all_config.yaml'), config)
  writeWeightsRecord(named, {
    ...{ summary: `weights ${seed}`, file: FOREIGN, parameters: null },
    sha256: sha256(readFileSync(path.join(named, FOREIGN))),
    config: { file: 'all_config.yaml', sha256: sha256(config) },
  })
}

async function readNamed(): Promise<unknown> {
  const named = weightsNamed('named', dir)!
  checkNamed(named)
  return { record: named.record, weights: contentOf(await readWeightsFile(named.file, { config: named.config! })) }
}

before(async () => {
  writeAll(dir, 0)
  writeAll(other, 1)
  const read = (name: string) => async () => contentOf(await readWeightsFile(path.join(dir, name)))
  expected = {
    [OWN]: await Expected.of({ weights: read(OWN) }),
    [TORCH]: await Expected.of({ weights: read(TORCH) }),
    named: await Expected.of({ weights: readNamed }),
  }
})

/** Another whole file of weights is other weights: a file by itself says nothing of which was meant. */
const isWhole = ({ damage }: DamageCase): boolean => damage !== 'of another' && damage !== 'older'
const sealed = damageCases([OWN, TORCH], 700).filter(isWhole)

test(
  ...trials(
    'damaged weights of Recurlab or of torch.save are read right or refused by the name of the file',
    { cases: sealed, sample: 50 },
    async (one, { random }) => {
      const restore = damageFile(dir, one, { other }, random)
      try {
        await expected[one.file]!.check(dir, one)
      } finally {
        restore()
      }
    },
  ),
)

const ofName = damageCases([FOREIGN, 'record.json', 'all_config.yaml'].map((name) => path.join('named', name)))

test(
  ...trials(
    'weights with a name are those of their record, whatever is damaged or exchanged beside it',
    { cases: ofName, sample: 50 },
    async (one, { random }) => {
      const restore = damageFile(dir, one, { other }, random)
      try {
        await expected.named!.check(path.join(dir, 'named'), one)
      } finally {
        restore()
      }
    },
  ),
)

test(
  ...trials(
    'damaged safetensors of other programs, which have no checksum, are read as tensors of the same shapes or refused by the name of the file',
    { cases: damageCases([FOREIGN], 1000).filter(isWhole), sample: 30 },
    async (one, { random }) => {
      const restore = damageFile(dir, one, { other }, random)
      try {
        const began = performance.now()
        const { tensors } = await readWeightsFile(path.join(dir, FOREIGN))
        assert.ok(performance.now() - began < 5000)
        for (const [name, { shape }] of tensorsOf(SMALL)) assert.deepEqual(tensors.get(name)?.shape, shape)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        assertTold(error, FOREIGN, `${one.file}: ${one.damage}`)
      } finally {
        restore()
      }
    },
  ),
)

test('weights that come with the project are checked against their record when they are read by name', () => {
  const place = path.join(folder, 'shipped')
  cpSync(path.join(WEIGHTS_FOLDER, 'sudoku-4x4'), path.join(place, 'a'), { recursive: true })
  checkNamed(weightsNamed('a', place)!)
  cpSync(path.join(WEIGHTS_FOLDER, 'sudoku-6x6', 'weights.safetensors'), path.join(place, 'a', 'weights.safetensors'))
  assert.throws(() => checkNamed(weightsNamed('a', place)!), {
    name: 'UserError',
    message:
      /weights\.safetensors: expected a file of the weights a \(SHA-256 \w+\), found another one, or a damaged one/,
  })
})
