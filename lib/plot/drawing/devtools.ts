import { type ChildProcess, spawn } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { systemReason } from '../../files/atomic.js'
import { isAlive } from '../../files/leftovers.js'
import { fileOperations as fs } from '../../files/operations.js'
import { temporaryFolder } from '../../files/temporary.js'

/** The browser failed, which is not the figure's fault. */
export class BrowserFailure extends Error {}

/** A reply of the DevTools protocol. */
export type Reply = Readonly<Record<string, unknown>>

interface Waiting {
  resolve(result: Reply): void
  reject(error: Error): void
}

/** Without the network: nothing resolves, and nothing of the browser's own asks for updates. */
const ARGUMENTS = [
  '--headless',
  '--remote-debugging-pipe',
  '--host-resolver-rules=MAP * ~NOTFOUND',
  '--proxy-server=127.0.0.1:9',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-client-side-phishing-detection',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-extensions',
  '--disable-features=MediaRouter,OptimizationHints,Translate',
  '--disable-sync',
  '--metrics-recording-only',
  '--no-first-run',
  '--no-default-browser-check',
  '--no-pings',
  // The drawn page is ours alone, and a container often cannot give the sandbox what it needs.
  '--no-sandbox',
  '--disable-breakpad',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--enable-unsafe-swiftshader',
  // Independent of the screen and of the system's settings of fonts.
  '--force-color-profile=srgb',
  '--font-render-hinting=none',
  '--disable-lcd-text',
  '--lang=en-US',
  'about:blank',
] as const

/**
 * A browser without a window, spoken to over a pair of pipes in the DevTools protocol: it ends when this process ends, and
 * its pipes can be left out of what keeps this process alive, as a driver's WebSocket cannot.
 */
export class DevTools {
  readonly #child: ChildProcess
  readonly #profile = newProfile()
  readonly #waiting = new Map<number, Waiting>()
  readonly #atExit = (): void => this.end('this process ends')
  #last = 0
  #log = ''
  #ended: BrowserFailure | null = null

  /** @param executable path of a Chromium */
  constructor(executable: string) {
    this.#child = spawn(executable, [`--user-data-dir=${this.#profile}`, ...ARGUMENTS], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      // Otherwise it would make folders in the home folder, which may not be writable either.
      env: { ...process.env, XDG_CONFIG_HOME: this.#profile, XDG_CACHE_HOME: this.#profile },
      // Its own process group: Ctrl-C is meant for the notebook, which may still want its figures.
      detached: true,
    })
    this.#child.on('error', (error) => this.end(error.message))
    this.#child.on('exit', (code, signal) => this.end(`it ended (${signal ?? code}). ${lastLine(this.#log)}`))
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#log = (this.#log + chunk).slice(-2000)
    })
    // A write to a browser that has just ended is reported by its exit.
    this.#input?.on('error', () => {})
    this.#listen()
    process.once('exit', this.#atExit)
  }

  /**
   * Sends a command, and returns its result.
   *
   * @param session of a page; none for the browser itself
   * @throws BrowserFailure when the browser has ended or refuses the command.
   */
  send(method: string, params: object = {}, session?: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(this.#ended)
        return
      }
      const id = ++this.#last
      this.#waiting.set(id, { resolve, reject })
      const message = { id, method, params, ...(session === undefined ? {} : { sessionId: session }) }
      this.#input?.write(`${JSON.stringify(message)}\0`)
    })
  }

  /** Whether the browser keeps this process alive. */
  keepAlive(alive: boolean): void {
    for (const handle of [this.#child, ...pipesOf(this.#child)]) {
      const counted = handle as { ref?: () => void; unref?: () => void } | null
      if (alive) counted?.ref?.()
      else counted?.unref?.()
    }
  }

  /** Ends the browser and removes its profile; waiting commands fail with the reason. */
  end(reason: string): void {
    if (this.#ended) return
    this.#ended = new BrowserFailure(reason)
    process.removeListener('exit', this.#atExit)
    killGroup(this.#child)
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
    this.#waiting.clear()
    removeFolder(this.#profile)
  }

  /** Whether the browser has ended. */
  get ended(): boolean {
    return this.#ended !== null
  }

  get #input(): Writable | undefined {
    return pipesOf(this.#child)[3] as Writable | undefined
  }

  #listen(): void {
    let buffer = ''
    const output = pipesOf(this.#child)[4] as Readable | undefined
    output?.setEncoding('utf8').on('data', (chunk: string) => {
      buffer += chunk
      for (let end = buffer.indexOf('\0'); end >= 0; end = buffer.indexOf('\0')) {
        this.#receive(buffer.slice(0, end))
        buffer = buffer.slice(end + 1)
      }
    })
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as { id?: number; result?: Reply; error?: { message?: string } }
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id)
    if (message.id === undefined || !waiting) return
    this.#waiting.delete(message.id)
    if (message.error) waiting.reject(new BrowserFailure(message.error.message ?? 'no reason given'))
    else waiting.resolve(message.result ?? {})
  }
}

/** Milliseconds after which the profile of a process that has gone is removed. */
const STALE_MS = 3_600_000

/**
 * Returns an empty folder for a browser's profile. Those of processes that were killed, and could not remove their own, are
 * removed.
 *
 * @throws BrowserFailure when none can be made.
 */
function newProfile(): string {
  try {
    for (const name of fs.readdirSync(os.tmpdir())) {
      const pid = Number(/^recurlab-chromium-(\d+)-/.exec(name)?.[1])
      if (pid > 0 && !isAlive(pid)) removeStale(path.join(os.tmpdir(), name))
    }
    return temporaryFolder(`chromium-${process.pid}`)
  } catch (error) {
    throw new BrowserFailure(`no folder for its profile: ${systemReason(error)}`, { cause: error })
  }
}

/** Removes an old folder; a young one may belong to a process of another container with the same folder. */
function removeStale(folder: string): void {
  const changed = fs.statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (Date.now() - changed > STALE_MS) removeFolder(folder)
}

function removeFolder(folder: string): void {
  try {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
  } catch {
    // Another user's, or in use for a moment longer: the system removes temporary files.
  }
}

/** Returns a child's pipes; none where no process could be started, which its event `error` reports. */
function pipesOf(child: ChildProcess): readonly unknown[] {
  const pipes: readonly unknown[] | undefined = child.stdio
  return pipes ?? []
}

/** Ends a browser with its helper processes. */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

function lastLine(log: string): string {
  return log.trim().split('\n').at(-1) ?? ''
}
