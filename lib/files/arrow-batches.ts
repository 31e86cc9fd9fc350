import {
  CompressionType,
  compressionRegistry,
  type RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  type Schema,
  Table,
  tableToIPC,
} from 'apache-arrow'
import { UserError } from '../errors.js'
import { checkColumns, checkLengths, damageOf } from './arrow-guard.js'
import { notWritable, sha256, unreadable, writeAll } from './atomic.js'
import { lz4Compress, lz4Decompress } from './lz4.js'
import { fileOperations as fs } from './operations.js'
import { openRegular } from './regular.js'

compressionRegistry.set(CompressionType.LZ4_FRAME, { encode: lz4Compress, decode: (bytes) => lz4Decompress(bytes) })

/** A complete part of a file that is written batch by batch: the schema (0 rows), one record batch, or the end (0 rows). */
export interface ArrowPart {
  readonly bytes: number
  readonly rows: number
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly sha256: string
}

/** Error of a file whose complete parts are not as they were written. */
export class DamagedFile extends UserError {}

/** Bytes of the mark at the beginning of an Arrow IPC file; what follows it is an Arrow IPC stream. */
const MAGIC_BYTES = 8
/** Mark at the end of an Arrow IPC stream. */
const END_OF_STREAM = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0)
/** Length in front of a buffer that is stored without compression. */
const NOT_COMPRESSED = -1n

/** A writer of Arrow IPC files that collects bytes in place of a sink. */
class Messages extends RecordBatchFileWriter {
  #chunks: Uint8Array[] = []

  constructor(schema: Schema) {
    super({ compressionType: CompressionType.LZ4_FRAME, autoDestroy: false })
    this.reset(undefined, schema)
  }

  /** Returns the bytes written since the last call. */
  taken(): Uint8Array {
    const bytes = Buffer.concat(this.#chunks)
    this.#chunks = []
    return bytes
  }

  /** Writes the end of the stream and the file's table of contents. */
  end(): void {
    this._writeFooter(this._schema!)
  }

  protected override _write(chunk: ArrayBufferView): this {
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.#chunks.push(bytes)
    this._position += bytes.length
    return this
  }

  /** Writes the schema's message too, which Arrow's own writer leaves out: the file is then readable as a stream while it grows. */
  protected override _writeSchema(schema: Schema): this {
    super._writeSchema(schema)
    return this._write(tableToIPC(new Table(schema, []), 'stream').subarray(0, -END_OF_STREAM.length))
  }

  /** Puts a buffer's own length in front of it, as the format demands; Arrow's writer puts its compressed length. */
  protected override _compressBodyBuffers(
    buffers: ArrayBufferView[],
  ): ReturnType<RecordBatchFileWriter['_compressBodyBuffers']> {
    const compressed = super._compressBodyBuffers(buffers)
    buffers.forEach(({ byteLength }, i) => {
      const prefix = compressed.buffers[2 * i]!
      if (prefix.byteLength === 0) return
      const view = new DataView(prefix.buffer, prefix.byteOffset)
      if (view.getBigInt64(0, true) !== NOT_COMPRESSED) view.setBigInt64(0, BigInt(byteLength), true)
    })
    return compressed
  }
}

/**
 * A compressed Arrow IPC file that is written batch by batch. Each batch is flushed to disk; whoever keeps the list of
 * {@link ArrowBatchWriter.parts} can read what is complete, whatever happens afterwards.
 */
export class ArrowBatchWriter {
  readonly #file: string
  readonly #fd: number
  readonly #messages: Messages
  readonly #parts: ArrowPart[] = []
  #bytes = 0

