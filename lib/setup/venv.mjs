import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { lastLines, runQuietly } from './child.mjs'
import { SetupError } from './errors.mjs'
import { damageOf, takeInventory } from './inventory.mjs'
import { ISOLATED, inRoot, inSetup, inState, venvPython } from './paths.mjs'
import { runPip } from './pip.mjs'
import { findPython } from './platform.mjs'
import { contentOf, keyOf, readJson, writeJson } from './stamp.mjs'

const folder = inRoot('.venv')
const stamp = inRoot('.venv', 'recurlab-stamp.json')
const requirements = inSetup('requirements.txt')

/** Version of the way the environment is made; raise it when that changes. */
const RECIPE = 1

function key() {
  return keyOf({ requirements: contentOf(requirements), recipe: RECIPE, place: folder })
}

/**
 * Returns whether `.venv` is complete and up to date, was made in this place, and its Python is still installed.
 *
 * @param {boolean} [thorough] looks at every file
 */
export function venvIsReady(thorough = false) {
  if (readJson(stamp)?.key !== key() || !existsSync(venvPython)) return false
  return !thorough || damageOf('venv') === null
}

/**
 * Makes `.venv` with exactly the pinned packages. An environment cannot be moved, so it is made in place and the stamp
 * comes last. Without the stamp it counts as incomplete and is made anew, from the downloads cached by pip.
 *
 * @param {(what: string) => void} say
 * @returns {Promise<string>} summary of the work
 * @throws {SetupError}
 */
export async function makeVenv(say) {
  const python = await findPython()
  rmSync(folder, { recursive: true, force: true })
  must(await runQuietly(python.command, [...ISOLATED, '-m', 'venv', folder]), `${python.command} could not make .venv.`)
  say(`Python ${python.version}: JupyterLab, nbconvert, plotly, kaleido, pyarrow`)
  const options = ['-q', '--require-hashes', '--only-binary=:all:', '-r', requirements]
  must(await runPip(['install', ...options]), 'pip could not install the packages of .venv.')
  must(
    await runQuietly(venvPython, [...ISOLATED, '-c', 'import jupyterlab, nbclient, nbconvert']),
    'pip installed the packages, but .venv does not have them: a setting of pip (pip config list) puts them elsewhere.',
  )
  // JupyterLab's own scripts are CommonJS. Without this file they would inherit this project's `type: module` and fail.
  writeJson(path.join(folder, 'package.json'), { type: 'commonjs' })
  takeInventory('venv', ['.venv'])
  writeJson(stamp, { key: key(), python: python.version })
  rmSync(inState('cache', 'pip'), { recursive: true, force: true })
  return `.venv with Python ${python.version}`
}

/** @param {import('./child.mjs').Ended} ended @param {string} failed */
function must({ code, output }, failed) {
  if (code === 0) return
  throw new SetupError(
    failed,
    'Check the network and the free space, then run the same command again: finished downloads are kept.',
    lastLines(output),
  )
}
