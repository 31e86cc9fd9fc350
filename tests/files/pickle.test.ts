import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { type PickleDomain, readPickle } from '../../lib/interop/formats/pickle.js'
import { describeOpcode } from '../../lib/interop/formats/pickle-opcodes.js'
import { PickleDict, PickleList, type PickleValue } from '../../lib/interop/formats/pickle-value.js'
import { TorchTensor, torchGlobals, torchStorage } from '../../lib/interop/formats/torch-tensor.js'
import fc from '../fast-check.js'
import { assemble, global, int, short, storage, tensor, text } from './assemble.js'

const domain: PickleDomain = { globals: torchGlobals, persistent: torchStorage }

/** Plain data as JSON has it, to compare. */
function plain(value: PickleValue): unknown {
  if (value instanceof PickleDict) return { dict: [...value].map(([key, inner]) => [key, plain(inner)]) }
  if (value instanceof PickleList) return { list: value.items.map(plain) }
  if (Array.isArray(value)) return { tuple: value.map(plain) }
  return typeof value === 'bigint' ? { big: String(value) } : value
}

const PYTHON = `
import collections, json, pickle, sys
value = collections.OrderedDict(
    none=None, yes=True, no=False, zero=0, byte=255, short=65535, int=-2147483648, long=2**40, minus=-(2**40), big=2**70,
    half=0.5, tiny=5e-324, text="naïve ☃", empty="", pair=(1, "a"), triple=(1, 2, 3), four=(1, 2, 3, 4), nothing=(),
    list=[1, [2, []]], dict={"a": {1: "b"}}, same=None)
value["same"] = value["list"]
value["letters"] = "x" * 300
print(json.dumps([pickle.dumps(value, protocol).hex() for protocol in (2, 3, 4, 5)]))
`

test('what Python pickles of plain data, in protocols 2 to 5, is read as it was', (t) => {
  const done = spawnSync('python3', ['-c', PYTHON], { encoding: 'utf8' })
  if (done.error) return t.skip('python3 is not here')
  assert.equal(done.status, 0, done.stderr)
  const list = { list: [1, { list: [2, { list: [] }] }] }
  for (const hex of JSON.parse(done.stdout) as string[])
    assert.deepEqual(plain(readPickle(Buffer.from(hex, 'hex'), domain, 'x')), {
      dict: [
        ['none', null],
        ['yes', true],
        ['no', false],
        ['zero', 0],
        ['byte', 255],
        ['short', 65535],
        ['int', -2147483648],
        ['long', 2 ** 40],
        ['minus', -(2 ** 40)],
        ['big', { big: String(2n ** 70n) }],
        ['half', 0.5],
        ['tiny', 5e-324],
        ['text', 'naïve ☃'],
        ['empty', ''],
        ['pair', { tuple: [1, 'a'] }],
        ['triple', { tuple: [1, 2, 3] }],
        ['four', { tuple: [1, 2, 3, 4] }],
        ['nothing', { tuple: [] }],
        ['list', list],
        ['dict', { dict: [['a', { dict: [[1, 'b']] }]] }],
        ['same', list],
        ['letters', 'x'.repeat(300)],
      ],
    })
})

test('a list that holds itself is refused', () => {
  for (const times of [1, 100]) {
    const bytes = assemble('\x80\x02]q\x00', 'h\x00a'.repeat(times), '.')
    assert.throws(() => readPickle(bytes, domain, 'x'), { message: /values that do not contain themselves/ })
  }
})

/** Pieces that make sense, so that a random sequence of them gets somewhere. */
const PIECES: readonly (string | Uint8Array)[] = [
  ...'(Nt)]}ueasRbQ.02IPFio\x85\x86\x87\x88\x89\x81\x93\x94\x90\x8f',
  ...['q\x00', 'q\x01', 'h\x00', 'h\x01', 'K\x05', 'M\x01\x02', '\x8a\x01\xff', '\x82\x01'],
  int(-7),
  text('a'),
  short('os'),
  short('OrderedDict'),
  short('collections'),
  text('storage'),
  text('_metadata'),
  global('collections', 'OrderedDict'),
  global('torch._utils', '_rebuild_tensor_v2'),
  global('torch._utils', '_rebuild_parameter'),
  global('torch', 'FloatStorage'),
  global('os', 'system'),
  storage('0', 'FloatStorage', 4),
  tensor({ key: '0', shape: [2, 2] }),
]

/** Reads a pickle that may be anything: a value, or a UserError that names the place. */
function readOrRefuse(bytes: Uint8Array): 'read' | 'refused' {
  try {
    readPickle(bytes, domain, 'x.pt')
    return 'read'
  } catch (error) {
    assert.ok(error instanceof UserError, String((error as Error).stack))
    assert.match(error.message, /^x\.pt, byte \d+: expected .+, found .+\./s)
    return 'refused'
  }
}

test('any sequence of opcodes is read or refused with its place', () => {
  let read = 0
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }), (pieces) => {
      if (readOrRefuse(assemble('\x80\x04', ...pieces, '.')) === 'read') read++
    }),
    { numRuns: 5000 },
  )
  assert.ok(read > 0, 'some are whole')
})

test('a pickle of tensors with any bytes changed is read or refused with its place', () => {
  const whole = assemble('\x80\x02}q\x00(', text('w'), tensor({ key: '0', shape: [2, 3] }), text('step'), 'K\x05u.')
  assert.ok((readPickle(whole, domain, 'x') as PickleDict).get('w') instanceof TorchTensor)
  const change = fc.record({ at: fc.nat(whole.length - 1), value: fc.nat(255) })
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const damaged = Buffer.from(whole)
      for (const { at, value } of changes) damaged[at] = value
      readOrRefuse(damaged)
    }),
    { numRuns: 5000 },
  )
})

test('a pickle that is cut anywhere is refused', () => {
  const whole = assemble('\x80\x02}(', text('w'), tensor({ key: '0', shape: [2, 3] }), 'u.')
  for (let length = 0; length < whole.length; length++) assert.equal(readOrRefuse(whole.subarray(0, length)), 'refused')
})

test('every opcode has its name, and what is none says so', () => {
  const names = Array.from({ length: 256 }, (_, code) => describeOpcode(code))
  assert.equal(names.filter((name) => name.startsWith('opcode ')).length, 68)
  assert.equal(new Set(names).size, 256)
  assert.equal(describeOpcode(0x69), 'opcode INST')
  assert.equal(describeOpcode(0x00), 'byte 0x00, which is no opcode')
})
