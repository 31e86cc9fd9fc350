import { types } from 'node:util'
import type { Failure } from '../protocol.js'
import { inspectBounded } from './inspect.js'
import { CompileFailure } from './loader/index.js'
import { plainText } from './plain-text.js'
import type { SharedState } from './shared-state.js'
import type { Place } from './source-maps.js'
import { placeOfError } from './stack.js'

/** The failure of a cell that the user has stopped. */
export const interrupted: Failure = {
  ename: 'Interrupted',
  evalue: 'the cell was stopped',
  traceback: ['Interrupted: the cell was stopped'],
}

/** Maximum characters of one message. */
const MAX_MESSAGE = 4000
/** Maximum lines of one stack. */
const MAX_FRAMES = 30
/** Maximum number of causes, and errors of AggregateErrors, in all. */
const MAX_CAUSES = 10
/** Maximum number of own properties of an error, and items of an array in one. */
const MAX_OWN = 20
/** Maximum characters of a quoted line. */
const MAX_LINE = 110

/** A thrown value that is being described. */
interface Telling {
  readonly number: number
  readonly thrown: unknown
  readonly whenCut: ((failure: Failure) => void) | undefined
}

let telling: Telling | null = null
let tellings = 0
let state: Pick<SharedState, 'telling'> = { telling: 0 }

/** Tells the interrupting thread that a value is being described; it cuts off a description that takes too long. */
export function boundTelling(shared: Pick<SharedState, 'telling'>): void {
  state = shared
}

/**
 * Describes a thrown value: a user's mistake by its message alone, anything else with its place in the user's code. It
 * calls getters and methods of the value; if one does not return within two seconds, this function never returns (see
 * {@link takeCut}).
 *
 * @param whenCut receives a plain description in that case; without it the running cell ends with that description
 */
export function describeThrown(thrown: unknown, whenCut?: (failure: Failure) => void): Failure {
  const outer = telling
  telling = { number: ++tellings, thrown, whenCut }
  state.telling = telling.number
  try {
    return describe(thrown)
  } catch {
    // The object throws when it is inspected.
    return { ename: 'Thrown', evalue: typeof thrown, traceback: [`Thrown: ${typeof thrown} that cannot be shown`] }
  } finally {
    telling = outer
    state.telling = outer?.number ?? 0
  }
}

/** Returns whether this description is in progress. */
export function isTelling(number: number): boolean {
  return telling?.number === number
}

/**
 * Returns, after a forced stop, the description that it cut off, made without the user's code; null if it stopped other
 * code.
 */
export function takeCut(): { readonly failure: Failure; readonly whenCut: Telling['whenCut'] } | null {
  const cut = telling
  telling = null
  state.telling = 0
  return cut && { failure: describePlainly(cut.thrown), whenCut: cut.whenCut }
}

function describePlainly(thrown: unknown): Failure {
  const object = (typeof thrown === 'object' && thrown) || (typeof thrown === 'function' && thrown)
  const ename = (object && plainText(object, 'name')) || (types.isNativeError(thrown) ? 'Error' : 'Thrown')
  const unknown = types.isNativeError(thrown) ? 'its message cannot be read' : 'it cannot be shown'
  const evalue = clip((object && plainText(object, 'message')) || unknown)
  const reason = 'It cannot be described further: one of its getters or methods did not return within two seconds.'
  return { ename, evalue, traceback: [`${ename}: ${evalue}`, reason] }
}

function describe(thrown: unknown): Failure {
  if (thrown instanceof CompileFailure) return thrown.failure
  if (!isError(thrown)) {
    const text = clip(inspectBounded(thrown))
    return { ename: 'Thrown', evalue: text, traceback: [`Thrown: ${text}`] }
  }
  const traceback = clipFrames(errorLines(thrown))
  if (!isUserError(thrown)) traceback.push(...causes(thrown, new Set([thrown])))
  return { ename: nameOf(thrown), evalue: clip(messageOf(thrown)), traceback }
}

/** Returns the lines of one error without its causes. */
function errorLines(error: Error): string[] {
  const head = headline(error)
  if (isUserError(error)) return [head]
  const place = placeOfError(error)
  const own = ownProperties(error)
  return [head, ...(place ? quote(place) : []), ...frames(error), ...(own ? [own] : [])]
}

