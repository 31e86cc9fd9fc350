import { UserError } from '../../errors.js'
import { type JsonFile, readStrictJson } from '../../files/strict-json.js'

/** Creates the error for a file of the published layout. */
export type Fault = (expected: string, found: string, place?: string) => UserError

const ADVICE = 'Copy the folder again, or build it again.'

/** Returns a constructor of errors about a file; the position inside it is a key or an index. */
export function faults(file: string): Fault {
  return (expected, found, place) =>
    new UserError({ where: place === undefined ? file : `${file}, ${place}`, expected, found, todo: ADVICE })
}

/** Reads a JSON file of the published layout. @throws UserError as {@link readStrictJson} does. */
export function readPublishedJson(file: string): JsonFile {
  return readStrictJson(file, ADVICE)
}
