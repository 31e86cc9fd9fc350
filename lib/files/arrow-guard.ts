import { type Data, MessageHeader, type RecordBatch, Type } from 'apache-arrow'
import type { Block } from 'apache-arrow/fb/block'
import { DictionaryBatch as DictionaryHeader } from 'apache-arrow/fb/dictionary-batch'
import type { Field } from 'apache-arrow/fb/field'
import { Footer } from 'apache-arrow/fb/footer'
import { Message } from 'apache-arrow/fb/message'
import { RecordBatch as BatchHeader } from 'apache-arrow/fb/record-batch'
import { Schema } from 'apache-arrow/fb/schema'
import { ByteBuffer } from 'flatbuffers'

/** Maximum number of columns, those inside others included, and of their entries of metadata. */
const MAX_FIELDS = 100_000
/** Maximum nesting of columns. */
const MAX_DEPTH = 16
/** Bytes of a field node and of a buffer's place in a message. */
const ENTRY = 16
/** Bytes of a message's place in the table of contents. */
const BLOCK = 24
/** Mark before the length of a message. */
const CONTINUATION = -1
const MAGIC = 'ARROW1'

/** Error of bytes that Arrow's parser must not be given. */
class NotArrow extends Error {}

/** Says what is wrong with bytes that were refused, by a check of this file or by Arrow's parser. */
export function damageOf(error: unknown): string {
  // The parser's own errors are about its variables.
  return error instanceof NotArrow ? error.message : 'bytes that are none'
}

/**
 * Checks the lengths and places in an Arrow IPC file or stream before it is parsed: Arrow's parser believes them, so that a
 * file of some hundred bytes can keep it busy for ever or fill memory.
 *
 * @throws Error for {@link damageOf}
 */
export function checkLengths(bytes: Uint8Array): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (buffer.toString('latin1', 0, MAGIC.length) === MAGIC) checkFile(buffer)
  else for (let at = 0; at < buffer.length; ) at = checkMessage(buffer, at)
}

function checkFile(buffer: Buffer): void {
  const end = buffer.length - MAGIC.length - 4
  const length = end < 8 ? -1 : buffer.readInt32LE(end)
  need(length > 0 && length <= end - 8, `a table of contents of ${length} bytes`)
  const footer = Footer.getRootAsFooter(new ByteBuffer(buffer.subarray(end - length, end)))
  checkSchema(footer.schema())
  const counts = [footer.dictionariesLength(), footer.recordBatchesLength()] as const
  need(
    counts[0] >= 0 && counts[1] >= 0 && (counts[0] + counts[1]) * BLOCK <= length,
    `${counts[0]} and ${counts[1]} batches`,
  )
  const places = (count: number, kind: MessageHeader, place: (i: number) => Block | null) =>
    Array.from({ length: count }, (_, i) => ({ start: place(i)!.offset(), kind }))
  const messages = [
    ...places(counts[0], MessageHeader.DictionaryBatch, (i) => footer.dictionaries(i)),
    ...places(counts[1], MessageHeader.RecordBatch, (i) => footer.recordBatches(i)),
  ].sort((a, b) => (a.start < b.start ? -1 : 1))
  let free = 8
  for (const { start, kind } of messages) {
    need(start >= free && start < end, `a batch at byte ${start}, where there is none`)
    free = checkMessage(buffer, Number(start), kind)
  }
}

/**
 * Checks the message at a place of a stream and returns the place after its body.
 *
 * @param kind the kind that it must have; Arrow's parser never gets past another one in a file. Default: any
 */
function checkMessage(buffer: Buffer, start: number, kind?: MessageHeader): number {
  if (start + 8 > buffer.length) return buffer.length
  const marked = buffer.readInt32LE(start) === CONTINUATION
  const at = start + (marked ? 8 : 4)
  const length = buffer.readInt32LE(at - 4)
  if (length === 0) return buffer.length
  need(length > 0 && at + length <= buffer.length, `a message of ${length} bytes`)
  const message = Message.getRootAsMessage(new ByteBuffer(buffer.subarray(at, at + length)))
  const body = message.bodyLength()
  const room = buffer.length - at - length
  need(body >= 0 && body <= room, `a body of ${body} bytes where there are ${room}`)
  const found = Number(message.headerType())
  need(kind === undefined || found === kind, `a message of kind ${found} in the place of a batch`)
  switch (found) {
    case MessageHeader.Schema:
      checkSchema(message.header(new Schema()) as Schema | null)
      break
    case MessageHeader.RecordBatch:
      checkBatch(message.header(new BatchHeader()) as BatchHeader | null, length, body)
      break
    case MessageHeader.DictionaryBatch:
      checkBatch((message.header(new DictionaryHeader()) as DictionaryHeader | null)?.data() ?? null, length, body)
      break
    default:
      need(false, `a message of kind ${found}`)
  }
  return at + length + Number(body)
}

