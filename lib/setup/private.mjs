import { accessSync, chmodSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { inState, root } from './paths.mjs'

/** Folders whose content other users of the machine must not read: tokens, keys of running kernels, the history. */
const PRIVATE = [inState(), inState('jupyter'), inState('jupyter', 'runtime'), inState('history')]

/**
 * Checks that this user can write to the project's folder. Node's own mkdir says ENOENT where a file system is read-only.
 *
 * @throws the system's error
 */
export function checkWritable() {
  for (const folder of [root, inState()])
    if (existsSync(folder)) accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
}

/**
 * Makes `.recurlab` a folder that only its owner can enter, and removes other users' permissions on an existing one. A
 * folder of another user is left unchanged.
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
