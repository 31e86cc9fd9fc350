import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { UserError } from '../lib/errors.js'
import type { SweepEnd, SweepLine, SweepRequest } from './sweep-peer.js'
import { runTypeScript } from './worker.js'

const peer = fileURLToPath(new URL('./sweep-peer.ts', import.meta.url))

/** A process that trains a sweep. */
export interface SweepProcess {
  readonly pid: number
  /** Resolves to its end; null when it was killed. @throws UserError when it fails */
  readonly ended: Promise<SweepEnd | null>
}

/**
 * Starts a process that trains a sweep.
 *
 * @param threads all its threads; workers share them. Default: as this process
 * @param onWorker called when a worker begins with a run
 */
export function startSweep(
  request: SweepRequest,
  threads?: number,
  onWorker: (pid: number, run: string) => void = () => {},
): SweepProcess {
  const child = spawn(process.execPath, [runTypeScript, peer, JSON.stringify(request)], {
    env: { ...process.env, ...(threads === undefined ? {} : { RECURLAB_THREADS: String(threads) }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let end: SweepEnd | null = null
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000)
  })
  createInterface({ input: child.stdout }).on('line', (text) => {
    // A sweep's own report stands among the lines.
    if (!text.startsWith('{"kind"')) return
    const line = JSON.parse(text) as SweepLine
    if (line.kind === 'worker') onWorker(line.pid, line.run)
    else end = line
  })
  const ended = new Promise<SweepEnd | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (_, signal) => {
      if (end || signal) resolve(end)
      else
        reject(new UserError({ where: 'sweep', expected: 'its end', found: said.trim().split('\n').at(-1) || 'none' }))
    })
  })
  return { pid: child.pid!, ended }
}
