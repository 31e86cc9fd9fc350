import { describe } from 'node:test'
import { pathToFileURL } from 'node:url'
import { inRoot } from '../paths.mjs'
import { unitTests } from '../test-files.mjs'

/** Number of processes that share the unit tests. */
export const SHARES = 2

/**
 * Loads every file of a share of the unit tests into this process, so that the project is loaded once instead of once
 * per file.
 *
 * @param {number} share from 0
 */
export function loadShare(share) {
  const files = unitTests().filter((_, at) => at % SHARES === share)
  for (const file of files) describe(file, async () => void (await import(pathToFileURL(inRoot(file)).href)))
}