  /** Creates the file. @throws UserError when it exists or cannot be written. */
  constructor(file: string, schema: Schema) {
    this.#file = file
    try {
      this.#fd = fs.openSync(file, 'wx')
    } catch (error) {
      throw notWritable(file, error)
    }
    this.#messages = new Messages(schema)
    try {
      this.#append(0)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The complete parts so far, in order; the first is the schema. */
  get parts(): readonly ArrowPart[] {
    return this.#parts
  }

  /** Appends a batch of the schema. @throws UserError when the disk is full; earlier batches are then complete. */
  write(batch: RecordBatch): void {
    this.#messages.write(batch)
    this.#append(batch.numRows)
  }

  /** Ends the file: other programs can then open it. Returns the last part, the table of contents. */
  end(): ArrowPart {
    try {
      this.#messages.end()
      const bytes = this.#messages.taken()
      this.#store(bytes)
      return { bytes: bytes.length, rows: 0, sha256: sha256(bytes) }
    } finally {
      this.close()
    }
  }

  /** Closes the file as it is. */
  close(): void {
    try {
      fs.closeSync(this.#fd)
    } catch (error) {
      throw notWritable(this.#file, error)
    }
  }

  #append(rows: number): void {
    const bytes = this.#messages.taken()
    this.#store(bytes)
    this.#parts.push({ bytes: bytes.length, rows, sha256: sha256(bytes) })
  }

  #store(bytes: Uint8Array): void {
    try {
      writeAll(this.#fd, bytes, this.#bytes)
      fs.fsyncSync(this.#fd)
    } catch (error) {
      throw notWritable(this.#file, error)
    }
    this.#bytes += bytes.length
  }
}

/**
 * Reads the complete batches of a file of {@link ArrowBatchWriter}, one at a time.
 *
 * @param parts the first is the schema
 * @throws UserError when the file is missing.
 * @throws DamagedFile when it is shorter than its parts, or damaged; the batches before are read.
 */
export function* readBatches(file: string, parts: readonly ArrowPart[]): Generator<RecordBatch> {
  const fd = openRegular(file)
  try {
    const { size } = fs.fstatSync(fd)
    let at = 0
    let schema: Uint8Array | null = null
    for (const [i, part] of parts.entries()) {
      // Nothing is allocated for a part that the file does not have.
      if (at + part.bytes > size) throw damaged(file, parts.length, i, 'the file ends')
      const bytes = Buffer.allocUnsafe(part.bytes)
      if (readFully(file, fd, bytes, at) < part.bytes) throw damaged(file, parts.length, i, 'the file ends')
      if (sha256(bytes) !== part.sha256) throw damaged(file, parts.length, i, 'the bytes differ')
      at += part.bytes
      if (schema) yield batchOf(file, schema, bytes)
      else schema = bytes.subarray(MAGIC_BYTES)
    }
  } finally {
    fs.closeSync(fd)
  }
}

function damaged(file: string, parts: number, at: number, how: string): DamagedFile {
  return new DamagedFile({
    where: file,
    expected: `${parts - 1} undamaged batches`,
    found: `${Math.max(0, at - 1)}; ${how} ${at === 0 ? 'in the schema' : `in batch ${at}`}`,
    todo: 'Copy the file again.',
  })
}

function batchOf(file: string, schema: Uint8Array, bytes: Uint8Array): RecordBatch {
  try {
    const stream = Buffer.concat([schema, bytes, END_OF_STREAM])
    checkLengths(stream)
    const [batch] = RecordBatchReader.from(stream)
    checkColumns(batch!)
    return batch!
  } catch (error) {
    throw new UserError({ where: file, expected: 'an Arrow batch', found: damageOf(error) }, { cause: error })
  }
}

/**
 * Fills a buffer from a place of a file and returns the bytes read; fewer than its length at the end of the file.
 *
 * @throws UserError when the file cannot be read.
 */
function readFully(file: string, fd: number, bytes: Uint8Array, at: number): number {
  try {
    let done = 0
    while (done < bytes.length) {
      const got = fs.readSync(fd, bytes, done, bytes.length - done, at + done)
      if (got === 0) break
      done += got
    }
    return done
  } catch (error) {
    throw unreadable(file, error)
  }
}
