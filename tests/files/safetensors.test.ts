import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { readSafetensors, safetensorsPieces } from '../../lib/files/safetensors.js'
import { dtypeOf, type TensorData, toFloat32 } from '../../lib/files/safetensors-dtype.js'
import fc from '../fast-check.js'
import { sharedPath } from '../shared.js'
import { writeSafetensors } from './write-safetensors.js'

/** A file out of a header as text and some bytes of data. */
function file(header: string | Uint8Array, data = 0): Uint8Array {
  const head = typeof header === 'string' ? Buffer.from(header) : header
  const bytes = Buffer.alloc(8 + head.length + data)
  bytes.writeBigUInt64LE(BigInt(head.length))
  bytes.set(head, 8)
  return bytes
}

const one = '"dtype":"F32","shape":[1],"data_offsets":[0,4]'
const MALFORMED: [name: string, bytes: Uint8Array, message: RegExp][] = [
  ['an empty file', new Uint8Array(0), /8 bytes of header length, found 0 bytes/],
  ['a length without a header', file('{}').subarray(0, 8), /header of 2 bytes, found only 0/],
  ['a truncated header', file('{"a":{').subarray(0, 10), /header of 6 bytes, found only 2/],
  ['a header too large', Buffer.from('ffffffffffffff7f', 'hex'), /at most 16777216 bytes, found one of/],
  ['an empty header', file(''), /begins with \{, found an empty one/],
  ['a header that is a list', file('[]'), /begins with \{/],
  ['a byte-order mark', file('\ufeff{}'), /begins with \{/],
  ['a header that is no UTF-8', file(Buffer.from('7b22ff223a317d', 'hex')), /UTF-8/],
  ['a header that is no JSON', file('{"a"}'), /header in JSON/],
  ['a header nested without end', file(`{"a":${'['.repeat(200_000)}`), /header in JSON/],
  ['text after the header', file('{} x'), /header in JSON/],
  ['a name twice', file(`{"a":{${one}},"a":{${one}}}`, 4), /once, found "a" twice/],
  ['a name twice, once escaped', file(`{"a":{${one}},"\\u0061":{${one}}}`, 4), /"a" twice/],
  ['a field twice', file(`{"a":{${one},"shape":[1]}}`, 4), /"shape" twice/],
  ['a tensor called __proto__', file(`{"__proto__":{${one}}}`, 4), /tensor "__proto__": .*reserved/],
  ['a tensor called constructor', file(`{"constructor":{${one}}}`, 4), /tensor "constructor"/],
  ['metadata called __proto__', file('{"__metadata__":{"__proto__":"x"}}'), /plain words, found __proto__/],
  ['metadata that is a number', file('{"__metadata__":{"step":1}}'), /"step" as a string, found a number/],
  ['metadata that is a list', file('{"__metadata__":[]}'), /object of strings, found a list/],
  ['a tensor that is null', file('{"a":null}'), /tensor "a": .*found null/],
  ['a tensor without a dtype', file('{"a":{"shape":[1],"data_offsets":[0,4]}}', 4), /dtype of .*found nothing/],
  ['an unknown dtype', file(`{"a":{${one.replace('F32', 'F31')}}}`, 4), /found "F31"/],
  ['a dtype out of the prototype', file(`{"a":{${one.replace('F32', 'toString')}}}`, 4), /found "toString"/],
  ['an unknown field', file(`{"a":{${one},"x":1}}`, 4), /found "x"/],
  ['a shape that is a number', file(`{"a":{${one.replace('[1]', '1')}}}`, 4), /shape of whole numbers, found 1/],
  ['a negative shape', file(`{"a":{${one.replace('[1]', '[-1,-1]')}}}`, 4), /found \[-1,-1\]/],
  ['a broken shape', file(`{"a":{${one.replace('[1]', '[0.5,2]')}}}`, 4), /found \[0.5,2\]/],
  [
    'a shape beyond counting',
    file(`{"a":{${one.replace('[1]', '[9007199254740991,0,9e15,9e15]')}}}`, 4),
    /expected 0 bytes/,
  ],
  ['a shape of another size', file(`{"a":{${one.replace('[1]', '[2]')}}}`, 4), /8 bytes for F32 \[2\], found 4/],
  ['one offset', file(`{"a":{${one.replace('[0,4]', '[0]')}}}`, 4), /\[begin, end\], found \[0\]/],
  ['offsets turned round', file(`{"a":{${one.replace('[0,4]', '[4,0]')}}}`, 4), /in order, found \[4, 0\]/],
  ['negative offsets', file(`{"a":{${one.replace('[0,4]', '[-4,0]')}}}`, 4), /found \[-4,0\]/],
  ['truncated data', file(`{"a":{${one}}}`, 3), /up to byte 4, found a truncated file with 3 bytes/],
  ['more data than named', file(`{"a":{${one}}}`, 5), /1 more than the header names/],
  ['data that overlap', file(`{"a":{${one}},"b":{${one}}}`, 4), /tensor "b": .*overlap/],
  ['a gap', file(`{"a":{${one.replace('[0,4]', '[4,8]')}}}`, 8), /tensor "a": .*gap/],
]

for (const [name, bytes, message] of MALFORMED)
  test(`${name} is refused by name`, () =>
    assert.throws(
      () => readSafetensors(bytes, 'x.safetensors'),
      (error) => {
        assert.ok(error instanceof UserError, String(error))
        assert.match(error.message, /^x\.safetensors/)
        assert.match(error.message, message)
        return true
      },
    ))

const array: fc.Arbitrary<TensorData> = fc.oneof(
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int8Array(),
  fc.uint8Array(),
)
const word = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter((s) => !/^(__proto__|constructor|prototype)$/.test(s))
const content = fc.uniqueArray(fc.tuple(word, array), { maxLength: 6, selector: ([name]) => name })

test('what is written is read back, in memory at any alignment', () => {
  fc.assert(
    fc.property(content, fc.dictionary(word, fc.string()), fc.nat(8), (tensors, metadata, shift) => {
      const bytes = writeSafetensors(
        tensors.map(([name, data]) => [name, { shape: [data.length], data }]),
        metadata,
      )
      const moved = new Uint8Array(bytes.length + shift)
      moved.set(bytes, shift)
      const read = readSafetensors(moved.subarray(shift))
      assert.deepEqual({ ...read.metadata }, { ...metadata })
      assert.equal(read.tensors.size, tensors.length)
      for (const [name, data] of tensors)
        assert.deepEqual(read.tensors.get(name), { dtype: dtypeOf(data), shape: [data.length], data })
    }),
  )
})

test('the same content gives the same bytes in whatever order it comes', () => {
  fc.assert(
    fc.property(content, (tensors) => {
      const entries = tensors.map(([name, data]) => [name, { shape: [1, data.length], data }] as const)
      assert.deepEqual(
        writeSafetensors(entries, { a: '1', b: '2' }),
        writeSafetensors(entries.toReversed(), { b: '2', a: '1' }),
      )
    }),
  )
})

test('any change of one byte in the header is read as some file or refused with a UserError', () => {
  const bytes = writeSafetensors([['w', { shape: [2, 1], data: Float32Array.of(1, 2) }]], { step: '3' })
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
      const damaged = bytes.slice()
      damaged[at] = value
      try {
        readSafetensors(damaged)
      } catch (error) {
        assert.ok(error instanceof UserError, String(error))
      }
    }),
    { numRuns: 2000 },
  )
})

