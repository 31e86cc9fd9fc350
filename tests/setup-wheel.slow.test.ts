import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { crc32, deflateRawSync } from 'node:zlib'
import fc from './fast-check.js'
import { setupModule, temporaryFolder } from './setup-helpers.js'

const { unpackWheel } = await setupModule<{
  unpackWheel(wheel: string, folder: string, placeOf: (name: string) => string | null): Promise<number>
}>('wheel')

test('what was packed is unpacked, stored and deflated', async (t) => {
  const folder = temporaryFolder(t)
  let run = 0
  const content = fc.record({ bytes: fc.uint8Array({ maxLength: 5000 }), deflate: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(content, { maxLength: 6 }), async (files) => {
      const place = path.join(folder, String(run++))
      const wheel = `${place}.whl`
      writeFileSync(wheel, zip(files.map((file, i) => ({ name: `p/${i}.bin`, ...file }))))
      assert.equal(await unpackWheel(wheel, place, (name) => name), files.length)
      for (const [i, file] of files.entries())
        assert.deepEqual(new Uint8Array(readFileSync(path.join(place, `p/${i}.bin`))), file.bytes)
    }),
    { numRuns: 30 },
  )
})

test('only what is asked for is written', async (t) => {
  const folder = temporaryFolder(t)
  const wheel = path.join(folder, 'w.whl')
  const bytes = Buffer.from('hello')
  writeFileSync(
    wheel,
    zip([
      { name: 'a', bytes, deflate: true },
      { name: 'b', bytes, deflate: false },
    ]),
  )
  assert.equal(await unpackWheel(wheel, path.join(folder, 'out'), (name) => (name === 'b' ? 'deep/b' : null)), 1)
  assert.equal(readFileSync(path.join(folder, 'out/deep/b'), 'utf8'), 'hello')
  assert.equal(existsSync(path.join(folder, 'out/a')), false)
})

test('an entry that leads outside the folder is refused', async (t) => {
  const folder = temporaryFolder(t)
  const wheel = path.join(folder, 'w.whl')
  writeFileSync(wheel, zip([{ name: '../evil', bytes: Buffer.from('x'), deflate: false }]))
  await assert.rejects(
    unpackWheel(wheel, path.join(folder, 'out'), (name) => name),
    /points outside the folder/,
  )
  assert.equal(existsSync(path.join(folder, 'evil')), false)
})

test('a wheel that is cut short, or none at all, is refused', async (t) => {
  const folder = temporaryFolder(t)
  const wheel = path.join(folder, 'w.whl')
  const whole = zip([{ name: 'a', bytes: Buffer.alloc(3000, 7), deflate: false }])
  for (const broken of [whole.subarray(0, 2000), whole.subarray(1000), Buffer.from('no'), Buffer.alloc(0)]) {
    writeFileSync(wheel, broken)
    await assert.rejects(unpackWheel(wheel, path.join(folder, 'out'), (name) => name))
  }
})

/** A ZIP file as the format's description has it. */
function zip(files: ReadonlyArray<{ name: string; bytes: Uint8Array; deflate: boolean }>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, bytes, deflate } of files) {
    const packed = deflate ? deflateRawSync(bytes) : Buffer.from(bytes)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(deflate ? 8 : 0, 4)
    common.writeUInt32LE(crc32(bytes), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(bytes.length, 18)
    common.writeUInt16LE(name.length, 22)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    common.copy(entry, 6)
    entry.writeUInt32LE(offset, 42)
    directory.push(entry, Buffer.from(name))
    const local = [Buffer.from([0x50, 0x4b, 3, 4]), common, Buffer.from(name), packed]
    parts.push(...local)
    offset += local.reduce((sum, part) => sum + part.length, 0)
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(files.length, 8)
  end.writeUInt16LE(files.length, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, ...directory, end])
}
