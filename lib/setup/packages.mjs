import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { runQuietly } from './child.mjs'
import { SetupError } from './errors.mjs'
import { damageOf, takeInventory } from './inventory.mjs'
import { limitOf } from './machine.mjs'
import { inRoot, inState } from './paths.mjs'
import { contentOf, keyOf, readJson, writeJson } from './stamp.mjs'
import { moveIntoPlace, workFolder } from './work.mjs'

const stamp = inRoot('node_modules', '.recurlab-stamp')
const manifest = ['package.json', 'package-lock.json', '.npmrc']

/**
 * Options of `npm ci`. Given on the command line, they override the user's own configuration and NODE_ENV, which may leave
 * out packages or put them elsewhere.
 */
const OPTIONS = [
  ...['--ignore-scripts', '--include=dev', '--include=optional', '--no-global', '--location=project', '--no-dry-run'],
  ...['--no-audit', '--no-fund', '--loglevel=error'],
]

/** Limit of open files with which `npm ci` works; with 512 it ends with EMFILE. */
const NPM_OPEN_FILES = 1024

/** Returns the key of everything that node_modules depends on. */
function key() {
  return keyOf({ lock: contentOf(inRoot('package-lock.json')), npmrc: contentOf(inRoot('.npmrc')) })
}

/** Returns whether node_modules matches the lock file. @param {boolean} [thorough] looks at every file */
export function packagesAreReady(thorough = false) {
  if (readJson(stamp)?.key !== key() || !existsSync(inRoot('node_modules', '.bin', 'recurlab'))) return false
  return !thorough || damageOf('npm') === null
}

/**
 * Makes node_modules match package-lock.json: `npm ci` in another folder, then one rename.
 *
 * @returns {Promise<string>} summary of the work
 * @throws {SetupError}
 */
export async function installPackages() {
  if (damageOf('npm') === null && matchesLock()) {
    finish()
    return 'node_modules already holds what package-lock.json asks for'
  }
  const files = limitOf('open files')
  if (files < NPM_OPEN_FILES)
    throw new SetupError(
      `Expected a limit of at least ${NPM_OPEN_FILES} open files for npm, found ${files}.`,
      'Raise it (ulimit -n 1024) and run the same command again.',
    )
  const work = workFolder('npm')
  for (const name of manifest) if (existsSync(inRoot(name))) copyFileSync(inRoot(name), path.join(work, name))
  const { code, output } = await runQuietly('npm', ['ci', ...OPTIONS], { cwd: work })
  if (code !== 0)
    throw new SetupError(
      code === 127 ? 'npm could not be started.' : `npm ci failed (exit code ${code}).`,
      'Check the network and the free space, then run the same command again: finished downloads are kept.',
      // npm prints the problem first, and then its whole help.
      output.trim().split('\n').slice(0, 12).join('\n'),
    )
  moveIntoPlace(path.join(work, 'node_modules'), inRoot('node_modules'))
  finish()
  rmSync(inState('cache', 'npm'), { recursive: true, force: true })
  return 'npm ci'
}

/** Lets `npx recurlab` find the command without a registry, and writes the stamp. */
function finish() {
  const link = inRoot('node_modules', '.bin', 'recurlab')
  mkdirSync(path.dirname(link), { recursive: true })
  rmSync(link, { force: true })
  symlinkSync('../../lib/cli/recurlab.mjs', link)
  takeInventory('npm', ['node_modules'])
  writeJson(stamp, { key: key() })
}

/** Compares npm's own record of its installation with the lock file, for checkouts where `npm install` was used. */
function matchesLock() {
  const wanted = packagesOf(inRoot('package-lock.json'))
  const present = packagesOf(inRoot('node_modules', '.package-lock.json'))
  if (!wanted || !present) return false
  return Object.entries(wanted).every(([name, want]) => {
    const have = present[name]
    if (name === '' || (!have && want.optional)) return true
    return have?.version === want.version && have?.integrity === want.integrity && existsSync(inRoot(name))
  })
}

/** @param {string} file @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }> | null} */
function packagesOf(file) {
  const packages = readJson(file)?.packages
  return typeof packages === 'object' && packages !== null
    ? /** @type {Record<string, { version?: string }>} */ (packages)
    : null
}