test('tensors are handed to the writer uncopied', () => {
  const data = Float32Array.of(1, 2, 3)
  assert.equal(safetensorsPieces([['a', { shape: [3], data }]])[1]?.buffer, data.buffer)
})

test('the writer refuses shapes, types and names that no reader would take', () => {
  const data = Float32Array.of(1)
  assert.throws(() => writeSafetensors([['a', { shape: [2], data }]]), /\[2\] needs 2, not 1/)
  assert.throws(() => writeSafetensors([['a', { dtype: 'BF16', shape: [1], data }]]), /BF16 from the wrong array/)
  assert.throws(() => writeSafetensors([['__metadata__', { shape: [1], data }]]), /cannot name/)
  assert.throws(() => writeSafetensors([['__proto__', { shape: [1], data }]]), /cannot name/)
  assert.throws(
    () =>
      writeSafetensors([
        ['a', { shape: [1], data }],
        ['a', { shape: [1], data }],
      ]),
    /one name/,
  )
})

test('half precision stays raw and widens to the numbers it stands for', () => {
  const f16 = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000, 0x7c00, 0xfc00, 0x7e00)
  const bf16 = Uint16Array.of(0x3f80, 0xc000, 0x7f80, 0x4049)
  const { tensors } = readSafetensors(
    writeSafetensors([
      ['h', { dtype: 'F16', shape: [9], data: f16 }],
      ['b', { dtype: 'BF16', shape: [4], data: bf16 }],
    ]),
  )
  const inf = Number.POSITIVE_INFINITY
  assert.deepEqual([...toFloat32(tensors.get('h')!)], [1, -2, 65504, 2 ** -14, 2 ** -24, -0, inf, -inf, Number.NaN])
  assert.deepEqual([...toFloat32(tensors.get('b')!)], [1, -2, inf, 3.140625])
  assert.deepEqual(toFloat32({ dtype: 'I64', data: BigInt64Array.of(-7n) }), Float32Array.of(-7))
})

const golden = sharedPath('golden')
test('the reference numbers read', { skip: golden ? false : 'the folder shared/golden is not here' }, () => {
  const files = readdirSync(golden!).filter((name) => name.endsWith('.safetensors'))
  assert.ok(files.length >= 5)
  for (const name of files) {
    const bytes = readFileSync(path.join(golden!, name))
    const { tensors } = readSafetensors(path.join(golden!, name))
    const sizes = [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0)
    assert.equal(sizes, bytes.length - 8 - Number(bytes.readBigUInt64LE()))
    const again = readSafetensors(writeSafetensors(tensors))
    assert.deepEqual(again.tensors.get('step1/out/preds'), tensors.get('step1/out/preds'))
  }
})
