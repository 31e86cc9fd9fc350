import { spawn } from 'node:child_process'
import path from 'node:path'
import { root } from './shared.js'

/** What a command left: its exit code (null when a signal ended it) and what it printed. */
export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `recurlab …` as a user would, in a folder of its own. `watch` sees the output as it comes, and so many milliseconds apart. */
export function recurlab(
  args: readonly string[],
  options: {
    cwd?: string
    env?: NodeJS.ProcessEnv
    watch?: (text: string, kill: (signal: NodeJS.Signals) => void) => void
    every?: number
  } = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [path.join(root, 'lib/cli/recurlab.mjs'), ...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env },
  })
  let stdout = ''
  let stderr = ''
  const see = (): void => options.watch?.(stdout + stderr, (signal) => child.kill(signal))
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    see()
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
    see()
  })
  const timer = options.every === undefined ? undefined : setInterval(see, options.every)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(timer)
      resolve({ code, stdout, stderr })
    })
  })
}
