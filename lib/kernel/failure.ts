import { inspect } from 'node:util'
import type { Diagnostic } from 'tslab/dist/converter.js'
import { UserError } from '../errors.js'

/** What the protocol says of a cell that failed. */
export interface Failure {
  readonly ename: string
  readonly evalue: string
  readonly traceback: readonly string[]
}

/** More type errors than this are counted, not shown. */
const MAX_DIAGNOSTICS = 10

/** Characters of one type error. */
const MAX_MESSAGE = 400

/** The cell was stopped by the user. */
export const interrupted: Failure = {
  ename: 'Interrupted',
  evalue: 'the cell was stopped',
  traceback: ['Interrupted: the cell was stopped'],
}

/** Type errors of a cell, each with line, column and the line itself. */
export function diagnosticsFailure(diagnostics: readonly Diagnostic[], code: string): Failure {
  const lines = code.split('\n')
  const telling = diagnostics.filter((diagnostic, i) => !isHeadline(diagnostic, diagnostics[i + 1]))
  const shown = telling.slice(0, MAX_DIAGNOSTICS).map((diagnostic) => {
    const { start, end, fileName, messageText } = diagnostic
    const place = `${fileName ? `${fileName}:` : 'line '}${start.line + 1}:${start.character + 1}`
    const text = `${place} - ${clip(messageText)} (TS${diagnostic.code})`
    const line = fileName ? undefined : lines[start.line]
    if (line === undefined) return text
    const length = end.line === start.line ? end.character - start.character : line.length - start.character
    return `${text}\n  ${line}\n  ${' '.repeat(start.character)}${'~'.repeat(Math.max(1, length))}`
  })
  const more = telling.length - shown.length
  return {
    ename: 'TypeScriptError',
    evalue: shown[0]?.split('\n')[0] ?? '',
    traceback: ['TypeScriptError: the cell was not run', ...shown, ...(more > 0 ? [`… and ${more} more`] : [])],
  }
}

/** `A is not assignable to B`, with a reason after it at the same place: the reason says which key is wrong. */
function isHeadline({ code, start }: Diagnostic, next: Diagnostic | undefined): boolean {
  return (code === 2345 || code === 2322) && next !== undefined && next.start.offset === start.offset
}

/** The type of a configuration fills a page; the beginning and the end of a message say what matters. */
function clip(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE - 100)} … ${message.slice(-100)}`
}

/** What was thrown: a user's mistake as its message alone, anything else with its stack, without the kernel's frames. */
export function thrownFailure(thrown: unknown): Failure {
  if (isInterrupt(thrown)) return interrupted
  if (thrown instanceof UserError)
    return { ename: thrown.name, evalue: thrown.message, traceback: [`${thrown.name}: ${thrown.message}`] }
  if (!(thrown instanceof Error)) {
    const text = typeof thrown === 'string' ? thrown : inspect(thrown)
    return { ename: 'Thrown', evalue: text, traceback: [`Thrown: ${text}`] }
  }
  return { ename: thrown.name, evalue: thrown.message, traceback: tidyStack(inspect(thrown)).split('\n') }
}

/**
 * Frames of Node, tslab and the kernel say nothing about the user's code. A cell has no file, and line numbers of what
 * tslab made of it would only mislead.
 */
export function tidyStack(stack: string): string {
  const lines = stack
    .split('\n')
    .filter((line) => !/^\s*at .*(node_modules\/tslab\/|node:vm|node:internal|\/lib\/kernel\/)/.test(line))
    .filter((line) => !/^evalmachine\.<anonymous>:\d+$|^\s*\.\.\. \d+ lines matching cause stack trace/.test(line))
    .map((line) => line.replace(/\(?evalmachine\.<anonymous>:\d+:\d+\)?/, '(cell)'))
  return lines.filter((line, i) => line !== lines[i - 1] || !/^\s*at /.test(line)).join('\n')
}

function isInterrupt(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  return (
    (thrown as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED' ||
    thrown.message === 'Interrupted asynchronously'
  )
}
