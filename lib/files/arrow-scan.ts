import {
  type DataType,
  type Field,
  RecordBatchReader,
  type Schema,
  Table,
  tableFromIPC,
  tableToIPC,
} from 'apache-arrow'
import { Footer } from 'apache-arrow/ipc/metadata/file'
import { Message } from 'apache-arrow/ipc/metadata/message'
import { UserError } from '../errors.js'
import type { OpenFile } from './pieces.js'

const MAGIC = 'ARROW1'
/** Bytes of the mark that begins a file, with its padding. */
const MAGIC_BYTES = 8
/** Bytes after the table of contents of a file: its length, and the mark again. */
const END_BYTES = 10
/** Mark before the length of a message. */
const CONTINUATION = 0xffffffff
/** Length of a message's description, and of a table of contents, at most. */
const MOST_METADATA = 2 ** 26
/** Bytes of a batch up to which its values are decoded; of a larger one only the description is read. */
const DECODED = 2 ** 25

/** A region of the file that holds one buffer of a batch. */
export interface BufferPlace {
  readonly from: number
  readonly bytes: number
}

/** A record batch of a file, by its description. */
export interface BatchPlace {
  readonly rows: number
  /** Regions of its buffers, depth-first by column. */
  readonly buffers: readonly BufferPlace[]
  readonly nodes: readonly { readonly length: number; readonly nullCount: number }[]
  readonly isCompressed: boolean
  /** Place and length of the message with its body. */
  readonly from: number
  readonly bytes: number
}

/** The structure of an Arrow IPC file, or of an Arrow IPC stream. */
export interface ArrowScan {
  readonly schema: Schema
  readonly batches: readonly BatchPlace[]
  readonly rows: number
}

/**
 * Reads the structure of an Arrow IPC file, or of an Arrow IPC stream that may not be ended: the schema, and where each batch
 * and each of its buffers lies. Values are not read: memory does not depend on the size of the file.
 *
 * @param to end of the complete part of a stream. Default: the end of the file
 * @throws UserError when a message is damaged, or a region lies outside the file.
 */
export function scanArrow(open: OpenFile, to: number = open.size): ArrowScan {
  try {
    const isFile = open.read(0, MAGIC.length).toString('latin1') === MAGIC
    const { schema, batches } = isFile ? fileBatches(open, to) : streamBatches(open, to)
    if (!schema) throw damaged(open, 'no schema')
    return { schema, batches, rows: batches.reduce((sum, { rows }) => sum + rows, 0) }
  } catch (error) {
    if (error instanceof UserError) throw error
    throw damaged(open, error instanceof Error ? error.message : String(error), error)
  }
}

/**
 * Returns the values of a batch as a table; null for a batch that is too large to be worth it.
 *
 * @throws UserError when they cannot be decoded.
 */
export function decodeBatch(open: OpenFile, schema: Schema, batch: BatchPlace): Table | null {
  if (batch.bytes > DECODED) return null
  try {
    const head = tableToIPC(new Table(schema, []), 'stream').subarray(0, -MAGIC_BYTES)
    const end = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0)
    return tableFromIPC(RecordBatchReader.from(Buffer.concat([head, open.read(batch.from, batch.bytes), end])))
  } catch (error) {
    throw damaged(open, error instanceof Error ? error.message : String(error), error)
  }
}

interface Batches {
  readonly schema: Schema | null
  readonly batches: BatchPlace[]
}

/** Reads the table of contents at the end of a file, and the descriptions that it names. */
function fileBatches(open: OpenFile, to: number): Batches {
  const end = open.read(to - END_BYTES, END_BYTES)
  if (to < MAGIC_BYTES + END_BYTES || end.toString('latin1', 4) !== MAGIC)
    throw damaged(open, `a truncated one (${to} bytes)`)
  const length = end.readInt32LE(0)
  const from = to - END_BYTES - length
  if (length <= 0 || length > MOST_METADATA || from < MAGIC_BYTES)
    throw damaged(open, `a table of contents of ${length} bytes`)
  const footer = Footer.decode(open.read(from, length))
  if (footer.numDictionaries > 0) throw damaged(open, 'dictionaries, which Recurlab does not write')
  const batches: BatchPlace[] = []
  let at = MAGIC_BYTES
  for (const { offset, metaDataLength, bodyLength } of footer.recordBatches()) {
    if (offset < at || offset + metaDataLength + bodyLength > from)
      throw damaged(open, `batch ${batches.length + 1} at byte ${offset}, outside its place`)
    const message = messageAt(open, offset, from)
    if (!message?.batch) throw damaged(open, `something else in place of batch ${batches.length + 1}`)
    at = offset + metaDataLength + bodyLength
    if (message.next !== at) throw damaged(open, `batch ${batches.length + 1} of another length`)
    batches.push(message.batch)
  }
  return { schema: footer.schema, batches }
}

