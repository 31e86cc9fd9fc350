import { Interrupted } from '../../errors.js'
import { currentHost } from '../../notebook/host.js'

/** The signal that stops work, and how the work then ends. */
export interface Stop {
  /** When aborted, the work saves and ends. */
  readonly signal: AbortSignal | undefined
  /** Whether the work then throws {@link Interrupted}: the signal is that of a notebook cell, which has failed. */
  readonly throws: boolean
}

/**
 * Runs work that saves and ends by itself when it is stopped: by the caller's signal, else, in a notebook, when the user
 * stops the cell.
 */
export function stoppable<T>(given: AbortSignal | undefined, work: (stop: Stop) => Promise<T>): Promise<T> {
  const host = given ? null : currentHost()
  if (!host) return work({ signal: given, throws: false })
  const { signal } = host
  return host.stoppable(() => work({ signal, throws: true }))
}

interface Waiting {
  readonly signal: AbortSignal
  readonly callback: () => void
}

const waiting = new Set<Waiting>()

/**
 * Calls back when the running notebook cell is stopped by force, so that clean-up which belongs in a `finally` still runs.
 *
 * @returns removes the callback
 */
export function onForcedStop(callback: () => void): () => void {
  const host = currentHost()
  if (!host) return () => {}
  const entry: Waiting = { signal: host.signal, callback }
  waiting.add(entry)
  host.atForcedStop('training', afterForcedStop)
  return () => waiting.delete(entry)
}

/** Stops only work that belongs to the stopped cell; work of other cells continues. */
function afterForcedStop(): void {
  for (const entry of [...waiting].filter(({ signal }) => signal.aborted)) {
    waiting.delete(entry)
    try {
      entry.callback()
    } catch (error) {
      process.stderr.write(`After a forced stop: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }
}

/** The advice for a stopped cell that resumes without a change. */
export const AGAIN = 'run the cell again'

/**
 * The advice for a cell whose `train` or `sweep` was stopped: how to resume it and run the rest of the cell.
 *
 * @param call the function's name
 * @param options the options of the call, if any
 */
export function againWith(call: string, options: { readonly resume?: boolean } | undefined): string {
  if (options?.resume) return AGAIN
  const how = options === undefined ? '{ resume: true } as the last argument' : 'resume: true among the options'
  return `${AGAIN} with ${how} of ${call}`
}

/** A stopped run: its step, and how to resume it. */
export interface StoppedRun {
  /** Steps made. */
  readonly step: number
  /** Length of the run. */
  readonly trainSteps: number
  /** How to resume it. */
  readonly again: string
}

/** Returns the error of a stopped run, with its step and how to resume it. */
export function stoppedRun({ step, trainSteps, again }: StoppedRun): Interrupted {
  return new Interrupted(`stopped at step ${step} of ${trainSteps}, saved: ${again}`)
}
