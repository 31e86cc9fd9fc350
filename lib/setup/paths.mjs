import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the checkout, which contains everything that set-up creates. */
export const root = path.resolve(fileURLToPath(new URL('../..', import.meta.url)))

/** Returns a path inside the checkout. @param {string[]} parts */
export const inRoot = (...parts) => path.join(root, ...parts)

/** Returns a path inside `.recurlab`, where set-up keeps its own files. @param {string[]} parts */
export const inState = (...parts) => path.join(root, '.recurlab', ...parts)

/** Returns a path beside this file. @param {string} name */
export const inSetup = (name) => path.join(root, 'lib', 'setup', name)

/** The Python of the project's own environment. */
export const venvPython = inRoot('.venv', 'bin', 'python')

/** Python's options that leave out the user's PYTHONPATH, PYTHONHOME and own packages. */
export const ISOLATED = ['-I']

/**
 * Returns the environment of every child: npm writes to `.recurlab` instead of the home folder. Its settings (registry,
 * certificates, proxies) are still read from the user's own files.
 *
 * @param {NodeJS.ProcessEnv} [more]
 * @returns {NodeJS.ProcessEnv}
 */
export function childEnvironment(more = {}) {
  return {
    ...process.env,
    npm_config_cache: inState('cache', 'npm'),
    npm_config_update_notifier: 'false',
    PYTHONNOUSERSITE: '1',
    ...more,
  }
}