function streamBatches(open: OpenFile, to: number): Batches {
  const batches: BatchPlace[] = []
  let schema: Schema | null = null
  for (let at = 0; at < to; ) {
    const message = messageAt(open, at, to)
    // The mark of the end.
    if (!message) break
    if (message.schema) schema = message.schema
    else if (message.batch) batches.push(message.batch)
    else throw damaged(open, 'dictionaries, which Recurlab does not write')
    at = message.next
  }
  return { schema, batches }
}

interface MessageAt {
  readonly schema?: Schema
  readonly batch?: BatchPlace
  /** Place after its body. */
  readonly next: number
}

/** Reads the description of a message; null at the mark of a stream's end. */
function messageAt(open: OpenFile, from: number, to: number): MessageAt | null {
  const prefix = open.read(from, 8)
  if (prefix.length < 8 || prefix.readUInt32LE(0) !== CONTINUATION) throw damaged(open, `no message at byte ${from}`)
  const length = prefix.readInt32LE(4)
  if (length === 0) return null
  if (length < 0 || length > MOST_METADATA || from + 8 + length > to)
    throw damaged(open, `a message of ${length} bytes at byte ${from}`)
  const message = Message.decode(open.read(from + 8, length))
  const body = from + 8 + length
  const next = body + message.bodyLength
  if (next > to) throw damaged(open, `a message that ends at byte ${next} of ${to}`)
  if (message.isSchema()) return { schema: message.header(), next }
  if (!message.isRecordBatch()) return { next }
  const header = message.header()
  const buffers = header.buffers.map((region) => ({ from: body + region.offset, bytes: region.length }))
  if (buffers.some(({ from: at, bytes }) => at < body || bytes < 0 || at + bytes > next))
    throw damaged(open, `a buffer outside its batch at byte ${from}`)
  return {
    batch: {
      rows: header.length,
      buffers,
      nodes: header.nodes,
      isCompressed: header.compression !== null,
      from,
      bytes: next - from,
    },
    next,
  }
}

function damaged(open: OpenFile, found: string, cause?: unknown): UserError {
  return new UserError(
    { where: open.file, expected: 'a complete Arrow IPC file', found, todo: 'The file is damaged: copy it again.' },
    { cause },
  )
}

/**
 * Returns where the values of a column without nulls lie, batch by batch, in a file without compression: those of the
 * elements for a column of lists.
 *
 * @throws UserError when there is no such column of this type, or it is compressed or has nulls.
 */
export function columnPlaces(
  { schema, batches }: ArrowScan,
  open: OpenFile,
  name: string,
  type: DataType,
): BufferPlace[] {
  const index = schema.fields.findIndex((field) => field.name === name)
  const field = schema.fields[index]
  const wrong = (found: string): UserError =>
    new UserError({ where: open.file, expected: `a column ${name} of ${type}`, found, todo: 'Build it again.' })
  if (!field || String(field.type) !== String(type)) throw wrong(String(field?.type ?? 'none'))
  const before = schema.fields.slice(0, index)
  const firstBuffer = before.reduce((sum, one) => sum + buffersOf(one), 0)
  const firstNode = before.reduce((sum, one) => sum + nodesOf(one), 0)
  return batches.map(({ buffers, nodes, isCompressed }) => {
    if (isCompressed) throw wrong('a compressed one')
    for (let node = firstNode; node < firstNode + nodesOf(field); node++)
      if (nodes[node]?.nullCount !== 0) throw wrong('one with nulls')
    const place = buffers[firstBuffer + buffersOf(field) - 1]
    const values = nodes[firstNode + nodesOf(field) - 1]!.length
    if (!place || place.bytes < values * widthOf(field)) throw wrong('one without its values')
    return { from: place.from, bytes: values * widthOf(field) }
  })
}

function nodesOf({ type }: Field): number {
  return 1 + childrenOf(type).reduce((sum, child) => sum + nodesOf(child), 0)
}

/** Returns the buffers of a column: validity and values; offsets too for texts; validity and the elements' for fixed-size lists. */
function buffersOf({ type }: Field): number {
  const children = childrenOf(type)
  if (children.length > 0) return 1 + children.reduce((sum, child) => sum + buffersOf(child), 0)
  return /^(Utf8|Binary|LargeUtf8|LargeBinary)$/.test(String(type)) ? 3 : 2
}

/** Returns the bytes of a value of a column of numbers, or of an element of a column of lists. */
function widthOf({ type }: Field): number {
  const [child] = childrenOf(type)
  return child ? widthOf(child) : Number(/\d+$/.exec(String(type))?.[0] ?? 8) / 8
}

function childrenOf(type: DataType): readonly Field[] {
  return (type.children as readonly Field[] | null) ?? []
}
