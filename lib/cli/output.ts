import { closeSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'
import { systemReason } from '../files/atomic.js'

/** The outcome of writing to standard output. */
export interface Output {
  /**
   * The exit code of a command whose work ended with `code`. A reader that closed the pipe is no failure; output that could not
   * be written to a file is one, although the work was done.
   */
  exitCode(code: number): number
}

/** Error codes of a stream whose reader has gone: a closed pipe, a terminal that hung up. */
const READER_GONE = new Set(['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED'])

/** Streams that are guarded, with the error that ended each. */
const streams = new Map<NodeJS.WriteStream, { error: Error | null }>()

/**
 * Lets work go on when its output cannot be written because the reader has closed the pipe or the disk is full: that output, and
 * all after it, is dropped.
 */
export function guardOutput(): Output {
  const known = streams.has(process.stdout)
  const stdout = guarded(process.stdout)
  guarded(process.stderr)
  if (!known) leaveLostTerminals()
  return {
    exitCode(code) {
      const { error } = stdout
      if (!error || READER_GONE.has((error as NodeJS.ErrnoException).code ?? '')) return code
      process.stderr.write(
        `recurlab: standard output: expected room for what is printed, found ${systemReason(error)}. The work went on to its end; what it printed is not whole.\n`,
      )
      return code === 0 ? 1 : code
    },
  }
}

/**
 * Node sets terminals back at its end, and aborts where one has been hung up in the meantime (seen with Node 20): such a one is
 * replaced by /dev/null just before.
 */
function leaveLostTerminals(): void {
  const terminals = [0, 1, 2].filter((fd) => isatty(fd))
  process.once('exit', () => {
    for (const fd of terminals.filter((fd) => !isatty(fd))) {
      closeSync(fd)
      openSync('/dev/null', 'r+')
    }
  })
}

function guarded(stream: NodeJS.WriteStream): { error: Error | null } {
  const known = streams.get(stream)
  if (known) return known
  const state: { error: Error | null } = { error: null }
  streams.set(stream, state)
  const lose = (error: Error): void => {
    state.error ??= error
  }
  stream.on('error', lose)
  const write = stream.write
  stream.write = ((...args: unknown[]): boolean => {
    if (!state.error)
      try {
        return Reflect.apply(write, stream, args)
      } catch (error) {
        // A file is written at once, and a full disk throws here.
        lose(error instanceof Error ? error : new Error(String(error)))
      }
    const done = args.findLast((arg) => typeof arg === 'function')
    if (typeof done === 'function') process.nextTick(done as () => void)
    return true
  }) as typeof stream.write
  return state
}
