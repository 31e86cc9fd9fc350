import type { CompilerCalls } from '../protocol.js'
import type { CompilerService } from './calls.js'
import { type Begin, eachLine, type Reply, type Request } from './channel.js'

const STARTING_MS = 1000

/**
 * Answers questions on standard input, one after another, until it ends: then whoever asked is gone.
 *
 * @param begin makes the compiler when the first line has told for which notebook
 */
export function serve(begin: (begin: Begin) => CompilerService): void {
  let service: CompilerService | null = null
  let resting: NodeJS.Immediate | null = null
  const say = (reply: Reply): void => {
    process.stdout.write(`${JSON.stringify(reply)}\n`)
  }
  /** Between two bits of it, questions are read. */
  const restSoon = (): void => {
    if (resting) clearImmediate(resting)
    resting = setImmediate(() => {
      resting = null
      if (service?.rest()) restSoon()
    })
  }
  const take = (message: unknown): void => {
    if (service === null) {
      service = begin(message as Begin)
      // Not while the kernel's other processes start.
      setTimeout(() => restSoon(), STARTING_MS)
      return
    }
    say(answer(service, message as Request))
    restSoon()
  }
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', eachLine(take))
  process.stdin.on('end', () => process.exit(0))
  process.stdout.on('error', () => process.exit(0))
  say({ ready: true })
}

function answer(service: CompilerService, { id, call, params }: Request): Reply {
  try {
    const ask = service[call] as (params: unknown) => ReturnType<CompilerCalls[Request['call']]>
    return { id, result: ask(params) }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}
