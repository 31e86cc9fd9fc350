import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { inState } from './paths.mjs'

/** Folders that hold what another user of the machine must not read: tokens, keys of running kernels, what was entered. */
const PRIVATE = [inState(), inState('jupyter'), inState('jupyter', 'runtime'), inState('history')]

/**
 * Makes `.recurlab` a folder that only its owner enters, and takes away what rights others have in one of before. A folder of
 * somebody else is left as it is.
 */
export function keepPrivate() {
  for (const folder of PRIVATE) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const { mode } = statSync(folder)
      if (mode & 0o077) chmodSync(folder, mode & 0o700)
    } catch (error) {
      const code = /** @type {NodeJS.ErrnoException} */ (error).code ?? ''
      if (!['EPERM', 'EACCES', 'EROFS'].includes(code)) throw error
    }
  }
}
