import type { Failure } from '../protocol.js'

/** The failure of a cell that was stopped before it began. */
export const interrupted: Failure = failure('Interrupted', 'the cell was stopped')

/** The exit of a process: its code, or the signal that ended it. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Returns the failure of a cell whose process ended by itself. */
export function cellsDied({ code, signal }: Exit): Failure {
  const how = signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`
  // Node aborts when its heap is full, which a shell reports as 134; Linux kills the largest process when memory is
  // short.
  const memory = signal === 'SIGABRT' || signal === 'SIGKILL' || code === 134 ? ': out of memory?' : ''
  return failure('KernelDied', `the process that runs the cells ${how}${memory}`, RESTARTS)
}

/**
 * Returns the failure of a cell whose process did not become ready.
 *
 * @param how exit of the process; null when it is alive and silent
 * @param words last text on its standard error
 */
export function cellsNotStarted(how: Exit | null, words: string, seconds: number): Failure {
  const lines = words.trim() === '' ? [] : words.trim().split('\n')
  const reason = lines.find((line) => /error/i.test(line))?.trim() ?? lines.at(-1)?.trim()
  const ended = how && (how.signal === null ? `exit code ${how.code}` : `the signal ${how.signal}`)
  const what = ended ? `ended with ${ended} before it was ready` : `was not ready after ${seconds} s`
  const evalue = `the process that runs the cells ${what}${reason ? `: ${reason}` : ''}`
  return failure('KernelDied', evalue, ...lines, ended ? NODE : LATER)
}

const NODE = `It is Node ${process.versions.node} (${process.execPath}); npx recurlab doctor shows what is set up.`
const LATER = 'RECURLAB_START_SECONDS sets how long the processes of a kernel may take to start.'

/** Returns the failure of a cell when the compiler failed: by its own fault, or because its process ended. */
export function compilerFailed(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  return failure('KernelFault', `the compiler failed: ${message}`, 'This is a fault of the kernel, not of the cell.')
}

const RESTARTS = 'What was in memory is lost; the kernel restarts.'

function failure(ename: string, evalue: string, ...more: readonly string[]): Failure {
  return { ename, evalue, traceback: [`${ename}: ${evalue}`, ...more] }
}
