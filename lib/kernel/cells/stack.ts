import path from 'node:path'
import { plainText } from './plain-text.js'
import { CELL_URL, type Place, placeOf } from './source-maps.js'

/** The first place in the user's code of every error whose stack has been formatted. */
const places = new WeakMap<object, Place>()

/** Returns the place in the user's code where an error was created; null if there is none. */
export function placeOfError(error: object): Place | null {
  // V8 formats the stack when it is first read.
  void (error as { stack?: unknown }).stack
  return places.get(error) ?? null
}

/** Frames of the kernel and of built-in functions that may stand before the caller. */
const CALLER_FRAMES = 6

/** The origin of a call, determined on demand. */
export class Caller {
  constructor() {
    const limit = Error.stackTraceLimit
    Error.stackTraceLimit = CALLER_FRAMES
    Error.captureStackTrace(this, Caller)
    Error.stackTraceLimit = limit
  }

  /** `cell`, `node` for Node's own code, or `module` for a module or package. */
  get kind(): 'cell' | 'node' | 'module' {
    const { stack } = this as { stack?: unknown }
    return stack === 'cell' || stack === 'node' ? stack : 'module'
  }
}

function kindOf(sites: readonly NodeJS.CallSite[], kernel: string): string {
  for (const site of sites) {
    const url = site.getScriptNameOrSourceURL() ?? ''
    if (url.startsWith(kernel)) continue
    if (url.startsWith(CELL_URL) || (site.isEval() && site.getEvalOrigin()?.includes(CELL_URL))) return 'cell'
    if (url.startsWith('node:')) return 'node'
    if (url !== '') return 'module'
  }
  return 'node'
}

/** Makes stacks name the lines that the user wrote, without the frames of the kernel. */
export function mapStacks(root: string): void {
  const kernel = `${path.join(root, 'lib', 'kernel')}${path.sep}`
  const hidden = (url: string): boolean =>
    url.startsWith(kernel) || /^(node:(internal\/|inspector|async_hooks|vm$)|evalmachine\.)/.test(url)
  Error.prepareStackTrace = (error, sites) => {
    if (error instanceof Caller) return kindOf(sites, kernel)
    const frames: string[] = []
    for (const site of sites) {
      const url = site.getScriptNameOrSourceURL() ?? ''
      if (hidden(url)) continue
      const { text, place } = frameOf(site, url)
      if (place && !places.has(error)) places.set(error, place)
      frames.push(`\n    at ${text}`)
    }
    return `${headOf(error)}${frames.join('')}`
  }
}

function frameOf(site: NodeJS.CallSite, url: string): { text: string; place: Place | null } {
  const text = String(site)
  const line = site.getLineNumber()
  const column = site.getColumnNumber()
  const place = line === null || column === null ? null : placeOf(url.replace(/^file:\/\//, ''), line, column)
  if (place) return { text: replaceEnd(text, `${url}:${line}:${column}`, where(place)), place }
  return { text: text.replace(IN_CELL, mapped), place: null }
}

/** Converts `f (recurlab-cell:3:1:2)` to `f (cell [1]:1:2)`. */
function replaceEnd(text: string, old: string, next: string): string {
  const at = text.lastIndexOf(old)
  return at < 0 ? text : `${text.slice(0, at)}${next}${text.slice(at + old.length)}`
}

/** Matches the cell in the middle of a frame, as in code that a cell evaluates with `eval`. */
const IN_CELL = new RegExp(`(${CELL_URL}\\d+):(\\d+):(\\d+)`, 'g')

function mapped(text: string, url: string, line: string, column: string): string {
  const place = placeOf(url, Number(line), Number(column))
  return place ? where(place) : text
}

function where({ name, line, column }: Place): string {
  return `${name}:${line}:${column}`
}

/**
 * Returns the result of `Error.prototype.toString` without running the user's code: V8 may ask where no code can be
 * stopped.
 */
function headOf(error: Error): string {
  const name = plainText(error, 'name') ?? 'Error'
  const message = plainText(error, 'message') ?? ''
  return name === '' || message === '' ? name || message : `${name}: ${message}`
}
