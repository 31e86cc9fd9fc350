import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { Compiler } from '../protocol.js'
import { type Begin, eachLine, type Reply, type Request } from './channel.js'
import { fingerprint, snapshotFile } from './fingerprint.mjs'

type Child = ChildProcessByStdio<Writable, Readable, Readable>

interface Pending {
  readonly line: string
  resolve(result: unknown): void
  reject(error: Error): void
}

/**
 * Starts the compiler's process from the snapshot made by set-up, or without one, which is slower.
 *
 * @param root the project's folder
 * @param cwd the notebook's folder, from which cells import
 * @param seconds time for the process to become ready
 */
export function startCompiler(root: string, cwd: string, seconds = START_SECONDS): Compiler {
  const salt = fingerprint(root)
  const begin: Begin = { root, cwd, salt }
  const pending = new Map<number, Pending>()
  let lastId = 0
  let end: Error | null = null
  let child: Child

  const finish = (error: Error): void => {
    end = error
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
  }

  const launch = (snapshot: string | null): void => {
    const started = start(root, snapshot)
    child = started
    let ready = false
    let lastWords = ''
    let problem = ''
    const late = setTimeout(() => {
      problem = `not ready after ${seconds} s`
      started.kill('SIGKILL')
    }, seconds * 1000)
    late.unref()
    const take = (message: unknown): void => {
      const reply = message as Reply
      if ('ready' in reply) {
        ready = true
        clearTimeout(late)
        return
      }
      const asked = pending.get(reply.id)
      pending.delete(reply.id)
      if ('error' in reply) asked?.reject(new Error(reply.error))
      else asked?.resolve(reply.result)
    }
    started.stdout.setEncoding('utf8').on('data', eachLine(take))
    started.stderr.setEncoding('utf8').on('data', (text: string) => {
      lastWords = (lastWords + text).slice(-LAST_WORDS)
    })
    // `close` reports that the process is gone; a write before that is no failure of its own.
    started.stdin.on('error', () => {})
    started.on('error', (error) => {
      problem = error.message
    })
    started.on('close', (code, signal) => {
      clearTimeout(late)
      if (end) return
      // Node rejects a snapshot of another version of Node, or of one with other settings.
      if (!ready && snapshot !== null) return launch(null)
      const how = problem || (signal ? `killed by ${signal}` : `exit code ${code}`)
      const words = lastWords.trim()
      finish(new Error(`the compiler's process has ended (${how})${words ? `: ${words}` : ''}`))
    })
    started.stdin.write(lineOf(begin))
    for (const { line } of pending.values()) started.stdin.write(line)
  }

  const ask = <T>(call: Request['call'], params: unknown): Promise<T> =>
    new Promise((resolve, reject) => {
      if (end) return reject(end)
      const request: Request = { id: ++lastId, call, params }
      const line = lineOf(request)
      pending.set(request.id, { line, resolve: (result) => resolve(result as T), reject })
      child.stdin.write(line)
    })

  const snapshot = snapshotFile(root, salt)
  launch(existsSync(snapshot) ? snapshot : null)
  return {
    cell: (params) => ask('cell', params),
    modules: (params) => ask('modules', params),
    complete: (params) => ask('complete', params),
    inspect: (params) => ask('inspect', params),
    isComplete: (params) => ask('isComplete', params),
    version: versionOfTypeScript(root),
    close() {
      finish(new Error('the compiler was closed'))
      child.kill('SIGKILL')
    },
  }
}

/** Seconds until a process is ready: a loaded machine takes long to start Node. */
const START_SECONDS = 60

/** Maximum characters kept of the standard error of a process. */
const LAST_WORDS = 2000

/**
 * Starts the process in its own group, so that the signal of an interrupt, which goes to the kernel's group, spares it.
 */
function start(root: string, snapshot: string | null): Child {
  // Options for the user's code, such as a bigger heap, would make Node reject the snapshot.
  const { NODE_OPTIONS: _, ...env } = process.env
  const entry = path.join(root, 'lib', 'kernel', 'compiler', 'main.mjs')
  return spawn(process.execPath, snapshot === null ? [entry] : ['--snapshot-blob', snapshot], {
    cwd: root,
    // The C library would keep an arena for each thread, as large as V8's helpers ever made it: 100 MB after 1,000
    // cells.
    env: { ...env, MALLOC_ARENA_MAX: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  })
}

function lineOf(message: Begin | Request): string {
  return `${JSON.stringify(message)}\n`
}

function versionOfTypeScript(root: string): string {
  const text = readFileSync(path.join(root, 'node_modules', 'typescript', 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
