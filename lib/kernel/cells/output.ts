import { StringDecoder } from 'node:string_decoder'
import type { Header } from '../protocol.js'
import { currentOwner } from './context.js'
import { critical } from './critical.js'
import { nodeTimers } from './node-timers.js'
import { send, setFlush } from './wire.js'

/** The two streams that a cell can print to. */
export type StreamName = 'stdout' | 'stderr'

/** A message is sent at the latest when it has this many characters … */
const MAX_CHARS = 1 << 16
/** … or this long after its first character, also in the middle of a synchronous loop. */
const MAX_MS = 40

/** What is gathered belongs to one stream of one cell. */
let name: StreamName = 'stdout'
let parent: Header | null = null
let gathered: string[] = []
let chars = 0
let since = 0
let timer: NodeJS.Timeout | null = null
/** The process is about to end: nothing is held back. */
let ending = false

/** Prints for a cell, whoever calls. */
export function print(to: StreamName, text: string, whose: Header | null): void {
  if (text === '') return
  critical(() => {
    if (to !== name || whose !== parent) flush()
    name = to
    parent = whose
    if (chars === 0) since = performance.now()
    gathered.push(text)
    chars += text.length
    if (ending || chars >= MAX_CHARS || performance.now() - since >= MAX_MS) flush()
    else timer ??= nodeTimers.setTimeout(flush, MAX_MS)
  })
}

/** Takes over `process.stdout` and `process.stderr`. What is written belongs to the cell whose code writes. */
export function captureOutput(): void {
  for (const stream of ['stdout', 'stderr'] as const) capture(stream)
  setFlush(flush)
  process.once('exit', () => {
    ending = true
    flush()
  })
}

function flush(): void {
  critical(() => {
    if (timer) clearTimeout(timer)
    timer = null
    if (chars === 0) return
    const text = gathered.join('')
    gathered = []
    chars = 0
    send({ type: 'publish', parent, message: 'stream', content: { name, text } })
  })
}

function capture(stream: StreamName): void {
  const decoder = new StringDecoder('utf8')
  const write = (
    chunk: Uint8Array | string,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    callback?: (error?: Error | null) => void,
  ): boolean => {
    const coded = typeof encoding === 'string' && !/^utf-?8$/i.test(encoding)
    const text = typeof chunk === 'string' && !coded ? chunk : decoder.write(bytes(chunk, coded ? encoding : 'utf8'))
    print(stream, text, currentOwner()?.parent ?? null)
    const done = typeof encoding === 'function' ? encoding : callback
    if (done) process.nextTick(done)
    return true
  }
  const end = (chunk?: Uint8Array | string): void => {
    if (chunk !== undefined && typeof chunk !== 'function') write(chunk)
  }
  // The terminal that Jupyter was started from is not where cells print.
  const notATerminal = { isTTY: false, columns: undefined, rows: undefined }
  for (const [key, value] of Object.entries({ ...notATerminal, write, end }))
    Object.defineProperty(process[stream], key, { value, configurable: true, writable: true })
}

function bytes(chunk: Uint8Array | string, encoding: BufferEncoding): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding)
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  throw new TypeError(`what is written has to be a string or bytes, not ${typeof chunk}`)
}
