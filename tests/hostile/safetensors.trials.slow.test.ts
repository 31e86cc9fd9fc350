import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { readSafetensors } from '../../lib/files/safetensors.js'
import { readWeightsFile } from '../../lib/interop/weights-file.js'
import { WEIGHTS_FORMAT } from '../../lib/interop/weights-format.js'
import type { Random } from '../../lib/random.js'
import { writeSafetensors } from '../files/write-safetensors.js'
import { SIZES, SMALL, tensorsOf } from '../results/weights-fixture.js'
import { type Trial, trials } from '../trials.js'
import { readsOrRefuses } from './holds.js'
import { mutated, pick } from './mutate.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-hostile-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const DTYPES = [
  'F32',
  'F64',
  'F16',
  'BF16',
  'I64',
  'U8',
  'BOOL',
  'F8_E4M3',
  'f32',
  '',
  'toString',
  null,
  4,
  ['F32'],
  {},
]
const NAMES = [
  'w',
  'q_head.weight',
  '',
  '__proto__',
  'constructor',
  '__metadata__',
  'toString',
  '../../x',
  'a/b',
  '\u0000',
  '\ud800',
  'ü',
  'x'.repeat(3000),
]
const NUMBERS = [
  0,
  1,
  2,
  3,
  4,
  8,
  16,
  -1,
  0.5,
  1e300,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  Number.MAX_SAFE_INTEGER,
  null,
  '4',
  [1],
  {},
  true,
]
const SPACES = ['', '', '', ' ', '\n', '        ', '\u0000', '}', 'x']

/** A value where a header has a list of numbers: mostly a list of numbers. */
const list = (random: Random, length: number): unknown =>
  random.int(12) === 0
    ? pick(random, NUMBERS)
    : Array.from({ length }, () => (random.int(6) === 0 ? pick(random, NUMBERS) : random.int(5)))

function entry(random: Random, at: number): { value: unknown; end: number } {
  const shape = list(random, pick(random, [0, 1, 1, 2, 2, 3, 9]))
  const dtype = random.int(4) === 0 ? pick(random, DTYPES) : 'F32'
  const product = Array.isArray(shape) ? 4 * shape.reduce((a: number, b) => a * Number(b), 1) : 4
  const end = at + (Number.isSafeInteger(product) && product >= 0 && product < 1e6 ? product : 4)
  const offsets = random.int(8) === 0 ? list(random, pick(random, [1, 2, 2, 3])) : [at, end]
  const fields: [string, unknown][] = [
    ['dtype', dtype],
    ['shape', shape],
    ['data_offsets', offsets],
  ]
  if (random.int(20) === 0) fields.push([pick(random, NAMES), pick(random, NUMBERS)])
  if (random.int(20) === 0) fields.splice(random.int(fields.length), 1)
  return { value: random.int(30) === 0 ? pick(random, NUMBERS) : Object.fromEntries(fields), end }
}

/** A file that follows the grammar of safetensors, with a rare fault anywhere in it. */
function generated(random: Random): Buffer {
  const parts: string[] = []
  let at = 0
  if (random.int(2) === 0)
    parts.push(
      `"__metadata__":${JSON.stringify(random.int(10) === 0 ? pick(random, NUMBERS) : { format: pick(random, ['pt', WEIGHTS_FORMAT, 'recurlab-checkpoint-3', 'recurlab-weights-99', '']), config: pick(random, ['{}', '{', '[]', '{"__proto__":{"polluted":1}}', '['.repeat(5000), '{"a":'.repeat(5000)]), [pick(random, NAMES)]: pick(random, ['', '1', 'x']) })}`,
    )
  for (let tensors = random.int(6); tensors > 0; tensors--) {
    const { value, end } = entry(random, at)
    parts.push(
      `${JSON.stringify(pick(random, NAMES) + (random.int(3) === 0 ? '' : String(tensors)))}:${JSON.stringify(value)}`,
    )
    at = end
  }
  if (random.int(20) === 0) parts.push(pick(random, ['"w":1', '"a":NaN', "'b':1", '"c":01', '"d":{"e":{"f":{}}}']))
  const json = Buffer.from(`{${parts.join(',')}}${pick(random, SPACES)}`, 'utf8')
  const head = Buffer.alloc(8)
  head.writeBigUInt64LE(
    random.int(20) === 0
      ? BigInt(pick(random, [0, 1, 2 ** 32, 2 ** 53, json.length + 1, 99_999_999]))
      : BigInt(json.length),
  )
  return Buffer.concat([head, json, Buffer.alloc(random.int(10) === 0 ? random.int(64) : at)])
}