/** Returns `Caused by: …` for the chain of causes, and the errors of an AggregateError. */
function causes(error: Error, seen: Set<unknown>): string[] {
  const lines: string[] = []
  const add = (label: string, cause: unknown): void => {
    if (seen.has(cause) || seen.size > MAX_CAUSES) return
    seen.add(cause)
    if (!isError(cause)) {
      lines.push(`${label}: ${clip(inspectBounded(cause))}`)
      return
    }
    const [head, ...rest] = clipFrames(errorLines(cause))
    lines.push(`${label}: ${head}`, ...rest, ...causes(cause, seen))
  }
  const { errors } = error as { errors?: unknown }
  if (Array.isArray(errors) && error.name === 'AggregateError') {
    for (const [i, one] of errors.entries()) add(`Error ${i + 1} of ${errors.length}`, one)
  }
  if (Object.hasOwn(error, 'cause')) add('Caused by', error.cause)
  return lines
}

function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value)
}

/**
 * Returns whether an error is a UserError, judged by the name of its class or of one that it extends: its class may
 * belong to another instance of the module.
 */
function isUserError(error: Error): boolean {
  for (let at: unknown = error; at instanceof Object; at = Object.getPrototypeOf(at))
    if (at.constructor.name === 'UserError') return true
  return error.name === 'UserError'
}

/** Returns the name of an error; that of its class if the class does not set `name`. */
function nameOf(error: Error): string {
  const name = typeof error.name === 'string' && error.name !== '' ? error.name : 'Error'
  const ofClass = error.constructor?.name
  return name === 'Error' && typeof ofClass === 'string' && ofClass !== '' && ofClass !== 'Object' ? ofClass : name
}

function messageOf(error: Error): string {
  return typeof error.message === 'string' ? error.message : inspectBounded(error.message)
}

function headline(error: Error): string {
  const message = clip(messageOf(error))
  return message === '' ? nameOf(error) : `${nameOf(error)}: ${message}`
}

function frames(error: Error): string[] {
  const { stack } = error
  if (typeof stack !== 'string') return []
  const lines = stack.split('\n').filter((line) => /^ {4}at /.test(line))
  return lines.length > MAX_FRAMES ? [...lines.slice(0, MAX_FRAMES), `    … ${lines.length - MAX_FRAMES} more`] : lines
}

const USUAL = ['stack', 'message', 'name', 'cause', 'errors']

/** Returns the properties that were added to an error, such as `{ code: 'ENOENT' }`. */
function ownProperties(error: Error): string | null {
  const keys = Object.keys(error).filter((key) => !USUAL.includes(key))
  if (keys.length === 0) return null
  const shown = keys.slice(0, MAX_OWN).map((key) => [key, (error as unknown as Record<string, unknown>)[key]])
  const text = clip(
    inspectBounded(Object.fromEntries(shown), { depth: 2, maxArrayLength: MAX_OWN, maxStringLength: 1000 }),
  )
  return keys.length > MAX_OWN ? `${text} … and ${keys.length - MAX_OWN} more properties` : text
}

/** Returns the line with a caret under the column; of a long line, the part around it. */
function quote({ line, column, text }: Place): string[] {
  if (text === undefined || text.trim() === '') return []
  const start = column > MAX_LINE - 10 ? column - Math.floor(MAX_LINE / 2) : 0
  const part = text.slice(start, start + MAX_LINE).replaceAll('\t', ' ')
  const number = `  ${line} | `
  return [`${number}${part}`, `${' '.repeat(number.length - 2)}| ${' '.repeat(Math.max(0, column - 1 - start))}^`]
}

/** Cuts the middle out of a long message: its beginning and its end are the most informative. */
function clip(message: string): string {
  if (message.length <= MAX_MESSAGE) return message
  return `${message.slice(0, MAX_MESSAGE - 500)} … ${message.slice(-500)}`
}

/** Cuts each line: a frame can be as long as the code in a data URL. */
function clipFrames(lines: readonly string[]): string[] {
  return lines.map((line) => clip(line))
}
