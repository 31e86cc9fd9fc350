import {
  Bool,
  Data,
  Field,
  Float16,
  Float32,
  Int32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Uint16,
  Uint64,
} from 'apache-arrow'
import { type StepMeasures, UNKNOWN } from '../think/step-measures.js'
import { halfBits } from './half.js'

/** Arrays that a column of {@link StepMeasures} may be. */
export type Values = Int32Array | Uint8Array | Uint16Array | Float32Array | BigUint64Array

/** How a column is stored. */
export interface Column {
  readonly name: string
  /** An empty array of the column's values in memory. */
  readonly empty: Values
  readonly type: Bool | Float16 | Float32 | Int32 | Uint16 | Uint64
  readonly nullable?: boolean
}

/** Columns that name a row. */
const KEYS: readonly Column[] = [
  { name: 'puzzle', empty: new Int32Array(), type: new Int32() },
  { name: 'version', empty: new Int32Array(), type: new Int32() },
  { name: 'rollout', empty: new Uint16Array(), type: new Uint16() },
  { name: 'step', empty: new Uint16Array(), type: new Uint16() },
]

/**
 * Returns the columns of a recording, in order. Numbers that a selector compares are float32 as computed; changes of the
 * latents are float16, which is finer than float32 computes them: 2^-11 of the value, and at best 6e-8.
 */
export function stepColumns(
  criteria: readonly string[],
  has: { readonly continues: boolean; readonly guided: boolean; readonly scoredCells: boolean },
): readonly Column[] {
  const float = (name: string): Column => ({ name, empty: new Float32Array(), type: new Float32() })
  const half = (name: string): Column => ({ name, empty: new Float32Array(), type: new Float16() })
  const count = (name: string): Column => ({ name, empty: new Uint16Array(), type: new Uint16() })
  const flag = (name: string): Column => ({ name, empty: new Uint8Array(), type: new Bool() })
  return [
    ...KEYS,
    { name: 'hash', empty: new BigUint64Array(), type: new Uint64() },
    { ...flag('exact'), nullable: true },
    count('rightCells'),
    ...(has.scoredCells ? [count('scoredCells')] : []),
    ...criteria.map(flag),
    float('qHalt'),
    ...(has.continues ? [float('qContinue')] : []),
    half('deltaY'),
    half('deltaZ'),
    float('deltaLogits'),
    count('changed'),
    float('margin'),
    ...(has.guided ? [float('logWeight')] : []),
  ]
}

/** Returns the schema of columns. */
export function schemaOf(columns: readonly Column[]): Schema {
  return new Schema(columns.map(({ name, type, nullable = false }) => new Field(name, type, nullable)))
}

/** Returns the values of a column in the measurements of a step. @throws RangeError when they lack it. */
export function measured(measures: StepMeasures, { name }: Column): Values {
  if (name === 'step') return new Uint16Array(measures.size).fill(measures.step)
  const values = Object.hasOwn(measures.criteria, name)
    ? measures.criteria[name]
    : (measures as unknown as Readonly<Record<string, Values | undefined>>)[name]
  if (values?.length !== measures.size) throw new RangeError(`${measures.size} rows with ${values?.length} of ${name}`)
  return values
}

/** Returns columns of equal length as a record batch. */
export function batchOf(schema: Schema, columns: readonly Column[], values: readonly Values[]): RecordBatch {
  const length = values[0]!.length
  const children = columns.map((column, i) => columnData(column, values[i]!))
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }))
}

function columnData({ type, nullable = false }: Column, values: Values): Data {
  const { length } = values
  if (type instanceof Bool) {
    const data = bitmap(length, (i) => values[i] === 1)
    if (!nullable) return makeData({ type, length, nullCount: 0, data })
    let nullCount = 0
    for (const value of values) if (value === UNKNOWN) nullCount++
    if (nullCount === 0) return makeData({ type, length, nullCount, data })
    return makeData({ type, length, nullCount, data, nullBitmap: bitmap(length, (i) => values[i] !== UNKNOWN) })
  }
  const data = type instanceof Float16 ? Uint16Array.from(values as Float32Array, halfBits) : values
  return new Data(type, 0, length, 0, [undefined, data as Exclude<Values, Uint8Array>])
}

function bitmap(length: number, isSet: (i: number) => boolean): Uint8Array {
  const bits = new Uint8Array(((length + 63) >> 6) << 3)
  for (let i = 0; i < length; i++) if (isSet(i)) bits[i >> 3]! |= 1 << (i & 7)
  return bits
}
