import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { root } from '../shared.js'

/** One death, by SIGKILL or another signal, of the first process that comes to its moment. */
export interface Kill {
  /** `worker`: a worker process of a sweep; `main`: any other process of the command. */
  readonly who: 'main' | 'worker'
  /** Milliseconds after the start of the process. */
  readonly ms?: number
  /** The number, from 1, of the file operation before which the process dies: an odd one that writes, after half of it. */
  readonly operation?: number
  /** Comes in place of SIGKILL, in the turn of the event loop after the operation. */
  readonly signal?: NodeJS.Signals
  /** File that says that it has happened. */
  readonly mark: string
}

/** The content of RECURLAB_TEST_KILL, as JSON. */
export interface Orders {
  /** File operations are counted inside this folder. */
  readonly folder: string
  /** Name of the script whose processes are killed. */
  readonly program: string
  readonly kills: readonly Kill[]
  /** File that gets the number of operations of a process that was not killed. */
  readonly count?: string
}

/** How a command ended. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

const recurlab = path.join(root, 'lib', 'cli', 'recurlab.mjs')
const preload = path.join(root, 'tests', 'kills', 'preload.mjs')
const clockPreload = path.join(root, 'tests', 'kills', 'clock.mjs')
const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Returns a path for a new folder; what lies there and beside it is removed after the tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-kills-'))
  folders.push(folder)
  return path.join(folder, 'work')
}

let marks = 0

/** Returns a kill of the main process, or of a worker, beside the folder that it works in. */
export function kill(
  folder: string,
  moment: { ms: number } | { operation: number; signal?: NodeJS.Signals },
  who: Kill['who'] = 'main',
): Kill {
  return { who, ...moment, mark: `${folder}.killed-${marks++}` }
}

export function hasHappened({ mark }: Kill): boolean {
  return existsSync(mark)
}

/** Options of {@link command}. */
export interface CommandOptions {
  readonly kills?: readonly Kill[]
  readonly count?: string
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Signals that it is sent, so many milliseconds after its start. */
  readonly signals?: readonly { readonly signal: NodeJS.Signals; readonly ms: number }[]
  /** Jumps of the clock, in hours from the true time, so many milliseconds after the start of each process. */
  readonly clock?: readonly { readonly ms: number; readonly hours: number }[]
  /** Sees what was printed so far on standard output, each time that there is more. */
  readonly watch?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void
  /** Script in place of the command `recurlab`. */
  readonly script?: string
}

/**
 * Runs `recurlab …`, which dies where it is told to.
 *
 * @param folder where its file operations are counted; the environment of all its processes names it
 */
export function command(
  folder: string,
  args: readonly string[],
  { kills = [], count, env = {}, cwd = root, script = recurlab, signals = [], clock, watch }: CommandOptions = {},
): Promise<End> {
  const orders: Orders = { folder, program: path.basename(script), kills, ...(count === undefined ? {} : { count }) }
  const began = performance.now()
  const child = spawn(process.execPath, [script, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      RECURLAB_THREADS: '1',
      ...env,
      RECURLAB_TEST_KILL: JSON.stringify(orders),
      NODE_OPTIONS: [preload, ...(clock === undefined ? [] : [clockPreload])]
        .map((file) => `--import=${file}`)
        .join(' '),
      ...(clock === undefined ? {} : { RECURLAB_TEST_CLOCK: JSON.stringify(clock) }),
    },
  })
  const timers = signals.map(({ signal, ms }) => setTimeout(() => child.kill(signal), ms))
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    watch?.(stdout, (signal) => child.kill(signal))
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      for (const timer of timers) clearTimeout(timer)
      resolve({ code, signal, stdout, stderr, seconds: (performance.now() - began) / 1000 })
    })
  })
}

/** Returns the living processes whose environment names a folder: those of commands that work in it. */
export function processesOf(folder: string): { readonly pid: number; readonly command: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) return []
    try {
      // A zombie has no environment.
      const names = readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`"folder":"${folder}"`)
      return names ? [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }] : []
    } catch {
      return []
    }
  })
}

/** Waits until no process works in a folder. @throws Error that names those that still do after some seconds */
export async function nothingLeft(folder: string, seconds = 20): Promise<void> {
  const end = performance.now() + 1000 * seconds
  for (;;) {
    const left = processesOf(folder)
    if (left.length === 0) return
    if (performance.now() > end) {
      for (const { pid } of left) process.kill(pid, 'SIGKILL')
      throw new Error(`left running: ${left.map(({ command }) => command).join('; ')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
