import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { tableToIPC } from 'apache-arrow'
import { readRecords } from '../../lib/data/csv.js'
import { readArrow } from '../../lib/files/arrow.js'
import { ArrowBatchWriter, readBatches } from '../../lib/files/arrow-batches.js'
import { rowsOfTable, tableOfRows } from '../../lib/files/arrow-rows.js'
import { sha256 } from '../../lib/files/atomic.js'
import { readConfigFile } from '../../lib/files/config-file.js'
import { type JsonObject, jsonText, readJson } from '../../lib/files/json.js'
import { sealJson } from '../../lib/files/sealed-json.js'
import { readStrictJson } from '../../lib/files/strict-json.js'
import { loadDataset, saveDataset, sudoku } from '../../lib/index.js'
import { scanNpy } from '../../lib/interop/formats/npy.js'
import { parseNotebook } from '../../lib/notebook/notebook.js'
import type { Random } from '../../lib/random.js'
import { readTask } from '../../lib/tasks/arc/read.js'
import { smallFolder, writeFolder } from '../data/published-folder.js'
import { type Trial, trials } from '../trials.js'
import { readsOrRefuses } from './holds.js'
import { mutated, pick } from './mutate.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-hostile-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const rows = tableOfRows(
  Array.from({ length: 20 }, (_, i) => ({
    step: i,
    loss: i / 3,
    name: `n${i}`,
    on: i % 2 === 0,
    big: 2n ** 60n + BigInt(i),
    at: new Date(i),
  })),
  ['step'],
)
const task = {
  train: [
    {
      input: [
        [0, 1],
        [2, 3],
      ],
      output: [[3, 2]],
    },
  ],
  test: [{ input: [[9]], output: [[1, 1]] }],
}
const notebook = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {},
  cells: [
    { cell_type: 'code', metadata: { tags: ['a'] }, source: ['let a = 1\n'], outputs: [], execution_count: null },
  ],
}
const yaml =
  'arch:\n  name: recursive@Trm\n  H_cycles: 3\n  list: [1, 2, "x"]\n  base: &a {p: 1}\n  other: *a\nlr: 0.0001\n'

/** Own data set on disk, its files by name. */
const stored = path.join(folder, 'stored')
const published = writeFolder(path.join(folder, 'published'), smallFolder())
const batches = path.join(folder, 'batches.arrow')
const writer = new ArrowBatchWriter(batches, rows.schema)
for (const batch of rows.batches) writer.write(batch)
writer.end()

const npy = readFileSync(path.join(published, 'train/all__labels.npy'))
const written = (name: string, bytes: Uint8Array): string => {
  const file = path.join(folder, name)
  writeFileSync(file, bytes)
  return file
}

/** Readers of one file, with a valid one. */
const FILES: ReadonlyMap<string, { readonly valid: Buffer; readonly read: (bytes: Buffer) => unknown }> = new Map([
  [
    'an Arrow file',
    {
      valid: Buffer.from(tableToIPC(rows, 'file')),
      read: (bytes) => rowsOfTable(readArrow(written('x.arrow', bytes))),
    },
  ],
  [
    'compressed Arrow batches',
    {
      valid: readFileSync(batches),
      // Whoever changes a recording changes its notes on it too.
      read: (bytes) => {
        let at = 0
        const now = writer.parts.map(({ bytes: length, rows: count }) => {
          const part = bytes.subarray(at, at + length)
          at += length
          return { bytes: length, rows: count, sha256: sha256(part) }
        })
        for (const batch of readBatches(written('x-batches.arrow', bytes), now)) batch.toArray()
      },
    },
  ],
  ['a .npy file', { valid: npy, read: (bytes) => scanNpy(written('x.npy', bytes), () => () => {}) }],
  [
    'a CSV file',
    {
      valid: Buffer.from('source,question,answer\na,"1,2",3\nb,"x ""y""",z\n'),
      read: (bytes) =>
        readRecords(written('x.csv', bytes), { delimiter: ',', quotes: true }, (record) => record.text(0)),
    },
  ],
  ['a JSON file', { valid: Buffer.from(jsonText(task)), read: (bytes) => readStrictJson(written('x.json', bytes)) }],
  ['a JSON record', { valid: Buffer.from(jsonText(task)), read: (bytes) => readJson(written('x.json', bytes)) }],
  ['a task of ARC', { valid: Buffer.from(JSON.stringify(task)), read: (bytes) => readTask(written('0.json', bytes)) }],
  ['a configuration in YAML', { valid: Buffer.from(yaml), read: (bytes) => readConfigFile(written('x.yaml', bytes)) }],
  [
    'a notebook',
    { valid: Buffer.from(JSON.stringify(notebook)), read: (bytes) => parseNotebook(bytes.toString(), 'x.ipynb') },
  ],
])

const changes = (count: number): string[] =>
  [...FILES.keys()].flatMap((name) => Array.from({ length: count }, () => name))

test('the unchanged files are read', async () => {
  for (const { valid, read } of FILES.values()) await read(valid)
})

test(
  ...trials(
    'a changed file of any format is read, or refused by one error, in bounded time and memory',
    { cases: changes(1000), sample: 720 },
    async (name, { random }) => {
      const { valid, read } = FILES.get(name)!
      await readsOrRefuses(() => read(mutated(valid, random)), { megabytes: 200 })
    },
  ),
)

