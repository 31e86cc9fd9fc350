import type { Execution } from './execute.js'
import { type Cell, type Notebook, sourceOf } from './notebook.js'

/** A description of a run that did not reach its end. */
export interface RunFailure {
  /** Number of the code cell, from 1; null if no cell ran. */
  readonly cell: number | null
  /** First line of the cell. */
  readonly line: string
  readonly message: string
}

/**
 * Returns the failure of an execution; null if it succeeded.
 *
 * @param timeout the time limit of a cell in seconds
 * @param signal the signal that stopped the run, if any
 */
export function failureOf(
  execution: Execution,
  timeout: number | undefined,
  signal: NodeJS.Signals | null,
): RunFailure | null {
  if (execution.status === 'ok') return null
  const { notebook, cell: at } = execution
  const cell = at === null ? null : cellNumber(notebook, at)
  const line = at === null ? '' : firstLine(notebook.cells[at]!)
  const place = cell === null ? 'before the first cell' : `cell ${cell} (${line})`
  return { cell, line, message: `${place}: ${reasonOf(execution, timeout, signal)}`.replace(': \n', ':\n') }
}

function reasonOf(execution: Execution, timeout: number | undefined, signal: NodeJS.Signals | null): string {
  switch (execution.status) {
    case 'error':
      return `\n${stripColors(execution.traceback?.join('\n') || `${execution.ename}: ${execution.evalue}`)}`
    case 'timeout':
      return `took longer than ${timeout} s. Raise the limit with --timeout S, or reduce the work.`
    case 'dead':
      return `the notebook kernel died, perhaps for lack of memory.${more(execution.message)}`
    case 'start':
      return `the notebook kernel did not start. Run npm run setup.${more(execution.message)}`
    default:
      return `stopped by ${signal === null || signal === 'SIGINT' ? 'Ctrl-C' : signal}.`
  }
}

function more(message: string | undefined): string {
  return message ? ` Its last output:\n${message.trim().split('\n').slice(-10).join('\n')}` : ''
}

/** Inserts a banner before the cell where the run ended, so that it is seen on opening the notebook. */
export function markFailure(notebook: Notebook, at: number | null, failure: RunFailure): Notebook {
  const banner: Cell = {
    cell_type: 'markdown',
    ...(notebook.nbformat_minor >= 5 ? { id: 'run-ended-here' } : {}),
    metadata: { tags: ['run-ended-here'] },
    source: `**The run ended ${failure.cell === null ? 'before the first cell' : 'in the cell below'}.** The cells after it were not run.`,
  }
  const cells = notebook.cells.filter((cell) => !cell.metadata.tags?.includes('run-ended-here'))
  const index = at === null ? 0 : cells.indexOf(notebook.cells[at]!)
  return { ...notebook, cells: [...cells.slice(0, index), banner, ...cells.slice(index)] }
}

/** Returns the number of a code cell among those that run, from 1. */
function cellNumber(notebook: Notebook, at: number): number {
  return notebook.cells.slice(0, at + 1).filter((cell) => cell.cell_type === 'code' && sourceOf(cell).trim() !== '')
    .length
}

/** Returns the first non-empty line of a cell, at most 60 characters. */
export function firstLine(cell: Cell): string {
  const lines = sourceOf(cell)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const line = lines[0] ?? ''
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}

function stripColors(text: string): string {
  return text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '')
}
