import { UserError } from '../errors.js'
import type { JsonObject } from './json.js'

/**
 * Checks the `formatVersion` of a file written by Recurlab.
 *
 * @param what the content of the file, e.g. `the status of a run`
 * @throws UserError naming both versions when the version differs or is missing.
 */
export function checkFormatVersion({ formatVersion }: JsonObject, file: string, what: string, version: number): void {
  if (formatVersion === version) return
  throw new UserError({
    where: file,
    expected: `${what}, format version ${version}`,
    found: formatVersion === undefined ? 'none named' : `version ${JSON.stringify(formatVersion)}`,
    todo: 'The file is damaged or of another version of Recurlab.',
  })
}
