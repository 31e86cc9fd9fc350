import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { readPickle } from '../../lib/interop/formats/pickle.js'
import { describeValue, PickleDict } from '../../lib/interop/formats/pickle-value.js'
import { openTorchFile } from '../../lib/interop/formats/torch.js'
import { TorchTensor, torchGlobals, torchStorage } from '../../lib/interop/formats/torch-tensor.js'
import { readStored } from '../../lib/interop/weights-source.js'
import fc from '../fast-check.js'
import { root } from '../shared.js'
import {
  assemble,
  dictionary,
  floats,
  global,
  int,
  ints,
  type TensorSpec,
  tensor,
  text,
  torchFile,
  zip,
} from './assemble.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-torch-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const official = path.join(root, 'tests/fixtures/official')

interface Numbers {
  readonly shape: readonly number[]
  readonly data: readonly (number | null)[]
}

/** What PyTorch says is in the files of `tests/fixtures/official`. */
const expected = JSON.parse(readFileSync(path.join(official, 'expected.json'), 'utf8')) as Readonly<
  Record<'trm' | 'views', Readonly<Record<string, Numbers>>>
>

let files = 0
/** All tensors of a file in memory or on disk, by name. */
async function tensorsIn(file: string | Uint8Array): Promise<Record<string, Numbers>> {
  const name = typeof file === 'string' ? file : path.join(folder, `${files++}.pt`)
  if (typeof file !== 'string') writeFileSync(name, file)
  const torch = await openTorchFile(name)
  assert.ok(torch.root instanceof PickleDict, describeValue(torch.root))
  const tensors: Record<string, Numbers> = {}
  for (const [key, value] of torch.root)
    if (value instanceof TorchTensor) tensors[String(key)] = { shape: value.shape, data: [...torch.read(value)] }
  torch.close()
  return tensors
}

/** A file with one tensor `w`. */
const one = (spec: Omit<TensorSpec, 'key'>, data: Uint8Array, byteorder: string | null = 'little'): Buffer =>
  torchFile(dictionary([['w', tensor({ key: '0', ...spec })]]), { 0: data }, { byteorder })

for (const name of ['views.pt', 'views-protocol-4.pt'])
  test(`${name}, written by PyTorch, has the numbers that PyTorch says: every type, views, slices, scalars, nothing`, async () => {
    const tensors = await tensorsIn(path.join(official, name))
    assert.deepEqual(Object.keys(tensors), Object.keys(expected.views))
    for (const [key, { shape, data }] of Object.entries(expected.views)) {
      assert.deepEqual(tensors[key]?.shape, shape, key)
      // JSON has no word for infinity, which float64's 1e300 is as float32.
      const found = tensors[key]?.data.map((x) => (Number.isFinite(x) ? x : null))
      assert.deepEqual(
        found,
        data.map((x) => (x === null ? null : Math.fround(x))),
        key,
      )
    }
  })

test('an OrderedDict with _metadata, as state_dict() gives it, reads', async () => {
  const tensors = await tensorsIn(path.join(official, 'trm-att/step_7'))
  assert.equal(Object.keys(tensors).length, 11)
  for (const [name, numbers] of Object.entries(expected.trm)) assert.deepEqual(tensors[name], numbers)
})

test('any view of a storage has the numbers that its strides say', async () => {
  const axis = fc.record({ size: fc.nat(4), stride: fc.nat(7) })
  await fc.assert(
    fc.asyncProperty(fc.array(axis, { maxLength: 4 }), fc.nat(5), async (axes, offset) => {
      const shape = axes.map(({ size }) => size)
      const strides = axes.map(({ stride }) => stride)
      const size = shape.reduce((a, b) => a * b, 1)
      const span = size === 0 ? 0 : 1 + axes.reduce((sum, { size, stride }) => sum + (size - 1) * stride, 0)
      const length = Math.max(offset + span, size)
      const stored = Array.from({ length }, (_, i) => i / 4)
      const w = (await tensorsIn(one({ shape, strides, offset, length }, floats(...stored)))).w
      const places = axes.reduceRight<number[]>(
        (inner, { size, stride }) => Array.from({ length: size }, (_, i) => inner.map((at) => at + i * stride)).flat(),
        [offset],
      )
      assert.deepEqual(w, { shape, data: places.map((at) => stored[at]!) })
    }),
    { numRuns: 60 },
  )
})

