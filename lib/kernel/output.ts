import { StringDecoder } from 'node:string_decoder'

/** The two streams that a cell can print to. */
export type StreamName = 'stdout' | 'stderr'

/** What cells print, gathered into few messages. */
export interface Output {
  /** Sends what has been gathered: call it before any other message, so that the order stays. */
  flush(): void
}

/** A message is sent at the latest when it has this many characters … */
const MAX_CHARS = 1 << 16
/** … or this long after its first character, also in the middle of a synchronous loop. */
const MAX_MS = 40

/**
 * Takes over `process.stdout` and `process.stderr`, and with them `console`.
 *
 * @param publish sends one stream message
 */
export function captureOutput(publish: (name: StreamName, text: string) => void): Output {
  let name: StreamName = 'stdout'
  let gathered: string[] = []
  let chars = 0
  let since = 0
  let timer: NodeJS.Timeout | null = null

  const flush = (): void => {
    if (timer) clearTimeout(timer)
    timer = null
    if (chars === 0) return
    const text = gathered.join('')
    gathered = []
    chars = 0
    publish(name, text)
  }
  const add = (to: StreamName, text: string): void => {
    if (text === '') return
    if (to !== name) flush()
    name = to
    if (chars === 0) since = performance.now()
    gathered.push(text)
    chars += text.length
    if (chars >= MAX_CHARS || performance.now() - since >= MAX_MS) flush()
    else timer ??= setTimeout(flush, MAX_MS)
  }
  for (const stream of ['stdout', 'stderr'] as const) capture(stream, (text) => add(stream, text))
  return { flush }
}

function capture(name: StreamName, add: (text: string) => void): void {
  const decoder = new StringDecoder('utf8')
  const write = (
    chunk: Uint8Array | string,
    encoding?: BufferEncoding | ((error?: Error | null) => void),
    callback?: (error?: Error | null) => void,
  ): boolean => {
    add(typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk)))
    const done = typeof encoding === 'function' ? encoding : callback
    if (done) process.nextTick(done)
    return true
  }
  // The terminal that Jupyter was started from is not where cells print.
  const notATerminal = { isTTY: false, columns: undefined, rows: undefined }
  for (const [key, value] of Object.entries({ ...notATerminal, write }))
    Object.defineProperty(process[name], key, { value, configurable: true, writable: true })
}
