import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import {
  Bool,
  Field,
  Float16,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  tableFromIPC,
  Uint64,
  vectorFromArray,
} from 'apache-arrow'
import { ArrowBatchWriter, readBatches } from '../../lib/files/arrow-batches.js'
import { temporaryFolder } from '../results/fixture.js'

const schema = new Schema([
  new Field('step', new Int32(), false),
  new Field('hash', new Uint64(), false),
  new Field('exact', new Bool(), true),
  new Field('delta', new Float16(), false),
])

function batch(from: number, size: number): RecordBatch {
  const of = <T>(value: (i: number) => T): T[] => Array.from({ length: size }, (_, i) => value(from + i))
  const children = [
    vectorFromArray(
      of((i) => i),
      new Int32(),
    ),
    vectorFromArray(
      of((i) => BigInt(i >> 5) << 40n),
      new Uint64(),
    ),
    vectorFromArray(
      of((i) => (i % 3 === 0 ? null : i % 3 === 1)),
      new Bool(),
    ),
    vectorFromArray(
      of((i) => i / 4),
      new Float16(),
    ),
  ].map((vector) => vector.data[0]!)
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: size, children }))
}

function written(): { file: string; parts: ArrowBatchWriter['parts'] } {
  const file = path.join(temporaryFolder(), 'table.arrow')
  const writer = new ArrowBatchWriter(file, schema)
  writer.write(batch(0, 1000))
  writer.write(batch(1000, 500))
  writer.write(batch(1500, 3))
  writer.end()
  return { file, parts: writer.parts }
}

const steps = (batches: Iterable<RecordBatch>): number[][] =>
  [...batches].map((each) => {
    const column = each.getChild('step')!
    return [column.get(0), column.length]
  })

test('batches of a compressed Arrow file are read one at a time, with the values that were written', () => {
  const { file, parts } = written()
  assert.deepEqual(
    parts.map(({ rows }) => rows),
    [0, 1000, 500, 3],
  )
  const [first, second, third] = [...readBatches(file, parts)]
  assert.deepEqual(first!.toArray().slice(0, 5).map(String), batch(0, 5).toArray().map(String))
  assert.equal(second!.numRows, 500)
  assert.deepEqual(third!.toArray().map(String), batch(1500, 3).toArray().map(String))
})

test('a compressed Arrow file is a whole Arrow IPC file, and shorter than an uncompressed one', () => {
  const { file } = written()
  const bytes = readFileSync(file)
  const table = tableFromIPC(bytes)
  assert.equal(table.numRows, 1503)
  assert.equal(table.getChild('step')!.get(1502), 1502)
  assert.ok(bytes.length < 1503 * 8, String(bytes.length))
})

test('a file that was cut gives its complete batches, then one error', () => {
  const { file, parts } = written()
  truncateSync(file, parts[0]!.bytes + parts[1]!.bytes + parts[2]!.bytes + 5)
  assert.deepEqual(steps(readBatches(file, parts.slice(0, 3))), [
    [0, 1000],
    [1000, 500],
  ])
  assert.throws(() => steps(readBatches(file, parts)), {
    name: 'UserError',
    message: /table\.arrow: expected 3 undamaged batches, found 2; the file ends in batch 3\./,
  })
})

test('a byte that changed is told with its batch', () => {
  const { file, parts } = written()
  const bytes = readFileSync(file)
  bytes[parts[0]!.bytes + parts[1]!.bytes + 200]! ^= 1
  writeFileSync(file, bytes)
  assert.throws(() => steps(readBatches(file, parts)), {
    name: 'UserError',
    message: /expected 3 undamaged batches, found 1; the bytes differ in batch 2\./,
  })
})

test('an existing file is not overwritten', () => {
  const { file } = written()
  assert.throws(() => new ArrowBatchWriter(file, schema), {
    name: 'UserError',
    message: /table\.arrow: expected a writable path/,
  })
})