test('big-endian files read as little-endian ones', async () => {
  const swapped = (data: Uint8Array, width: 2 | 4 | 8): Buffer => {
    const bytes = Buffer.from(data)
    return width === 2 ? bytes.swap16() : width === 4 ? bytes.swap32() : bytes.swap64()
  }
  const cases: [type: string, data: Uint8Array, width: 2 | 4 | 8, numbers: number[]][] = [
    ['FloatStorage', floats(1.5, -2), 4, [1.5, -2]],
    ['HalfStorage', new Uint8Array(Uint16Array.of(0x3c00, 0xc000).buffer), 2, [1, -2]],
    ['BFloat16Storage', new Uint8Array(Uint16Array.of(0x3f80, 0xc000).buffer), 2, [1, -2]],
    ['DoubleStorage', new Uint8Array(Float64Array.of(0.5, 3).buffer), 8, [0.5, 3]],
    ['LongStorage', new Uint8Array(BigInt64Array.of(-5n, 6n).buffer), 8, [-5, 6]],
  ]
  for (const [type, data, width, numbers] of cases) {
    assert.deepEqual((await tensorsIn(one({ shape: [2], type }, data, 'little'))).w?.data, numbers, type)
    assert.deepEqual((await tensorsIn(one({ shape: [2], type }, data, null))).w?.data, numbers, type)
    assert.deepEqual((await tensorsIn(one({ shape: [2], type }, swapped(data, width), 'big'))).w?.data, numbers, type)
  }
})

test('zip64 archives, which PyTorch writes for large files, read', async () => {
  const pickle = dictionary([['w', tensor({ key: '0', shape: [2] })]])
  assert.deepEqual((await tensorsIn(torchFile(pickle, { 0: floats(1, 2) }, { zip64: true }))).w?.data, [1, 2])
})

test('tensors that share a storage read each for itself, and one view only once', async () => {
  const shared = dictionary([
    ['a', tensor({ key: '0', shape: [2], length: 4 })],
    ['b', tensor({ key: '0', shape: [2], length: 4, offset: 2 })],
    ['tied', tensor({ key: '0', shape: [2], length: 4 })],
  ])
  const file = path.join(folder, 'shared.pt')
  writeFileSync(file, torchFile(shared, { 0: floats(1, 2, 3, 4) }))
  const torch = await openTorchFile(file)
  const dict = torch.root as PickleDict
  const [a, b, tied] = ['a', 'b', 'tied'].map((name) => torch.read(dict.get(name) as TorchTensor))
  torch.close()
  assert.deepEqual(
    [[...a!], [...b!]],
    [
      [1, 2],
      [3, 4],
    ],
  )
  assert.equal(a, tied)
})

test('many views of one storage cannot fill the memory', async () => {
  const length = 1000
  const views = Array.from({ length: 8 }, (_, i) => {
    const spec = { key: '0', shape: [length - 8], length, offset: i }
    return [`w${i}`, tensor(spec)] as const
  })
  const file = torchFile(dictionary(views), { 0: new Uint8Array(4 * length) })
  await assert.rejects(tensorsIn(file), { name: 'UserError', message: /at most 4 times the numbers stored/ })
})

test('a large table is never held twice', async () => {
  const rows = 2 ** 24
  const file = path.join(folder, 'large.pt')
  writeFileSync(file, one({ shape: [rows, 1] }, new Uint8Array(4 * rows)))
  const torch = await openTorchFile(file)
  const before = process.memoryUsage().arrayBuffers
  const numbers = torch.read((torch.root as PickleDict).get('w') as TorchTensor)
  const more = process.memoryUsage().arrayBuffers - before
  torch.close()
  assert.equal(numbers.length, rows)
  assert.ok(more < 4 * rows * 1.2, `${more} bytes more for ${4 * rows}`)
})

test('a tensor that does not fit into memory is refused', async () => {
  const file = path.join(folder, 'memory.pt')
  writeFileSync(file, one({ shape: [2] }, floats(1, 2)))
  const torch = await openTorchFile(file)
  const w = (torch.root as PickleDict).get('w') as TorchTensor
  const real = globalThis.Float32Array
  const none = function none(): never {
    throw new RangeError('Array buffer allocation failed')
  }
  try {
    globalThis.Float32Array = none as unknown as Float32ArrayConstructor
    assert.throws(() => torch.read(w), { name: 'UserError', message: /fits into memory, found one of 2 numbers/ })
  } finally {
    globalThis.Float32Array = real
    torch.close()
  }
})

