import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface, type Interface } from 'node:readline'
import { UserError } from '../../errors.js'

/** What a side of a bench answers to a request. */
export interface Answer {
  readonly seconds: number
  readonly peakBytes: number
  readonly loss?: number
  readonly flops?: number
  readonly weights?: Readonly<Record<string, number[]>>
}

/** A process that does one thing at a time: a JSON object a line in, one out. */
export class Worker {
  readonly #child: ChildProcess
  readonly #lines: Interface
  readonly #name: string
  #errors = ''

  /** @param name for messages */
  constructor(name: string, command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#name = name
    this.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-4000)
    })
    this.#child.stdin!.on('error', () => {})
    this.#lines = createInterface({ input: this.#child.stdout! })
  }

  /** @throws UserError when the process ends instead of answering */
  ask(request: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const ended = (): void => {
        const lines = this.#errors.trim().split('\n')
        reject(
          new UserError({ where: this.#name, expected: 'an answer', found: lines.at(-1) || 'that its process ended' }),
        )
      }
      this.#child.once('close', ended)
      this.#lines.once('line', (line) => {
        this.#child.off('close', ended)
        resolve(JSON.parse(line) as Answer)
      })
      this.#child.stdin!.write(`${JSON.stringify(request)}\n`)
    })
  }

  /** Ends the process. */
  stop(): void {
    this.#lines.close()
    this.#child.kill('SIGKILL')
  }
}
