import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { UserError } from '../errors.js'
import { fileOperations as fs } from '../files/operations.js'
import { projectFolder } from '../files/places.js'

/** A request to kaleido: a figure and its format. */
export interface KaleidoRequest {
  readonly data: unknown
  readonly format: 'svg' | 'png' | 'pdf'
  /** Width in pixels. */
  readonly width: number
  readonly height: number
  /** Pixels of the file per pixel of the figure; matters for PNG only. */
  readonly scale: number
}

interface Waiting {
  readonly request: KaleidoRequest
  resolve(result: string): void
  reject(error: Error): void
}

interface Browser {
  readonly child: ChildProcessWithoutNullStreams
  readonly queue: Waiting[]
  ready: boolean
  idle: NodeJS.Timeout | null
  timeout: NodeJS.Timeout | null
  log: string
}

/** Milliseconds that the browser is kept after the last figure; it never keeps the process alive. */
const IDLE_MS = 20_000
/** Time limit; one figure takes 40–80 ms. */
const TIMEOUT_MS = 30_000
/** Time limit of a start, which takes about 1 s; on a loaded machine it once hung for ever, so it is retried. */
const START_MS = 20_000
const STARTS = 3

let browser: Browser | null = null

/**
 * Draws one figure with the browser inside the PyPI wheel kaleido 0.2.1 and the plotly.js of the npm package. One child
 * serves all calls in turn.
 *
 * @returns the SVG text; for PNG and PDF, base64.
 * @throws UserError if kaleido is missing, or cannot draw the figure.
 */
export function drawWithKaleido(request: KaleidoRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    try {
      browser ??= start([], 1)
    } catch (error) {
      reject(error)
      return
    }
    hold(browser)
    browser.queue.push({ request, resolve, reject })
    if (browser.queue.length === 1 && browser.ready) sendNext(browser)
  })
}

/** Returns the folder of the wheel that holds the browser; null if it is not installed. */
export function kaleidoFolder(): string | null {
  const lib = path.join(projectFolder, '.venv', 'lib')
  if (!fs.existsSync(lib)) return null
  for (const python of fs.readdirSync(lib)) {
    const folder = path.join(lib, python, 'site-packages', 'kaleido', 'executable')
    if (fs.existsSync(path.join(folder, 'bin', 'kaleido'))) return folder
  }
  return null
}

/** @param attempt number of this start, for the same figures */
function start(queue: Waiting[], attempt: number): Browser {
  const folder = kaleidoFolder()
  if (folder === null)
    throw new UserError({
      where: path.join(projectFolder, '.venv'),
      expected: 'the Python package kaleido 0.2.1, which draws figures as SVG, PNG and PDF',
      found: 'none',
      todo: 'Run npm start, which installs it (Linux and macOS only).',
    })
  // A URL, since kaleido refuses a path with non-ASCII letters.
  const plotly = pathToFileURL(path.join(projectFolder, 'node_modules', 'plotly.js', 'dist', 'plotly.min.js')).href
  const { LD_PRELOAD: _preload, ...environment } = process.env
  const args = [`--plotlyjs=${plotly}`, '--disable-gpu', '--allow-file-access-from-files', '--disable-breakpad']
  const child = spawn(
    path.join(folder, 'bin', 'kaleido'),
    ['plotly', ...args, '--disable-dev-shm-usage', '--no-sandbox'],
    {
      cwd: folder,
      env: {
        ...environment,
        LD_LIBRARY_PATH: [path.join(folder, 'lib'), environment.LD_LIBRARY_PATH].filter(Boolean).join(':'),
        FONTCONFIG_PATH: path.join(folder, 'etc', 'fonts'),
        XDG_DATA_HOME: path.join(folder, 'xdg'),
      },
      // Its own process group: Ctrl-C is meant for the notebook, which may still want its figures.
      detached: true,
    },
  )
  const started: Browser = { child, queue, ready: false, idle: null, timeout: null, log: '' }
  started.timeout = setTimeout(() => startAgain(started, attempt), START_MS)
  listen(started)
  process.once('exit', () => child.kill('SIGKILL'))
  return started
}

/** Replaces a browser that has not answered; its figures go to the next one. */
function startAgain(self: Browser, attempt: number): void {
  if (attempt === STARTS) {
    stop(self, `it did not start within ${START_MS / 1000} s, ${STARTS} times`)
    return
  }
  const queue = self.queue.splice(0)
  stop(self, 'it did not start')
  browser = start(queue, attempt + 1)
}

function listen(self: Browser): void {
  const { child } = self
  let buffer = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (chunk: string) => {
    buffer += chunk
    for (let end = buffer.indexOf('\n'); end >= 0; end = buffer.indexOf('\n')) {
      receive(self, buffer.slice(0, end))
      buffer = buffer.slice(end + 1)
    }
  })
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (chunk: string) => {
    self.log = (self.log + chunk).slice(-2000)
  })
  // A write to a child that has just died is reported by its exit.
  child.stdin.on('error', () => {})
  child.on('error', (error) => stop(self, error.message))
  child.on('exit', (code, signal) => stop(self, `it ended (${signal ?? code}). ${lastLine(self.log)}`))
}

/** Handles one JSON reply per line; the first announces the version. */
function receive(self: Browser, line: string): void {
  let reply: { code?: number; message?: string | null; result?: string | null }
  try {
    reply = JSON.parse(line)
  } catch {
    stop(self, `unreadable reply: ${line.slice(0, 200)}`)
    return
  }
  if (self.timeout) clearTimeout(self.timeout)
  if (!self.ready) {
    self.ready = true
    sendNext(self)
    return
  }
  const waiting = self.queue.shift()
  if (reply.code === 0 && typeof reply.result === 'string') waiting?.resolve(reply.result)
  else waiting?.reject(new UserError(`plotly.js could not draw the figure: ${reply.message ?? 'no reason given'}`))
  if (self.queue.length > 0) sendNext(self)
  else release(self)
}

function sendNext(self: Browser): void {
  const next = self.queue[0]
  if (!next) return
  self.timeout = setTimeout(() => stop(self, `no answer within ${TIMEOUT_MS / 1000} s`), TIMEOUT_MS)
  self.child.stdin.write(`${JSON.stringify(next.request)}\n`)
}

function hold(self: Browser): void {
  if (self.idle) clearTimeout(self.idle)
  self.idle = null
  setReferenced(self, true)
}

/** Lets the idle child not keep the process alive. */
function release(self: Browser): void {
  self.idle = setTimeout(() => stop(self, 'idle'), IDLE_MS)
  self.idle.unref()
  setReferenced(self, false)
}

function setReferenced({ child }: Browser, referenced: boolean): void {
  for (const handle of [child, child.stdin, child.stdout, child.stderr]) {
    const counted = handle as { ref?: () => void; unref?: () => void }
    if (referenced) counted.ref?.()
    else counted.unref?.()
  }
}

function stop(self: Browser, reason: string): void {
  if (browser === self) browser = null
  if (self.timeout) clearTimeout(self.timeout)
  if (self.idle) clearTimeout(self.idle)
  self.child.kill('SIGKILL')
  for (const waiting of self.queue.splice(0))
    waiting.reject(new UserError(`Kaleido, which draws figures as SVG, failed: ${reason}`))
}

function lastLine(log: string): string {
  return log.trim().split('\n').at(-1) ?? ''
}