const good = one({ shape: [2, 2] }, floats(1, 2, 3, 4))
test('whatever byte of a file is changed, it is read as some file or refused with a UserError', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), async (at, value) => {
      const damaged = Buffer.from(good)
      damaged[at] = value
      try {
        await tensorsIn(damaged)
      } catch (error) {
        assert.equal((error as Error).name, 'UserError', String((error as Error).stack))
      }
    }),
    { numRuns: 600 },
  )
})

test('wherever a file is cut, it is refused with a UserError', async () => {
  for (let length = 0; length < good.length; length++)
    await assert.rejects(tensorsIn(good.subarray(0, length)), { name: 'UserError' }, `${length} bytes`)
})

test('changed numbers are found by their checksum, unless PyTorch left it out', async () => {
  const file = one({ shape: [2] }, floats(1, 2))
  const at = file.indexOf(Buffer.from(floats(1, 2)))
  file[at] = 1
  await assert.rejects(tensorsIn(file), { message: /archive\/data\/0: expected CRC-32 [0-9a-f]{8}, found [0-9a-f]{8}/ })
  const pickle = dictionary([['w', tensor({ key: '0', shape: [2] })]])
  const members = [
    { name: 'archive/data.pkl', data: pickle, crc: 0 },
    { name: 'archive/data/0', data: floats(1, 2), crc: 0 },
  ]
  assert.deepEqual((await tensorsIn(zip(members))).w?.data, [1, 2])
})

test('words beside tensors are read as they are', async () => {
  const file = path.join(folder, 'words.pt')
  const pickle = assemble(
    '\x80\x02}(',
    text('step'),
    'M\x10\x27',
    text('lr'),
    'G\x3f\xb9\x99\x99\x99\x99\x99\x9a',
    text('big'),
    '\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00',
    text('names'),
    '](',
    text('ä'),
    'N\x88\x89e',
    text('minus'),
    '\x8a\x01\xff',
    'K\x07K\x08u.',
  )
  writeFileSync(file, torchFile(pickle))
  const torch = await openTorchFile(file)
  torch.close()
  const dict = torch.root as PickleDict
  assert.deepEqual(
    ['step', 'lr', 'big', 'minus', 7].map((key) => dict.get(key)),
    [10000, 0.1, 2n ** 63n, -1, 8],
  )
  assert.deepEqual(
    dict.get('names'),
    Object.assign(Object.create(Object.getPrototypeOf(dict.get('names'))), { items: ['ä', null, true, false] }),
  )
})

/** Plain data as `torch.save` pickles it, which PyTorch reads with weights_only=True. */
const HARMLESS: readonly (readonly [what: string, value: Uint8Array, described: string])[] = [
  ['torch.Size', assemble(global('torch', 'Size'), ints(1, 2), '\x85R'), 'torch.Size of 2'],
  ['a dtype', assemble(global('torch', 'bfloat16')), 'torch.bfloat16'],
  ['a device', assemble(global('torch', 'device'), text('cuda'), 'K\x00\x86R'), 'a torch.device'],
  [
    'a layout',
    assemble(global('torch.serialization', '_get_layout'), text('torch.strided'), '\x85R'),
    'a torch.layout',
  ],
  ['a set', assemble(global('__builtin__', 'set'), '](K\x01K\x02e\x85R'), 'a set of 2'],
  ['a Counter', assemble(global('collections', 'Counter'), '}(', text('a'), 'K\x02u\x85R'), 'a Counter of 1'],
  ['bytes', assemble(global('_codecs', 'encode'), text('abc'), text('latin1'), '\x86R'), 'bytes of 3'],
  ['no bytes', assemble(global('__builtin__', 'bytes'), ')R'), 'no bytes'],
  ['a bytearray', assemble(global('__builtin__', 'bytearray'), text('abc'), text('latin-1'), '\x86R'), 'a bytearray'],
  [
    'a complex number',
    assemble(global('__builtin__', 'complex'), 'G', Buffer.alloc(8), 'G', Buffer.alloc(8), '\x86R'),
    'the complex number (0, 0)',
  ],
  ['tuples for keys', assemble('}', ints(0, 1), 'K\x02s'), 'a dictionary of 1'],
  [
    'None, a half and True for keys',
    assemble('}(NK\x01G', Buffer.alloc(8, 63), 'K\x02\x88K\x03u'),
    'a dictionary of 3',
  ],
  ['an OrderedDict', assemble(global('collections', 'OrderedDict'), ')R', text('a'), 'K\x01s'), 'a dictionary of 1'],
  ['an integer of 16 bytes', assemble('\x8a\x10', Buffer.alloc(16, 1)), '1334440654591915542993625911497130241'],
]

