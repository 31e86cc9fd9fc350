import { Field, FixedSizeList, Int32, makeData, RecordBatch, Schema, Struct, Uint8, Uint64 } from 'apache-arrow'
import { tokenColumn } from '../data/arrow.js'

/** One of the distinct answers of a version of a puzzle. */
export interface AnswerRow {
  readonly puzzle: number
  readonly version: number
  readonly hash: bigint
  /** `[seqLen]` */
  readonly answer: Uint8Array
}

/** Returns answers as a batch of {@link answersSchema}. */
export function answersBatch(rows: readonly AnswerRow[], seqLen: number): RecordBatch {
  const length = rows.length
  const tokens = new Uint8Array(length * seqLen)
  for (const [i, { answer }] of rows.entries()) tokens.set(answer, i * seqLen)
  const schema = answersSchema(seqLen)
  const children = [
    makeData({ type: new Int32(), length, nullCount: 0, data: Int32Array.from(rows, ({ puzzle }) => puzzle) }),
    makeData({ type: new Int32(), length, nullCount: 0, data: Int32Array.from(rows, ({ version }) => version) }),
    makeData({ type: new Uint64(), length, nullCount: 0, data: BigUint64Array.from(rows, ({ hash }) => hash) }),
    tokenColumn(tokens, length, seqLen).data[0]!,
  ]
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }))
}

/** Returns the schema of the table of answers. */
export function answersSchema(seqLen: number): Schema {
  return new Schema([
    new Field('puzzle', new Int32(), false),
    new Field('version', new Int32(), false),
    new Field('hash', new Uint64(), false),
    new Field('answer', new FixedSizeList(seqLen, new Field('item', new Uint8(), false)), false),
  ])
}
