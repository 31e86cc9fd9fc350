import { closeSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'
import { forTerminal } from '../escape/terminal.js'
import { systemReason } from '../files/atomic.js'
import type { DamagedRun } from '../results/record.js'

/** The outcome of writing to standard output. */
export interface Output {
  /**
   * Returns the exit code of a command whose work ended with `code`. A reader that closed the pipe is not a failure; output
   * that could not be written to a file is one, although the work was done.
   */
  exitCode(code: number): number
}

/** Error codes of a stream whose reader has gone: a closed pipe, a terminal that hung up. */
const READER_GONE = new Set(['EPIPE', 'EIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED'])

/** Guarded streams, with the error that ended each. */
const streams = new Map<NodeJS.WriteStream, { error: Error | null }>()

/**
 * Makes the control sequences of what is printed visible, unless {@link writeOwn} writes them. Lets work continue if its output
 * cannot be written because the reader closed the pipe or the disk is full: that output, and all later output, is dropped.
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
        `recurlab: standard output: expected room for what is printed, found ${systemReason(error)}. The work was completed; its printed output is incomplete.\n`,
      )
      return code === 0 ? 1 : code
    },
  }
}

/**
 * Replaces terminals that have hung up by /dev/null just before the end: Node resets terminals at its end, and aborts if
 * one has hung up (seen with Node 20).
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
        const [text, ...rest] = args
        return Reflect.apply(write, stream, typeof text === 'string' ? [forTerminal(text), ...rest] : args)
      } catch (error) {
        // Files are written synchronously, and a full disk throws here.
        lose(error instanceof Error ? error : new Error(String(error)))
      }
    const done = args.findLast((arg) => typeof arg === 'function')
    if (typeof done === 'function') process.nextTick(done as () => void)
    return true
  }) as typeof stream.write
  return state
}

/** Names what cannot be read on standard error, a line each. @param what default: `run` */
export function reportDamaged(things: readonly DamagedRun[], what = 'run'): void {
  for (const { id, problem } of things) process.stderr.write(`recurlab: ${what} ${id} cannot be read: ${problem}\n`)
}

/** Help on the exit code of commands that list what is stored. */
export const LISTING_CODE =
  'What cannot be read is named on standard error and hides nothing else; the exit code is then 1.'
