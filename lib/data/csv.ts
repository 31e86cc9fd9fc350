import { createHash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { UserError } from '../errors.js'
import { unreadable } from '../files/atomic.js'
import { fileOperations as fs } from '../files/operations.js'
import { placeToRead } from '../files/places.js'
import { quotedFields } from './csv-quoted.js'

/** Maximum bytes of a record. No puzzle file has longer ones, and the limit keeps a wrong file from filling memory. */
const LONGEST_RECORD = 65_536

/** Bytes per read. */
const CHUNK = 2 ** 20

/** Number of fields per record whose offsets are kept; further fields are only counted. */
export const KEPT_FIELDS = 64

const [LF, CR, QUOTE] = [10, 13, 34]

/** One record of a file, as offsets into a buffer; valid only during the callback. */
export interface CsvRecord {
  /** Line on which the record begins, counted from 1. */
  readonly line: number
  /** Number of fields. */
  readonly count: number
  readonly bytes: Buffer
  /** Offset of the first byte of each field, for the first {@link KEPT_FIELDS}. */
  readonly starts: Int32Array
  /** Offset after the last byte of each field. */
  readonly ends: Int32Array
  /** Returns a field as text. */
  text(field: number): string
  /** Returns the whole record as text, unparsed. */
  raw(): string
}

/** Format of a delimited file. */
export interface CsvFormat {
  /** Delimiter between fields. */
  readonly delimiter: ',' | ':'
  /** Whether fields may be quoted. */
  readonly quotes: boolean
}

/** Returns `file, line n`, the form in which errors name a place. */
export function lineOf(file: string, line: number): string {
  return `${file}, line ${line}`
}

/**
 * Streams the records of a file: only quoted records allocate memory, and at most a few megabytes are held. A
 * byte-order mark and Windows line endings are accepted; empty lines are skipped.
 *
 * @param accept callback for each record in turn
 * @returns SHA-256 of the file
 * @throws UserError when the file cannot be read, is UTF-16, uses lone carriage returns as line endings, has a record
 * of more than {@link LONGEST_RECORD} bytes, or is not validly quoted.
 */
export async function readRecords(
  file: string,
  format: CsvFormat,
  accept: (record: CsvRecord) => void,
): Promise<string> {
  const hash = createHash('sha256')
  const fd = attempt(file, () => fs.openSync(placeToRead(file), 'r'))
  try {
    const buffer = Buffer.allocUnsafeSlow(CHUNK + LONGEST_RECORD + 2)
    const scan = recordScanner(file, format, buffer, accept)
    let kept = 0
    for (let first = true; ; first = false) {
      const room = Math.min(CHUNK, buffer.length - kept)
      const got = attempt(file, () => fs.readSync(fd, buffer, kept, room, null))
      hash.update(buffer.subarray(kept, kept + got))
      const begin = first ? afterMark(buffer.subarray(0, got), file) : 0
      const end = kept + got
      const done = scan(begin, end, got === 0)
      if (got === 0) return hash.digest('hex')
      buffer.copyWithin(0, done, end)
      kept = end - done
      await nextTurn()
    }
  } finally {
    fs.closeSync(fd)
  }
}

/**
 * Returns a function that emits the records in `buffer[begin … end)` and returns the offset of the first incomplete
 * record; at the end of the file every record is complete.
 */
function recordScanner(
  file: string,
  { delimiter, quotes }: CsvFormat,
  buffer: Buffer,
  accept: (record: CsvRecord) => void,
): (begin: number, end: number, last: boolean) => number {
  const comma = delimiter.charCodeAt(0)
  const highest = Math.max(comma, QUOTE)
  const starts = new Int32Array(KEPT_FIELDS)
  const ends = new Int32Array(KEPT_FIELDS)
  let line = 1
  let recordBegin = 0
  let recordEnd = 0
  const record = {
    line,
    count: 0,
    bytes: buffer,
    starts,
    ends,
    text: (field: number): string => record.bytes.toString('utf8', starts[field], ends[field]),
    raw: () => buffer.toString('utf8', recordBegin, recordEnd),
  }
  /** Replaces the field offsets of a quoted record by those of its unquoted copy. */
  function unquote(): void {
    const fields = quotedFields(record.raw(), delimiter, lineOf(file, line))
    record.bytes = Buffer.from(fields.join(''), 'utf8')
    record.count = fields.length
    let at = 0
    fields.slice(0, KEPT_FIELDS).forEach((field, i) => {
      starts[i] = at
      at += Buffer.byteLength(field)
      ends[i] = at
    })
  }
  function handOver(begin: number, end: number, fields: number, quoted: boolean): void {
    if (end - begin > LONGEST_RECORD) throw tooLong(file, line)
    const trimmed = end > begin && buffer[end - 1] === CR ? end - 1 : end
    if (trimmed === begin) return
    recordBegin = begin
    recordEnd = trimmed
    record.line = line
    if (quoted) unquote()
    else {
      record.bytes = buffer
      record.count = fields + 1
      if (fields < KEPT_FIELDS) ends[fields] = trimmed
    }
    accept(record)
  }
  return (begin, end, last) => {
    let start = begin
    let fields = 0
    let quoteCount = 0
    let lines = 0
    starts[0] = start
    for (let at = begin; at < end; at++) {
      const byte = buffer[at]!
      if (byte > highest) continue
      if (byte === comma) {
        if (fields < KEPT_FIELDS) ends[fields] = at
        if (++fields < KEPT_FIELDS) starts[fields] = at + 1
      } else if (byte === LF) {
        lines++
        // A line end inside quotes belongs to the field.
        if ((quoteCount & 1) === 1) continue
        handOver(start, at, fields, quoteCount > 0)
        line += lines
        start = at + 1
        starts[0] = start
        fields = 0
        quoteCount = 0
        lines = 0
      } else if (byte === QUOTE && quotes) quoteCount++
    }
    if (end - start > LONGEST_RECORD + 1) throw tooLong(file, line)
    if (!last || start === end) return start
    handOver(start, end, fields, quoteCount > 0)
    return end
  }
}

/** Returns the offset after a UTF-8 byte-order mark, or 0. @throws UserError for text in another encoding. */
function afterMark(bytes: Uint8Array, file: string): number {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 3
  const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  if (!utf16) return 0
  throw new UserError({
    where: lineOf(file, 1),
    expected: 'text in UTF-8',
    found: 'the byte-order mark of UTF-16',
    todo: 'Save the file as UTF-8.',
  })
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw unreadable(file, error)
  }
}

function tooLong(file: string, line: number): UserError {
  return new UserError({
    where: lineOf(file, line),
    expected: 'a puzzle per line',
    found: `a line of more than ${LONGEST_RECORD} bytes`,
  })
}
