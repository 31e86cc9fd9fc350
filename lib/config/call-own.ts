import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { Interrupted, UserError } from '../errors.js'
import { fileOperations as fs } from '../files/operations.js'
import { projectFolder } from '../files/places.js'

/**
 * Calls a function that the user wrote for a task, a mixer, a loss or a metric.
 *
 * @param where the owner of the function, e.g. `task latin`
 * @param name the function, e.g. `generate`
 * @returns what the function returns
 * @throws UserError when it throws: which function of which owner, the message of the cause, and the user's line if the
 * stack tells; an interrupt passes unchanged.
 */
export function callOwn<T>(where: string, name: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    if (error instanceof Interrupted) throw error
    const place = placeOf(error)
    throw new UserError(`${where}: ${name} threw ${causeText(error)}${place ? ` (${place})` : ''}.`, { cause: error })
  }
}

/** Describes a thrown value on one line, without a full stop: `RangeError: no puzzle left`. */
function causeText(error: unknown): string {
  if (!(error instanceof Error)) return inspect(error, { depth: 1, breakLength: Number.POSITIVE_INFINITY })
  const message = error.message.replaceAll(/\s+/g, ' ').trimEnd().replace(/\.$/, '')
  return message === '' ? error.name : `${error.name}: ${message}`
}

/** A line of a stack: `    at generate (cell [3]:2:9)`; in a program with a path or an address of a file. */
const FRAME = /^ {4}at (?:.*\()?(.+?):(\d+):\d+\)?$/

/**
 * Returns the innermost line of the user's code in the stack of an error: `cell [3], line 2`; null when it is not among
 * the frames above {@link callOwn}.
 */
function placeOf(error: unknown): string | null {
  const { stack } = error instanceof Error ? error : {}
  if (typeof stack !== 'string') return null
  for (const line of stack.split('\n')) {
    if (/^ {4}at (?:async )?callOwn /.test(line)) return null
    const [, file, number] = FRAME.exec(line) ?? []
    if (file !== undefined && isOfUser(file)) return `${file.replace(/^file:.*/, fileURLToPath)}, line ${number}`
  }
  return null
}

/** Returns whether a frame's file is a cell or a file of the user, not of the library, of a package or of Node. */
function isOfUser(file: string): boolean {
  if (/^cell \[/.test(file)) return true
  if (/^(?!file:)[a-z]+:|^</.test(file)) return false
  const full = path.resolve(projectFolder, file.replace(/^file:.*/, fileURLToPath))
  // The source maps of packages name files that only their authors have.
  return !full.startsWith(library) && !/[\\/]node_modules[\\/]/.test(full) && fs.existsSync(full)
}

const library = path.join(projectFolder, 'lib') + path.sep