const WHOLE = writeSafetensors(tensorsOf(SMALL), {
  format: WEIGHTS_FORMAT,
  config: JSON.stringify(SMALL),
  sizes: JSON.stringify(SIZES),
  weights: 'ema',
})
/** Bytes of the header of {@link WHOLE}, where changes mean the most. */
const HEADER = 8 + Number(WHOLE.readBigUInt64LE(0))

function hostile(index: number, random: Random): Buffer {
  if (index % 2 === 0) return generated(random)
  return random.int(4) === 0
    ? mutated(WHOLE, random)
    : Buffer.concat([mutated(WHOLE.subarray(0, HEADER), random), WHOLE.subarray(HEADER)])
}

const attempt = async (_: undefined, { index, random }: Trial): Promise<void> => {
  const bytes = hostile(index, random)
  const read = await readsOrRefuses(() => readSafetensors(bytes, 'x.safetensors'), { megabytes: 200 })
  if (!(read instanceof UserError))
    for (const [name, { shape, data }] of read.tensors) {
      assert.equal(
        data.length,
        shape.reduce((product, n) => product * n, 1),
        name,
      )
      assert.ok(data.byteLength <= bytes.length, name)
    }
  const file = path.join(folder, 'x.safetensors')
  writeFileSync(file, bytes)
  await readsOrRefuses(() => readWeightsFile(file))
}

test('unchanged weights are read', async () => {
  const file = path.join(folder, 'whole.safetensors')
  writeFileSync(file, WHOLE)
  assert.equal((await readWeightsFile(file)).weights, 'ema')
})

test(
  ...trials(
    'a generated or changed safetensors file is read, or refused by one error, in bounded time and memory',
    { cases: Array.from({ length: 10_000 }, () => undefined), sample: 600 },
    attempt,
  ),
)

const numbers = (text: string, times: number): string => text.repeat(times)
const MILLION = 1_000_000
/** Headers near the largest that is accepted, by what they hold most of. */
const LARGE: ReadonlyMap<string, () => string> = new Map([
  ['levels of objects', () => `${numbers('{"a":', MILLION)}1${numbers('}', MILLION)}`],
  ['levels of lists', () => `{"a":${numbers('[', 8 * MILLION)}${numbers(']', 8 * MILLION)}}`],
  ['empty lists', () => `{"a":[${numbers('[],', 5 * MILLION)}1]}`],
  [
    'sizes in a wrong shape',
    () => `{"a":{"dtype":"F32","shape":[${numbers('1,', 8 * MILLION)}0.5],"data_offsets":[0,4]}}`,
  ],
  ['sizes in a shape', () => `{"a":{"dtype":"F32","shape":[${numbers('1,', 8 * MILLION)}1],"data_offsets":[0,8]}}`],
  ['characters of a dtype', () => `{"a":{"dtype":"${numbers('x', 16 * MILLION)}","shape":[],"data_offsets":[0,4]}}`],
  ['characters of a name', () => `{"${numbers('x', 16 * MILLION)}":{"dtype":"F32","shape":[],"data_offsets":[0,8]}}`],
  ['spaces', () => `{"a"${numbers(' ', 16 * MILLION)}:1}`],
  ['metadata', () => `{"__metadata__":{${Array.from({ length: MILLION }, (_, i) => `"${i}":"x"`).join()}}}`],
  [
    'tensors',
    () =>
      `{${Array.from({ length: 270_000 }, (_, i) => `"${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`).join()}}`,
  ],
])

test(
  ...trials(
    'a header with millions of one thing is read, or refused by one error, within seconds',
    { cases: [...LARGE.keys()], sample: 3 },
    async (name) => {
      const json = Buffer.from(LARGE.get(name)!())
      const head = Buffer.alloc(8)
      head.writeBigUInt64LE(BigInt(json.length))
      await readsOrRefuses(() => readSafetensors(Buffer.concat([head, json]), 'x.safetensors'), { megabytes: 1500 })
    },
  ),
)
