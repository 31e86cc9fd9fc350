import { StringDecoder } from 'node:string_decoder'
import type { Header } from '../protocol.js'
import { isSafePlace } from './async-stack.js'
import { currentOwner } from './context.js'
import { critical, isCritical } from './critical.js'
import { nodeTimers } from './node-timers.js'
import { FLUSH, type SharedState } from './shared-state.js'
import { send, setFlush } from './wire.js'

/** The two streams that a cell can print to. */
export type StreamName = 'stdout' | 'stderr'

/** Maximum characters of a message before it is sent … */
const MAX_CHARS = 1 << 16
/** … and maximum delay after its first character, also in the middle of a synchronous loop. */
const MAX_MS = 40
/** Prints within that delay that are sent at once, so that text before a long computation, or a crash, is seen. */
const AT_ONCE = 20

/** The stream and the cell of the buffered text. */
let name: StreamName = 'stdout'
let parent: Header | null = null
let gathered: string[] = []
let chars = 0
let since = 0
let windowStart = 0
let sentAtOnce = 0
let timer: NodeJS.Timeout | null = null
/** Whether the process is about to end, when nothing is buffered any more. */
let ending = false
/** Number of the buffered text: the interrupting thread has it sent when this thread is too busy. */
let texts = 0
let state: Pick<SharedState, 'held'> = { held: 0 }

/** Matches a text that ends in the first half of a character of two UTF-16 units. */
const HIGH_SURROGATE = /[\ud800-\udbff]$/

/** Prints for a cell, from any code. */
export function print(to: StreamName, text: string, whose: Header | null): void {
  if (text === '') return
  critical(() => {
    if (to !== name || whose !== parent) flush()
    name = to
    parent = whose
    const now = performance.now()
    if (chars === 0) since = now
    gathered.push(text)
    chars += text.length
    // The other half of a character may follow in the next write.
    const isHalf = HIGH_SURROGATE.test(text)
    if (ending || (!isHalf && (chars >= MAX_CHARS || now - since >= MAX_MS || isCalm(now)))) flush()
    else if (!timer) {
      timer = nodeTimers.setTimeout(flush, MAX_MS)
      texts = (texts % 1_000_000_000) + 1
      state.held = texts
    }
  })
}

/** Returns whether little was printed recently. */
function isCalm(now: number): boolean {
  if (now - windowStart >= MAX_MS) {
    windowStart = now
    sentAtOnce = 0
  }
  return sentAtOnce++ < AT_ONCE
}

/** Takes over `process.stdout` and `process.stderr`. Written text belongs to the cell whose code writes. */
export function captureOutput(shared: SharedState): void {
  state = shared
  const flushSafely = (): void => {
    if (!isCritical() && isSafePlace(flushSafely)) flush()
  }
  Object.defineProperty(globalThis, Symbol.for(FLUSH), { value: flushSafely })
  for (const stream of ['stdout', 'stderr'] as const) capture(stream)
  setFlush(flush)
  process.once('exit', () => {
    ending = true
    flush()
  })
}

function flush(): void {
  critical(() => {
    if (timer) nodeTimers.clearTimeout(timer)
    timer = null
    if (chars === 0) return
    const text = gathered.join('')
    gathered = []
    chars = 0
    state.held = 0
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
  // Cells do not print to the terminal from which Jupyter was started.
  const notATerminal = { isTTY: false, columns: undefined, rows: undefined }
  for (const [key, value] of Object.entries({ ...notATerminal, write, end }))
    Object.defineProperty(process[stream], key, { value, configurable: true, writable: true })
}

function bytes(chunk: Uint8Array | string, encoding: BufferEncoding): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding)
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  throw new TypeError(`expected a string or bytes to write, found ${typeof chunk}`)
}
