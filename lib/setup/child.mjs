import { spawn } from 'node:child_process'
import { Stopped } from './errors.mjs'
import { noteChild } from './lock.mjs'
import { childEnvironment, root } from './paths.mjs'

/** @typedef {{ code: number, output: string }} Ended `code` is 127 if the program could not be started */

/** @type {Set<import('node:child_process').ChildProcess>} */
const working = new Set()
/** @type {NodeJS.Signals | null} */
let stoppedBy = null

/**
 * Runs a program to its end and keeps the last 64 kB that it prints. The program gets its own process group, so that
 * one signal reaches it and everything that it has started, once.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string }} [options]
 * @returns {Promise<Ended>}
 * @throws {Stopped} after Ctrl-C
 */
export function runQuietly(command, args, { env = {}, cwd = root } = {}) {
  if (stoppedBy) throw new Stopped(stoppedBy)
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: childEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    let output = ''
    const keep = (/** @type {Buffer} */ chunk) => {
      output = (output + chunk.toString('utf8')).slice(-65536)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const end = (/** @type {number} */ code) => {
      working.delete(child)
      noteChild(child.pid, false)
      if (stoppedBy) reject(new Stopped(stoppedBy))
      else resolve({ code, output })
    }
    child.once('error', (error) => {
      output += error.message
      end(127)
    })
    child.once('close', (code) => end(code ?? 1))
    working.add(child)
    noteChild(child.pid, true)
  })
}

/** Signals that ask this process to end. The program gets SIGTERM instead, which every program understands. */
const FORWARDED = /** @type {const} */ (['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'])

/**
 * Runs a program that has the terminal to itself, and resolves to its exit code.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<number>}
 */
export function runInForeground(command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env: childEnvironment(env), stdio: 'inherit' })
    const forward = () => child.kill('SIGTERM')
    const interrupt = () => {
      // A terminal sends Ctrl-C to the child itself; another one from here would count as a second Ctrl-C.
      if (!process.stdin.isTTY) child.kill('SIGINT')
    }
    process.on('SIGINT', interrupt)
    for (const name of FORWARDED) process.on(name, forward)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      process.off('SIGINT', interrupt)
      for (const name of FORWARDED) process.off(name, forward)
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143))
    })
  })
}

/**
 * Returns the first line that a program prints; null if it cannot be run.
 *
 * @param {string} command
 * @param {readonly string[]} args
 */
export async function firstLine(command, args) {
  const { code, output } = await runQuietly(command, args)
  return code === 0 ? (output.split('\n')[0] ?? '').trim() : null
}

/** Returns the last lines that a program printed, for an error message. @param {string} output @param {number} [lines] */
export function lastLines(output, lines = 12) {
  return output.trimEnd().split('\n').slice(-lines).join('\n')
}

/**
 * Makes Ctrl-C stop the running program from now on; the step then fails with {@link Stopped}.
 *
 * @returns {() => void} a function that restores the previous behaviour
 */
export function stopOnSignals() {
  /** @type {Array<[NodeJS.Signals, () => void]>} */
  const handlers = []
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'])) {
    const handler = () => {
      stoppedBy = signal
      for (const child of working) if (child.pid) process.kill(-child.pid, 'SIGTERM')
    }
    process.on(signal, handler)
    handlers.push([signal, handler])
  }
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler)
  }
}