/** Changes one file of a data set's folder and seals the manifest anew, as whoever hands out a hostile one does. */
function changedFolder(source: string, random: Random): string {
  const place = path.join(folder, 'changed')
  rmSync(place, { recursive: true, force: true })
  const names = (readdirSync(source, { recursive: true }) as string[]).filter((name) => /\.\w+$/.test(name))
  const chosen = pick(random, names)
  for (const name of names) {
    const bytes = readFileSync(path.join(source, name))
    mkdirSync(path.dirname(path.join(place, name)), { recursive: true })
    writeFileSync(path.join(place, name), name === chosen && name !== 'manifest.json' ? mutated(bytes, random) : bytes)
  }
  if (!names.includes('manifest.json')) return place
  const manifest = readJson(path.join(source, 'manifest.json')) as {
    files: Record<string, { name: string; sha256: string }>
  } & JsonObject
  for (const file of Object.values(manifest.files)) file.sha256 = sha256(readFileSync(path.join(place, file.name)))
  const keys = Object.keys(manifest).filter((key) => !['formatVersion', 'checksum'].includes(key))
  if (chosen === 'manifest.json')
    (manifest as JsonObject)[pick(random, keys)] = pick(random, [
      0,
      -1,
      1e9,
      2 ** 53,
      '',
      '../..',
      '/etc/passwd',
      null,
      [],
      {},
      { train: 1 },
    ])
  const { checksum: _, ...content } = manifest
  writeFileSync(path.join(place, 'manifest.json'), jsonText(sealJson(content)))
  return place
}

test(
  ...trials(
    'a changed folder of a data set, its checksums made right, is read, or refused by one error',
    {
      cases: async () => {
        saveDataset(await sudoku({ box: '2x2', train: 4, test: 2 }), stored)
        return Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? stored : published))
      },
      sample: 100,
    },
    async (source: string, { random }: Trial) => {
      assert.ok(loadDataset(source))
      await readsOrRefuses(() => loadDataset(changedFolder(source, random)), { megabytes: 400 })
    },
  ),
)

const MILLION = 1_000_000
const HUGE: ReadonlyMap<string, () => unknown> = new Map<string, () => unknown>([
  ['a line of 200 MB in a CSV file', () => FILES.get('a CSV file')!.read(Buffer.alloc(200 * MILLION, 'x'))],
  ['a million columns in a CSV file', () => FILES.get('a CSV file')!.read(Buffer.from(`${'a,'.repeat(MILLION)}\n`))],
  ['a quoted field of 200 MB', () => FILES.get('a CSV file')!.read(Buffer.alloc(200 * MILLION, '"'))],
  ['a CSV file of NUL', () => FILES.get('a CSV file')!.read(Buffer.alloc(10 * MILLION))],
  ...['a JSON file', 'a JSON record', 'a task of ARC', 'a notebook', 'a configuration in YAML'].flatMap(
    (name): [string, () => unknown][] => [
      [
        `a hundred thousand levels in ${name}`,
        () => FILES.get(name)!.read(Buffer.from(`${'{"a":['.repeat(100_000)}${']}'.repeat(100_000)}`)),
      ],
      [
        `a number of a million digits in ${name}`,
        () => FILES.get(name)!.read(Buffer.from(`{"a": ${'9'.repeat(MILLION)}}`)),
      ],
      [
        `a key of ten million characters, twice, in ${name}`,
        () =>
          FILES.get(name)!.read(Buffer.from(`{"${'k'.repeat(10 * MILLION)}": 1, "${'k'.repeat(10 * MILLION)}": 1}`)),
      ],
    ],
  ),
  [
    'aliases of aliases in YAML',
    () =>
      FILES.get('a configuration in YAML')!.read(
        Buffer.from(
          `a0: &a0 [x]\n${Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i},*a${i},*a${i}]`).join('\n')}\n`,
        ),
      ),
  ],
  [
    'merges of merges in YAML',
    () =>
      FILES.get('a configuration in YAML')!.read(
        Buffer.from(
          `a0: &a0 {x: 1}\n${Array.from({ length: 60 }, (_, i) => `a${i + 1}: &a${i + 1} {<<: [*a${i}, *a${i}]}`).join('\n')}\n`,
        ),
      ),
  ],
  ['sixty thousand open brackets in YAML', () => FILES.get('a configuration in YAML')!.read(Buffer.alloc(60_000, '['))],
  [
    'a tag of code in YAML',
    () =>
      FILES.get('a configuration in YAML')!.read(
        Buffer.from('a: !!js/function "function () {}"\nb: !!python/object/apply:os.system [x]\n'),
      ),
  ],
  [
    'a header of .npy with a billion rows',
    () =>
      FILES.get('a .npy file')!.read(
        Buffer.concat([
          Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
          Buffer.of(60, 0),
          Buffer.from("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,)}".slice(0, 60)),
        ]),
      ),
  ],
])

test(
  ...trials(
    'a file of one huge thing is refused by one error, or read, within seconds and in bounded memory',
    { cases: [...HUGE.keys()], sample: 12 },
    async (name) => {
      await readsOrRefuses(HUGE.get(name)!, { megabytes: 1200 })
    },
  ),
)
