import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { UserError } from '../../lib/errors.js'
import { openTorchFile } from '../../lib/interop/formats/torch.js'
import { readWheelJson } from '../../lib/storage/fetch/wheel.js'
import { assemble, type Member, zip } from '../files/assemble.js'
import { setupModule } from '../setup-helpers.js'
import { type Trial, trials } from '../trials.js'
import { readsOrRefuses } from './holds.js'
import { assertOnly, makeJail } from './jail.js'
import { mutated } from './mutate.js'

const { unpackWheel } = await setupModule<{
  unpackWheel(wheel: string, folder: string, placeOf: (name: string) => string | null): Promise<number>
}>('wheel')

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-archives-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const json = Buffer.from('{"a": 1}')
const plain: readonly Member[] = [
  { name: 'p/data.json', data: json },
  { name: 'p/b.bin', data: Buffer.alloc(2000, 7) },
]
const packed = (data: Uint8Array): Member => ({
  name: 'p/data.json',
  data: deflateRawSync(data),
  method: 8,
  size: data.length,
})
const named = (name: string): Buffer => zip([...plain, { name, data: json }])

/** Archives that are not what they should be. */
const ARCHIVES: ReadonlyMap<string, () => Buffer> = new Map([
  ...[
    '../evil',
    '../../evil',
    '/evil',
    '/etc/evil',
    'p/../../evil',
    '..\\evil',
    'C:\\evil',
    'p/../../other/secret.txt',
    '\u0000evil',
    'p/x\u0000.json',
    '',
    '.',
    '..',
    'p/',
    '~/evil',
    'link/evil',
    `${'x'.repeat(300)}`,
    `${'d/'.repeat(2000)}x`,
  ].map((name): [string, () => Buffer] => [`the name ${JSON.stringify(name.slice(0, 30))}`, () => named(name)]),
  ['a name twice', () => zip([...plain, ...plain])],
  ['an encrypted entry', () => zip(plain.map((member) => ({ ...member, flags: 1 })))],
  ['an unknown method', () => zip(plain.map((member) => ({ ...member, method: 99 })))],
  ['a wrong checksum', () => zip(plain.map((member) => ({ ...member, crc: 1 })))],
  ['a size that is too small', () => zip(plain.map((member) => ({ ...member, size: 3 })))],
  ['a size that is too large', () => zip(plain.map((member) => ({ ...member, size: 1e9 })))],
  [
    'sizes of zip64 that lie',
    () =>
      zip(
        plain.map((member) => ({ ...member, size: 2 ** 52 })),
        { zip64: true },
      ),
  ],
  ['entries over each other', () => zip(plain.map((member) => ({ ...member, at: 0 })))],
  ['a place outside the archive', () => zip(plain.map((member) => ({ ...member, at: 2 ** 31 })))],
  ['a count that lies', () => zip(plain, { count: 60_000 })],
  [
    'a hundred thousand entries',
    () => zip(Array.from({ length: 60_000 }, (_, i) => ({ name: `p/${i}`, data: Buffer.alloc(0) }))),
  ],
  ['256 MiB in a megabyte', () => zip([packed(Buffer.alloc(2 ** 28))])],
  ['256 MiB that says it is small', () => zip([{ ...packed(Buffer.alloc(2 ** 28)), size: 100 }])],
  ['an archive in an archive', () => zip([{ name: 'p/data.json', data: zip([packed(Buffer.alloc(2 ** 20))]) }])],
  ['nothing', () => Buffer.alloc(0)],
  ['an end without a directory', () => zip([]).subarray(-22)],
  [
    'a directory at a place outside',
    () => {
      const bytes = zip(plain)
      bytes.writeUInt32LE(0xfffffff0, bytes.length - 6)
      return bytes
    },
  ],
  [
    'a directory of four gigabytes',
    () => {
      const bytes = zip(plain)
      bytes.writeUInt32LE(0xfffffff0, bytes.length - 10)
      return bytes
    },
  ],
  ['text in front of it', () => assemble('#!/bin/sh\n', zip(plain))],
  ...Array.from({ length: 400 }, (_, i): [string, () => Buffer] => [`change ${i}`, () => zip(plain)]),
])

const READERS: ReadonlyMap<string, (file: string, into: string) => Promise<unknown>> = new Map<
  string,
  (file: string, into: string) => Promise<unknown>
>([
  ['readWheelJson', (file) => readWheelJson(file, 'p/data.json')],
  ['openTorchFile', (file) => openTorchFile(file).then((torch) => torch.close())],
  [
    'unpackWheel',
    async (file, into) => {
      try {
        await unpackWheel(file, into, (name) => name)
      } catch (error) {
        // Set-up runs without lib: its errors are plain ones, and its caller's message is the one that is shown.
        throw error instanceof Error && !(error instanceof TypeError)
          ? new UserError(error.message.slice(0, 300))
          : error
      }
    },
  ],
])

const attempt = async ([archive, reader]: readonly [string, string], { random }: Trial): Promise<void> => {
  const jail = makeJail()
  const whole = ARCHIVES.get(archive)!()
  const file = path.join(folder, 'x.whl')
  writeFileSync(file, archive.startsWith('change') ? mutated(whole, random) : whole)
  const into = path.join(jail.work, 'into')
  mkdirSync(into)
  await readsOrRefuses(() => READERS.get(reader)!(file, into), { megabytes: 1500, seconds: 20 })
  assertOnly(jail.changes(), ['work/into'], archive)
}

test(
  ...trials(
    'an archive with hostile names, sizes, places or bytes is read, or refused, and nothing outside its folder changes',
    {
      cases: [...ARCHIVES.keys()].flatMap((archive) => [...READERS.keys()].map((reader) => [archive, reader] as const)),
      sample: 150,
    },
    attempt,
  ),
)

test('what an archive says of its sizes bounds what is written', async () => {
  const file = path.join(folder, 'bomb.whl')
  writeFileSync(file, zip([{ ...packed(Buffer.alloc(2 ** 26)), size: 100 }]))
  const into = path.join(folder, 'bomb')
  await assert.rejects(
    unpackWheel(file, into, (name) => name),
    /more than the 100 bytes/,
  )
  assert.ok(readFileSync(path.join(into, 'p/data.json')).length <= 100)
})

test('an archive whose folders lie in one another by the thousand is refused before one is made', async () => {
  const file = path.join(folder, 'deep.whl')
  writeFileSync(file, named(`${'d/'.repeat(2000)}x`))
  const into = path.join(folder, 'deep')
  mkdirSync(into)
  await assert.rejects(
    unpackWheel(file, into, (name) => name),
    /^Error: .*d\/d\/.*… is more than 64 folders deep$/,
  )
  assert.equal(existsSync(path.join(into, 'd')), false)
})
