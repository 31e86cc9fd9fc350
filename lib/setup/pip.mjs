import { runQuietly } from './child.mjs'
import { ISOLATED, inState, venvPython } from './paths.mjs'

/**
 * pip's settings that say where packages come from and how they are reached, without `PIP_`. Any other one in the
 * environment, such as a target folder, would change what is installed, or where.
 */
const OF_SOURCES = [
  ...['INDEX_URL', 'EXTRA_INDEX_URL', 'NO_INDEX', 'FIND_LINKS', 'CONFIG_FILE', 'KEYRING_PROVIDER'],
  ...['PROXY', 'CERT', 'CLIENT_CERT', 'TRUSTED_HOST', 'TIMEOUT', 'DEFAULT_TIMEOUT', 'RETRIES', 'USE_FEATURE'],
].map((name) => `PIP_${name}`)

/**
 * Runs the pip of `.venv` to its end.
 *
 * @param {readonly string[]} args
 */
export function runPip(args) {
  const others = Object.keys(process.env).filter((name) => name.startsWith('PIP_') && !OF_SOURCES.includes(name))
  /** @type {NodeJS.ProcessEnv} */
  const env = Object.fromEntries(others.map((name) => [name, undefined]))
  const own = { PIP_CACHE_DIR: inState('cache', 'pip'), PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1' }
  // The user's pip.conf may ask for an installation for one user, which an environment cannot have.
  return runQuietly(venvPython, [...ISOLATED, '-m', 'pip', ...args], { env: { ...env, ...own, PIP_USER: '0' } })
}
