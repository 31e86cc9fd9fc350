import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { scanNpy } from '../../lib/interop/formats/npy.js'
import { NPY_ARRAYS, type NpyDtype } from '../../lib/interop/formats/npy-header.js'
import { temporaryFolder } from '../data/helpers.js'
import fc from '../fast-check.js'
import { sharedPath } from '../shared.js'
import { type NpyArray, npyPieces, readNpy } from './npy-arrays.js'

const folder = temporaryFolder()
const file = path.join(folder, 'x.npy')

/** A .npy file with any header text. */
function npy(text: string, data: number | Uint8Array = 0, version = 1): Uint8Array {
  const body = Buffer.from(text, version === 3 ? 'utf8' : 'latin1')
  const head = Buffer.alloc(version === 1 ? 10 : 12)
  head.write('\x93NUMPY', 'latin1')
  head[6] = version
  if (version === 1) head.writeUInt16LE(body.length, 8)
  else head.writeUInt32LE(body.length, 8)
  return Buffer.concat([head, body, typeof data === 'number' ? Buffer.alloc(data) : data])
}

const header = (descr: string, shape: string, order = 'False'): string =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`
const good = header("'|u1'", '(3,)')

const MALFORMED: [what: string, bytes: Uint8Array, message: RegExp][] = [
  ['an empty file', new Uint8Array(), /expected a \.npy file, found an empty file/],
  ['three bytes of a file', npy(good, 3).subarray(0, 3), /only 3 bytes: the file is cut off/],
  ['another magic', Buffer.from('PK\x03\x04 something else'), /begins with \\x93NUMPY\), found something else/],
  ['text', Buffer.from('1 2 3\n4 5 6\n'), /found something else/],
  ['version 0', npy(good, 3, 0), /version 1\.0, 2\.0 or 3\.0, found 0\.0/],
  ['version 4', npy(good, 3, 4), /found 4\.0/],
  ['a minor version', npy(good, 3).map((byte, i) => (i === 7 ? 1 : byte)), /found 1\.1/],
  ['a header cut off', npy(good).subarray(0, 30), /header of \d+ bytes, found 20: the file is cut off/],
  ['a header length that is too long', npy(good, 3).map((byte, i) => (i === 9 ? 9 : byte)), /the length is wrong/],
  ['a header length that is too short', npy(good, 3).map((byte, i) => (i === 8 ? 20 : byte)), /header: expected/],
  [
    'a header of a gigabyte',
    npy(good, 3, 2).map((byte, i) => (i === 11 ? 64 : byte)),
    /at most 65535 bytes, found one/,
  ],
  ['an empty header', npy('', 3), /a dictionary in braces, found nothing/],
  ['a header that is a list', npy('[]\n'), /a dictionary in braces, found "\[\]/],
  ['a program for a header', npy("__import__('os').system('touch x')\n"), /a dictionary in braces/],
  ['a call inside a header', npy(header("'|u1'", '(int(3),)')), /a value of 'shape', found "\(int\(3/],
  ['a shape that is a sum', npy(header("'|u1'", '(1+2,)')), /sizes of 0 or more/],
  ['words after the dictionary', npy(`${good.trim()} or 1\n`), /a key in quotes|a comma or brace/],
  ['no end of the dictionary', npy("{'descr': '|u1', "), /a key in quotes, found " "/],
  ['an unknown key', npy("{'descr': '|u1', 'order': 'C', }\n"), /no keys but .*found "order"/],
  ['a key called __proto__', npy("{'__proto__': '|u1', }\n"), /no keys but .*found "__proto__"/],
  ['a key twice', npy("{'descr': '|u1', 'descr': '|u1', }\n"), /every key once, found 'descr' twice/],
  ['a missing key', npy("{'descr': '|u1', 'shape': (3,), }\n"), /found no fortran_order/],
  ['no comma', npy("{'descr': '|u1' 'shape': (3,)}\n"), /a comma or brace after 'descr'/],
  ['a key without quotes', npy("{descr: '|u1'}\n"), /a key in quotes/],
  [
    'Fortran order',
    npy(header("'<i4'", '(2, 3)', 'True'), 24),
    /row-major \(C\) order, found Fortran order.*ascontiguousarray/,
  ],
  ['an order that is a number', npy(header("'<i4'", '(2,)', '0'), 8), /a value of 'fortran_order', found "0/],
  ['an order in quotes', npy(header("'<i4'", '(2,)', "'False'"), 8), /True or False, found "'False'"/],
  ['objects', npy(header("'|O'", '(1,)'), 8), /found "\|O" \(Python objects\)/],
  ['big-endian numbers', npy(header("'>i4'", '(1,)'), 4), /found ">i4" \(big-endian\)/],
  ['structured numbers', npy(header("[('a', '<i4'), ('b', '<f4')]", '(1,)'), 8), /found a structured type/],
  ['texts', npy(header("'<U5'", '(1,)'), 20), /found "<U5" \(no numbers\)/],
  ['half precision', npy(header("'<f2'", '(1,)'), 2), /found "<f2"/],
  ['complex numbers', npy(header("'<c16'", '(1,)'), 16), /found "<c16"/],
  ['a type out of the prototype', npy(header("'constructor'", '(1,)'), 4), /found "constructor"/],
  ['a type that is a number', npy(header('4', '(1,)'), 4), /a value of 'descr'/],
  ['a negative shape', npy(header("'|u1'", '(-3,)'), 3), /sizes of 0 or more in the shape, found "\(-3,\)"/],
  ['a shape in fractions', npy(header("'|u1'", '(1.5,)'), 3), /sizes of 0 or more/],
  ['a shape that is a number', npy(header("'|u1'", '3'), 3), /a value of 'shape'/],
  ['a number in brackets', npy(header("'|u1'", '(3)'), 3), /as a tuple, like \(3,\), found "\(3\)"/],
  ['a shape that is a list', npy(header("'|u1'", '[3]'), 3), /'shape' as a tuple, found "\[3\]"/],
  ['a shape with a hole', npy(header("'|u1'", '(3,,3)'), 9), /sizes of 0 or more/],
  ['a shape beyond counting', npy(header("'|u1'", '(4294967296, 4294967296)'), 3), /a shape that a file can hold/],
  ['a shape with 0 beside too much', npy(header("'|u1'", '(0, 9007199254740991, 9)')), /a shape that a file can hold/],
  ['a hundred dimensions', npy(header("'|u1'", `(${'1, '.repeat(100)})`), 1), /at most 64 dimensions, found 100/],
  ['a file cut off', npy(header("'<i4'", '(2, 3)'), 23), /24 bytes for <i4 \(2, 3\), found 23: the file is cut off/],
  ['bytes after the array', npy(good, 4), /3 bytes for \|u1 \(3\), found 4: 1 bytes follow/],
  [
    'a boolean of 2',
    npy(header("'|b1'", '(3,)'), Uint8Array.of(0, 1, 2)),
    /number 2: expected a boolean, 0 or 1, found 2/,
  ],
]
for (const [what, bytes, message] of MALFORMED)
  test(`${what} is refused by name`, () => {
    writeFileSync(file, bytes)
    assert.throws(
      () => readNpy(file),
      (error) => {
        assert.ok(error instanceof UserError, String(error))
        assert.ok(error.message.startsWith(file))
        assert.match(error.message, message)
        return true
      },
    )
  })

test('a missing file and a folder are refused', () => {
  assert.throws(() => readNpy(path.join(folder, 'none.npy')), /expected a readable file, found no such file/)
  mkdirSync(path.join(folder, 'folder.npy'))
  assert.throws(() => readNpy(path.join(folder, 'folder.npy')), /expected a \.npy file, found a folder/)
})

test('versions 2.0 and 3.0, other spacing, double quotes and another order of keys are read', () => {
  const odd = '{"shape":(2,),"fortran_order":True , "descr" : "<u2"}   \n'
  for (const version of [1, 2, 3]) {
    writeFileSync(file, npy(odd, Uint8Array.of(1, 0, 0, 1), version))
    assert.deepEqual(readNpy(file), { dtype: '<u2', shape: [2], data: Uint16Array.of(1, 256) })
  }
})

const array: fc.Arbitrary<NpyArray> = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(NPY_ARRAYS) as NpyDtype[])),
    shape: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 }),
    seed: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  })
  .map(({ dtype, shape, seed }) => {
    const size = shape.reduce((product, n) => product * n, 1)
    const data = new NPY_ARRAYS[dtype](size)
    new Uint8Array(data.buffer).forEach((_, i, bytes) => {
      bytes[i] = dtype === '|b1' ? seed[i % 16]! & 1 : seed[(i * 7) % 16]! ^ i
    })
    return { dtype, shape, data }
  })

test('what is written is read back, bit for bit, whatever the type and shape', () => {
  fc.assert(
    fc.property(array, (given) => {
      const bytes = Buffer.concat(npyPieces(given))
      assert.equal((bytes.length - given.data.byteLength) % 64, 0)
      writeFileSync(file, bytes)
      const read = readNpy(file)
      assert.deepEqual([read.dtype, read.shape], [given.dtype, given.shape])
      assert.deepEqual(new Uint8Array(read.data.buffer), new Uint8Array(given.data.buffer))
    }),
    { numRuns: 60 },
  )
})

test('no part of a file passes for the whole', () => {
  const whole = Buffer.concat(npyPieces({ dtype: '<i4', shape: [2, 2], data: Int32Array.of(1, 2, 3, 4) }))
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(file, whole.subarray(0, length))
    assert.throws(() => readNpy(file), { name: 'UserError' }, `${length} bytes`)
  }
})

test('no changed byte of a header brings the reader down', () => {
  const whole = Buffer.concat(npyPieces({ dtype: '<i4', shape: [2, 2], data: Int32Array.of(1, 2, 3, 4) }))
  fc.assert(
    fc.property(fc.nat(127), fc.nat(255), (at, byte) => {
      const bytes = Buffer.from(whole)
      bytes[at] = byte
      writeFileSync(file, bytes)
      try {
        const { data, shape } = readNpy(file)
        assert.equal(
          data.length,
          shape.reduce((product, n) => product * n, 1),
        )
      } catch (error) {
        assert.ok(error instanceof UserError, String(error))
      }
    }),
    { numRuns: 300 },
  )
})

test('a file larger than a piece is handed on in order, and its checksum is over all of it', () => {
  const data = Int32Array.from({ length: 1_200_001 }, (_, i) => i)
  writeFileSync(file, Buffer.concat(npyPieces({ dtype: '<i4', shape: [data.length], data })))
  let next = 0
  const { sha256 } = scanNpy(file, () => (values, first) => {
    assert.equal(first, next)
    assert.equal(values[0], first)
    next += values.length
  })
  assert.equal(next, data.length)
  assert.match(sha256, /^[0-9a-f]{64}$/)
})

const real = sharedPath('data/maze-30x30-hard-1k/test')
test("NumPy's own files are written again byte for byte", {
  skip: real === null && '../shared/data/maze-30x30-hard-1k is not here',
}, () => {
  for (const name of ['inputs', 'labels', 'puzzle_identifiers', 'puzzle_indices', 'group_indices']) {
    const bytes = readFileSync(path.join(real!, `all__${name}.npy`))
    assert.ok(bytes.equals(Buffer.concat(npyPieces(readNpy(path.join(real!, `all__${name}.npy`))))), name)
  }
})
