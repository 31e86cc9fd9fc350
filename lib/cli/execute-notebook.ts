import path from 'node:path'
import { UserError } from '../errors.js'
import { makeFolder } from '../files/atomic.js'
import { projectFolder } from '../files/places.js'
import { type Execution, executeNotebook } from '../notebook/execute.js'
import { failureOf, markFailure, type RunFailure } from '../notebook/failure.js'
import { type Notebook, tidyNotebook, writeNotebook } from '../notebook/notebook.js'
import { terminalProgress } from '../notebook/terminal.js'
import { withoutLiveWidgets } from '../notebook/widgets/saved.js'
import { type Args, wrongUse } from './command.js'
import { abortOnInterrupt } from './interrupt.js'

/** Options of {@link executeForStorage}. */
export interface ExecuteForStorageOptions {
  /** The notebook's file; its cells run in the folder of it. */
  readonly file: string
  /** File that gets the notebook as executed so far after each cell; cells read its folder from RECURLAB_NOTEBOOK_OUT. */
  readonly out: string
  /** Time limit of one cell in seconds. Default: none. */
  readonly timeout: number | undefined
  /** Where the cells' output is printed. */
  readonly stream: NodeJS.WriteStream
}

/** An executed notebook as it is stored. */
export interface ExecutedNotebook {
  /** With a banner at the cell where it failed. */
  readonly notebook: Notebook
  readonly failure: RunFailure | null
  readonly status: Execution['status']
  /** Seconds from start to end. */
  readonly seconds: number
}

/**
 * Executes a notebook, prints its output as it arrives, and returns it in the form that is stored: without times, live
 * widgets and overwritten lines.
 */
export async function executeForStorage(
  notebook: Notebook,
  { file, out, timeout, stream }: ExecuteForStorageOptions,
): Promise<ExecutedNotebook> {
  // Checked before an hour of training, not after it.
  makeFolder(path.dirname(out))
  const interrupt = abortOnInterrupt('Stopping the running cell')
  const progress = terminalProgress(notebook, stream)
  progress.begin()
  const started = performance.now()
  try {
    const execution = await executeNotebook(notebook, {
      folder: path.dirname(path.resolve(file)),
      ...(timeout === undefined ? {} : { timeout }),
      environment: { RECURLAB_NOTEBOOK_OUT: path.dirname(out) },
      signal: interrupt.signal,
      onEvent: progress.event,
      // Each cell's output survives the end of this process.
      onCell: keepSoFar(out),
    })
    progress.end()
    const failure = failureOf(execution, timeout, interrupt.by())
    const executed = withoutLiveWidgets(
      tidyNotebook(failure ? markFailure(execution.notebook, execution.cell, failure) : execution.notebook),
    )
    writeNotebook(out, executed)
    const seconds = (performance.now() - started) / 1000
    return { notebook: executed, failure, status: execution.status, seconds }
  } finally {
    interrupt.end()
  }
}

/** Saves after each cell. A disk that is full now may not be at the end. */
function keepSoFar(out: string): (notebook: Notebook) => void {
  let told = false
  return (notebook) => {
    try {
      writeNotebook(out, withoutLiveWidgets(tidyNotebook(notebook)))
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      if (!told) process.stderr.write(`recurlab: not saved yet: ${error.message}\n`)
      told = true
    }
  }
}

/** Returns the file of an executed copy of a notebook in `results/notebooks`. */
export function executedCopy(file: string): string {
  const name = path.basename(file).replace(/\.ts$/, '.ipynb')
  return path.join(projectFolder, 'results', 'notebooks', name)
}

/** Returns the message about a notebook that did not reach its end, and where its outputs so far are. */
export function failureMessage(file: string, failure: RunFailure, out: string): string {
  return `${file}, ${failure.message}\nThe notebook executed so far: ${path.relative(process.cwd(), out)}`
}

/** Returns `--timeout` in seconds; undefined without it. @throws UserError (exit code 2) unless it is positive. */
export function timeoutOf(args: Args): number | undefined {
  const given = args.flags.get('timeout')
  if (given === undefined) return undefined
  const seconds = Number(given)
  if (!(seconds > 0)) throw wrongUse('--timeout with a positive number of seconds', String(given))
  return seconds
}
