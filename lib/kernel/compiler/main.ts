import type { CompilerCalls } from '../protocol.js'
import type { CompilerService } from './calls.js'
import { type Begin, eachLine, type Reply, type Request } from './channel.js'

/** Milliseconds without a question after which there is time to read ahead. */
const QUIET_MS = 1000

/**
 * Answers questions on standard input, one after another, until the server is gone.
 *
 * @param begin creates the compiler of the notebook named in the first line
 */
export function serve(begin: (begin: Begin) => CompilerService): void {
  let service: CompilerService | null = null
  let resting: NodeJS.Immediate | null = null
  let ahead: NodeJS.Timeout | null = null
  const say = (reply: Reply): void => {
    process.stdout.write(`${JSON.stringify(reply)}\n`)
  }
  /** Reads one file ahead. Questions are read between two files. */
  const readAhead = (): void => {
    if (service?.readAhead()) ahead = setTimeout(readAhead, 0)
  }
  /** Waits for a pause: a notebook that runs its cells one after another needs the processor itself. */
  const whenQuiet = (): void => {
    if (ahead) clearTimeout(ahead)
    ahead = setTimeout(readAhead, QUIET_MS)
  }
  const take = (message: unknown): void => {
    if (service === null) {
      service = begin(message as Begin)
      whenQuiet()
      return
    }
    const asked = service
    say(answer(asked, message as Request))
    if (resting) clearImmediate(resting)
    resting = setImmediate(() => asked.rest())
    whenQuiet()
  }
  // SIGUSR1, which schedulers send before a time limit, would open Node's debugger to every user of the machine.
  process.on('SIGUSR1', () => {})
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
