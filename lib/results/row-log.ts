import { createHash, type Hash } from 'node:crypto'
import path from 'node:path'
import { type Schema, Table, tableToIPC } from 'apache-arrow'
import type { Extent } from '../files/arrow.js'
import { type Row, tableLike, tableOfRows } from '../files/arrow-rows.js'
import { appendToFile, sha256 } from '../files/atomic.js'
import { writeRunFile } from './run-file.js'

/** A row of metrics or of an evaluation: its step, and values by metric. */
export type LogRow = Row & { readonly step: number }

/** Columns of 32-bit integers. */
const INTEGERS = ['step']

/** Bytes of the mark at the end of an Arrow stream, which a stream that grows does not have. */
const END_OF_STREAM = 8

/** A stream of this process's on disk. */
interface Stream {
  readonly schema: Schema
  readonly hash: Hash
  readonly bytes: number
}

/**
 * A table of a run that grows row by row. While the run is at work it is an Arrow IPC stream, to which each flush appends the
 * new rows: the cost of a flush does not depend on the rows before. When the run ends it becomes an Arrow IPC file whose bytes
 * depend only on its rows. `status.json` records how much of the file is complete.
 */
export class RowLog {
  readonly rows: LogRow[]
  readonly #dir: string
  readonly #name: string
  /** Null until this process has written the whole file. */
  #stream: Stream | null = null
  /** Rows in the file; null when they are not known to be those of `rows`. */
  #written: number | null
  #extents: readonly Extent[]

  /**
   * @param extents what may be complete of the file now
   * @param rows the rows of the run so far
   * @param isWritten whether the file holds exactly these rows
   */
  constructor(
    { dir, name }: { readonly dir: string; readonly name: string },
    extents: readonly Extent[],
    rows: LogRow[],
    isWritten: boolean,
  ) {
    this.#dir = dir
    this.#name = name
    this.#extents = extents
    this.rows = rows
    this.#written = isWritten ? rows.length : null
  }

  /** The beginnings of the file that may be complete; several while it is replaced. */
  get extents(): readonly Extent[] {
    return this.#extents
  }

  /** @throws RangeError for a step that is not whole, or before that of the last row. */
  add(row: LogRow): void {
    const last = this.rows.at(-1)?.step ?? 0
    if (!Number.isInteger(row.step) || row.step < last) throw new RangeError(`step ${row.step} logged after ${last}`)
    this.rows.push(row)
  }

  /** Whether the file lacks rows. */
  get isBehind(): boolean {
    return this.#written !== this.rows.length
  }

  /**
   * Writes the new rows: appends them, or begins a stream where there is none that they fit.
   *
   * @param announce called before the file is replaced, when the old and the new content are both possible
   * @throws UserError when the file cannot be written; what was complete still is.
   */
  flush(announce: () => void): void {
    if (!this.isBehind) return
    const stream = this.#stream
    const added = stream && this.#written !== null ? tableLike(stream.schema, this.rows.slice(this.#written)) : null
    if (!stream || !added) {
      const table = tableOfRows(this.rows, INTEGERS)
      const content = Buffer.concat([schemaMessage(table.schema), batchMessages(table)])
      const hash = createHash('sha256').update(content)
      this.#replace(content, { schema: table.schema, hash, bytes: content.length }, announce)
      return
    }
    const content = batchMessages(added)
    appendToFile(path.join(this.#dir, this.#name), stream.bytes, content)
    const bytes = stream.bytes + content.length
    this.#stream = { schema: stream.schema, hash: stream.hash.update(content), bytes }
    this.#written = this.rows.length
    this.#extents = [{ bytes, checksum: stream.hash.copy().digest('hex') }]
  }

  /**
   * Writes all rows as an Arrow IPC file with one batch.
   *
   * @throws UserError when it cannot be written; what was complete still is.
   */
  seal(announce: () => void): void {
    const content = sealedRows(this.rows)
    const { checksum } = extentOf(content)
    if (this.#extents.length === 1 && this.#extents[0]?.checksum === checksum) return
    this.#replace(content, null, announce)
  }

  #replace(content: Uint8Array, stream: Stream | null, announce: () => void): void {
    const extent = extentOf(content)
    const before = this.#extents
    this.#extents = [...before.filter(({ checksum }) => checksum !== extent.checksum), extent]
    // Until the file is known to be replaced, it has to be written whole.
    this.#stream = null
    this.#written = null
    announce()
    writeRunFile(this.#dir, this.#name, content)
    this.#stream = stream
    this.#written = this.rows.length
    this.#extents = [extent]
  }
}

/** Returns rows as an Arrow IPC file with one batch; equal rows give equal bytes. */
export function sealedRows(rows: readonly LogRow[]): Uint8Array {
  return tableToIPC(tableOfRows(rows, INTEGERS), 'file')
}

/** Returns the extent of a complete file. */
export function extentOf(content: Uint8Array): Extent {
  return { bytes: content.length, checksum: sha256(content) }
}

/** Returns the beginning of an Arrow stream. */
function schemaMessage(schema: Schema): Uint8Array {
  return tableToIPC(new Table(schema, []), 'stream').subarray(0, -END_OF_STREAM)
}

/** Returns the batches of a table as they follow the beginning of an Arrow stream of its schema. */
function batchMessages(table: Table): Uint8Array {
  return tableToIPC(table, 'stream').subarray(schemaMessage(table.schema).length, -END_OF_STREAM)
}