for (const [what, value, described] of HARMLESS)
  test(`${what} beside weights is passed over, and the weights are read`, async () => {
    const pickle = dictionary([
      ['w', tensor({ key: '0', shape: [2] })],
      ['extra', value],
    ])
    const file = path.join(folder, `${files++}.pt`)
    writeFileSync(file, torchFile(pickle, { 0: floats(1, 2) }))
    assert.deepEqual(await tensorsIn(file), { w: { shape: [2], data: [1, 2] } })
    const torch = await openTorchFile(file)
    const root = torch.root as PickleDict
    torch.close()
    assert.equal(describeValue(root.get('extra')), described)
    const nested = dictionary([
      ['model_state_dict', pickle.subarray(2, -1)],
      ['extra', value],
      ['step', int(7)],
    ])
    writeFileSync(file, torchFile(nested, { 0: floats(1, 2) }))
    const stored = await readStored(file)
    assert.deepEqual([...stored.tensors.get('w')!.data], [1, 2])
    assert.equal(stored.step, 7)
    assert.ok(stored.notes.includes('ignored: "extra"'), stored.notes.join('\n'))
  })

test('a parameter with attributes of its own is its tensor', async () => {
  const parameter = assemble(
    global('torch._utils', '_rebuild_parameter_with_state'),
    '(',
    tensor({ key: '0', shape: [1] }),
    '\x88',
    global('collections', 'OrderedDict'),
    ')R}(',
    text('tag'),
    'K\x01utR',
  )
  assert.deepEqual(await tensorsIn(torchFile(dictionary([['w', parameter]]), { 0: floats(5) })), {
    w: { shape: [1], data: [5] },
  })
})

test('what Python itself pickles of plain data in protocol 2 is passed over, and names off the list are refused', (t) => {
  const script = `
import argparse, collections, datetime, decimal, fractions, json, pathlib, pickle, uuid
good = [{1, 2}, set(), b'', b'abc', bytes(range(256)), bytearray(b'x'), bytearray(), 1j, collections.Counter('aab'), {(0, (1, 'a')): 2, None: 1, True: 0, 0.5: 3}]
bad = [argparse.Namespace(a=1), datetime.date(2026, 1, 1), decimal.Decimal('1'), fractions.Fraction(1, 2), pathlib.PurePosixPath('a'), uuid.UUID(int=1), collections.defaultdict(list), collections.deque(), frozenset('a'), range(3), slice(1), Exception('a'), print, int, type]
print(json.dumps([[pickle.dumps(value, 2).hex() for value in values] for values in (good, bad)]))`
  const done = spawnSync('python3', ['-c', script], { encoding: 'utf8' })
  if (done.error) return t.skip('python3 is not here')
  assert.equal(done.status, 0, done.stderr)
  const [good, bad] = JSON.parse(done.stdout) as [string[], string[]]
  const domain = { globals: torchGlobals, persistent: torchStorage }
  for (const hex of good) assert.notEqual(readPickle(Buffer.from(hex, 'hex'), domain, 'x'), undefined)
  for (const hex of bad)
    assert.throws(() => readPickle(Buffer.from(hex, 'hex'), domain, 'x'), {
      name: 'UserError',
      message: /found the name/,
    })
})

for (const [what, value] of [
  ['a bytearray of a length', assemble(global('__builtin__', 'bytearray'), int(2 ** 30), '\x85R')],
  ['a dtype that is called', assemble(global('torch', 'bfloat16'), ')R')],
  ['bytes in another encoding', assemble(global('_codecs', 'encode'), text('x'), text('rot13'), '\x86R')],
  ['a set of a string', assemble(global('__builtin__', 'set'), text('ab'), '\x85R')],
  ['a Counter of a list', assemble(global('collections', 'Counter'), ']\x85R')],
  ['a Size of text', assemble(global('torch', 'Size'), text('a'), '\x85R')],
  ['a Size that is built', assemble(global('torch', 'Size'), ints(1), '\x85R}b')],
  ['torch.load', assemble(global('torch', 'load'), text('x'), '\x85R')],
] as const)
  test(`${what} is refused with its place`, () => {
    const pickle = assemble('\x80\x02', value, '.')
    assert.throws(() => readPickle(pickle, { globals: torchGlobals, persistent: torchStorage }, 'x.pt'), {
      name: 'UserError',
      message: /^x\.pt, byte \d+: expected .+, found .+\. Nothing in it was executed/,
    })
  })
