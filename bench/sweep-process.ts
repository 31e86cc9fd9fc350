import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { UserError } from '../lib/errors.js'
import type { SweepEnd, SweepRequest } from './sweep-peer.js'
import { runTypeScript } from './worker.js'

const peer = fileURLToPath(new URL('./sweep-peer.ts', import.meta.url))

/**
 * Trains a sweep in a process of its own.
 *
 * @param threads all its threads; workers share them. Default: as this process
 * @throws UserError when it does not come to its end.
 */
export function trainInProcess(request: SweepRequest, threads?: number): Promise<SweepEnd> {
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
    if (text.startsWith('{"kind"')) end = JSON.parse(text) as SweepEnd
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => {
      if (end) resolve(end)
      else
        reject(new UserError({ where: 'sweep', expected: 'its end', found: said.trim().split('\n').at(-1) || 'none' }))
    })
  })
}
