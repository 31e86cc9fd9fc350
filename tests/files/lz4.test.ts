import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lz4Compress, lz4Decompress } from '../../lib/files/lz4.js'
import { Random } from '../../lib/random.js'
import fc from '../fast-check.js'

const bytes = (length: number, of: (i: number) => number): Uint8Array => Uint8Array.from({ length }, (_, i) => of(i))
const random = Random.of(0, 'lz4')

const contents: Readonly<Record<string, Uint8Array>> = {
  'no bytes': new Uint8Array(0),
  'one byte': Uint8Array.of(7),
  'twelve equal bytes': new Uint8Array(12).fill(3),
  'a long run': new Uint8Array(100_000).fill(9),
  'random bytes': bytes(70_000, () => random.int(256)),
  'random bytes repeated at the longest distance': bytes(65_535, () => random.int(256)),
  'counters of 4 bytes': new Uint8Array(Int32Array.from({ length: 50_000 }, (_, i) => i % 64).buffer),
  'several blocks': bytes(9_000_000, (i) => (i >> 7) & 255),
}

for (const [name, content] of Object.entries(contents))
  test(`LZ4 gives back ${name}`, () => {
    const compressed = lz4Compress(content)
    // assert.deepEqual of large arrays is slow.
    assert.ok(Buffer.from(lz4Decompress(compressed)).equals(content))
    const twice = Uint8Array.from([...content.subarray(0, 65_535), ...content.subarray(0, 65_535)])
    assert.ok(Buffer.from(lz4Decompress(lz4Compress(twice))).equals(twice))
  })

test('LZ4 gives back any bytes', () => {
  const pieces = fc.array(fc.tuple(fc.uint8Array({ maxLength: 9 }), fc.integer({ min: 1, max: 40 })), { maxLength: 30 })
  fc.assert(
    fc.property(pieces, (parts) => {
      const content = Uint8Array.from(
        parts.flatMap(([piece, times]) =>
          Array(times)
            .fill([...piece])
            .flat(),
        ),
      )
      assert.deepEqual(lz4Decompress(lz4Compress(content)), content)
    }),
  )
})

test('LZ4 makes repeating bytes short and hardly lengthens random ones', () => {
  assert.ok(lz4Compress(contents['a long run']!).length < 500)
  assert.ok(lz4Compress(contents['counters of 4 bytes']!).length < 1_200)
  assert.equal(lz4Compress(contents['random bytes']!).length, 70_000 + 15 + 4 + 4)
})

test('a frame of the reference implementation is read', () => {
  // Written by pyarrow 26.0.1: `pa.compress(text, codec='lz4')`.
  const frame = Buffer.from('04224d1860408214000000af726563757273697665200a001a50736976650a00000000', 'hex')
  const text = `${Array(6).fill('recursive').join(' ')}\n`
  assert.equal(Buffer.from(lz4Decompress(frame)).toString(), text)
})

test('damaged LZ4 data is refused, wherever it is cut', () => {
  const frame = lz4Compress(contents['counters of 4 bytes']!.subarray(0, 3_000))
  for (let length = 0; length < frame.length; length++)
    assert.throws(() => lz4Decompress(frame.subarray(0, length)), RangeError, String(length))
  const longer = Uint8Array.from(frame)
  longer[6]! ^= 1
  assert.throws(() => lz4Decompress(longer), RangeError)
})
