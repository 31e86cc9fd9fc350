import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { UserError } from '../lib/errors.js'

/** The program that runs a TypeScript file, given as its first argument. */
export const runTypeScript = fileURLToPath(new URL('../lib/typescript/run.mjs', import.meta.url))

/** A side's answer to a request. */
export interface Answer {
  readonly seconds: number
  readonly peakBytes: number
  readonly loss?: number
  readonly flops?: number
  readonly weights?: Readonly<Record<string, number[]>>
}

/** A process that answers one request at a time: JSON lines in and out. */
export class Worker {
  readonly #child: ChildProcess
  readonly #lines: Interface
  readonly #name: string
  #errors = ''
  /** Rejects as soon as the process has ended, or could not be started; never resolves. */
  readonly #gone: Promise<never>

  /** @param name for messages */
  constructor(name: string, command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#name = name
    this.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-4000)
    })
    this.#child.stdin!.on('error', () => {})
    this.#gone = new Promise((_, reject) => {
      this.#child.once('error', (error) => reject(this.#failure(error.message)))
      this.#child.once('close', () => reject(this.#failure(this.#errors.trim().split('\n').at(-1))))
    })
    // Reported only to callers of `ask`.
    this.#gone.catch(() => {})
    this.#lines = createInterface({ input: this.#child.stdout! })
  }

  /** @throws UserError if the process ends without an answer, has already ended, or could not be started */
  ask<T = Answer>(request: object): Promise<T> {
    const answer = new Promise<T>((resolve) => {
      this.#lines.once('line', (line) => resolve(JSON.parse(line) as T))
      this.#child.stdin!.write(`${JSON.stringify(request)}\n`)
    })
    return Promise.race([answer, this.#gone])
  }

  #failure(found: string | undefined): UserError {
    return new UserError({ where: this.#name, expected: 'an answer', found: found || 'an ended process' })
  }

  /** Ends the process. */
  stop(): void {
    this.#lines.close()
    this.#child.kill('SIGKILL')
  }
}