function checkSchema(schema: Schema | null): void {
  need(schema !== null, 'no schema')
  let left = MAX_FIELDS
  const spend = (count: number): number => {
    left -= count
    need(count >= 0 && left >= 0, `a schema of more than ${MAX_FIELDS} columns`)
    return count
  }
  const check = (field: Field | null, depth: number): void => {
    need(field !== null && depth <= MAX_DEPTH, `columns inside columns, ${depth} levels deep`)
    spend(field!.customMetadataLength())
    const children = spend(field!.childrenLength())
    for (let i = 0; i < children; i++) check(field!.children(i), depth + 1)
  }
  spend(schema!.customMetadataLength())
  const fields = spend(schema!.fieldsLength())
  for (let i = 0; i < fields; i++) check(schema!.fields(i), 1)
}

/** Checks that the buffers of a batch share no bytes of its body: their sum is then no larger. */
function checkBatch(batch: BatchHeader | null, metadata: number, body: bigint): void {
  need(batch !== null, 'a batch without a header')
  const [nodes, buffers, variadic] = [batch!.nodesLength(), batch!.buffersLength(), batch!.variadicBufferCountsLength()]
  need(nodes >= 0 && buffers >= 0 && (nodes + buffers) * ENTRY <= metadata, `${nodes} columns and ${buffers} buffers`)
  need(variadic === 0, 'columns of views')
  let sum = 0n
  for (let i = 0; i < buffers; i++) {
    const [offset, length] = [batch!.buffers(i)!.offset(), batch!.buffers(i)!.length()]
    need(offset >= 0 && length >= 0 && offset + length <= body, `a buffer up to byte ${offset + length} of ${body}`)
    sum += length
  }
  need(sum <= body, `buffers of ${sum} bytes in a body of ${body}`)
}

/**
 * Checks that the columns of a parsed batch hold as many values as they say.
 *
 * @throws Error for {@link damageOf}, which names the column
 */
export function checkColumns({ schema, data }: RecordBatch): void {
  schema.fields.forEach(({ name }, i) => {
    const column = data.children[i]
    need(
      column !== undefined && column.length >= data.length && holds(column),
      `too few values in column ${JSON.stringify(name.slice(0, 100))}`,
    )
  })
  need(schema.fields.length > 0 || data.length === 0, `${data.length} rows without a column`)
}

/** Types whose values are in one array, one after the other. */
const FLAT = new Set<Type>([
  Type.Int,
  Type.Float,
  Type.Date,
  Type.Time,
  Type.Timestamp,
  Type.Duration,
  Type.Decimal,
  Type.FixedSizeBinary,
])

/** Returns whether the buffers of a column hold as many values as it says; false for types that are never written here. */
function holds(data: Data): boolean {
  const { length, typeId, values, valueOffsets, children, nullBitmap } = data
  if (!Number.isSafeInteger(length) || length < 0) return false
  if (data.nullCount > 0 && 8 * (nullBitmap?.length ?? 0) < length) return false
  if (FLAT.has(typeId)) return (values?.length ?? 0) >= length * data.stride
  if (typeId === Type.Bool) return 8 * (values?.length ?? 0) >= length
  if (typeId === Type.Utf8 || typeId === Type.Binary) return ascends(valueOffsets, length, values?.length ?? 0)
  if (typeId === Type.List)
    return children.length === 1 && ascends(valueOffsets, length, children[0]!.length) && holds(children[0]!)
  if (typeId === Type.FixedSizeList)
    return children.length === 1 && children[0]!.length >= length * data.stride && holds(children[0]!)
  if (typeId === Type.Struct)
    return children.length > 0 && children.every((child) => child.length >= length && holds(child))
  return typeId === Type.Dictionary && isIndexed(data)
}

/** Returns whether offsets of so many values ascend from 0 or more to at most `end`. */
function ascends(offsets: ArrayLike<number | bigint> | undefined, length: number, end: number): boolean {
  if (length === 0) return true
  if (offsets === undefined || offsets.length <= length || Number(offsets[0]) < 0) return false
  for (let i = 0; i < length; i++) if (offsets[i + 1]! < offsets[i]!) return false
  return Number(offsets[length]) <= end
}

function isIndexed({ length, values, dictionary, nullBitmap, nullCount, offset }: Data): boolean {
  const words = dictionary?.data ?? []
  if (values === undefined || values.length < length || !words.every(holds)) return false
  const count = dictionary?.length ?? 0
  for (let i = 0; i < length; i++) {
    const index = Number(values[i])
    const isNull = nullCount > 0 && (nullBitmap[(offset + i) >> 3]! & (1 << ((offset + i) & 7))) === 0
    if (!isNull && !(index >= 0 && index < count)) return false
  }
  return true
}

function need(right: boolean, found: string): void {
  if (!right) throw new NotArrow(found)
}
