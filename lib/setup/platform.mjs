import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import path from 'node:path'
import { runQuietly } from './child.mjs'
import { SetupError } from './errors.mjs'
import { isLater } from './node-versions.mjs'
import { ISOLATED } from './paths.mjs'

/**
 * Returns Node's version and the system, for the user.
 *
 * @throws {SetupError} if the project does not run on this system; `machine.mjs` has checked Node
 */
export function checkSystem() {
  if (process.platform === 'win32')
    throw new SetupError('Expected Linux or macOS, found Windows.', 'Use the Windows Subsystem for Linux.')
  const isTested = process.platform === 'linux' && process.arch === 'x64' && !isLater(process.versions.node)
  const untested = isTested ? '' : ' (untested)'
  return `Node ${process.versions.node}, ${process.platform} ${process.arch}${untested}`
}

/** @typedef {{ command: string, version: string }} Python */

const PROBE = 'import sys, venv, ensurepip; print(*sys.version_info[:3], sep=".")'

/** Minor versions of Python 3 for which requirements.txt lists packages, the one that is tested most first. */
const PYTHON_MINORS = [11, 12, 13, 14, 10]

/**
 * Finds a Python that can create an environment: RECURLAB_PYTHON, or the first of python3 and python3.10 to python3.14
 * that is one of these versions and has `venv` and `ensurepip`.
 *
 * @returns {Promise<Python>}
 * @throws {SetupError} naming what each candidate lacks
 */
export async function findPython() {
  const forced = process.env.RECURLAB_PYTHON
  const candidates = forced ? [forced] : ['python3', ...PYTHON_MINORS.map((minor) => `python3.${minor}`)]
  const lacking = []
  for (const command of candidates) {
    const { code, output } = await runQuietly(command, [...ISOLATED, '-c', PROBE])
    const version = /^(\d+)\.(\d+)\.\d+$/m.exec(output)
    const lack = code === 0 && version ? lackOf(Number(version[1]), Number(version[2])) : failureOf(code, output)
    if (lack === null && version) return { command, version: version[0] }
    if (lack) lacking.push(`${command} ${lack}`)
  }
  throw new SetupError(
    `Expected Python 3.10 to 3.14 with venv and pip, found ${lacking.join(', ') || 'none'}${forced ? ` (RECURLAB_PYTHON=${forced})` : ''}.`,
    'Install it (Debian, Ubuntu: apt install python3 python3-venv; Fedora: dnf install python3; macOS: brew install python), ' +
      'or set RECURLAB_PYTHON to one, and run the same command again.',
  )
}

/** @param {number} major @param {number} minor @returns {string | null} what is wrong with a version of Python */
function lackOf(major, minor) {
  if (major === 3 && PYTHON_MINORS.includes(minor)) return null
  return `is too ${major === 3 && minor > Math.max(...PYTHON_MINORS) ? 'new' : 'old'} (${major}.${minor})`
}

/** @param {number} code @param {string} output @returns {string} why a Python cannot be used; empty if there is none */
function failureOf(code, output) {
  if (/No module named '?(venv|ensurepip)/.test(output)) return 'lacks venv or pip'
  // A shell, or pyenv, whose python3.x is there but leads to no version.
  return code === 127 ? '' : 'does not run'
}

/** Returns the path of a program; null if it is not found. @param {string} name */
export async function findProgram(name) {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, name)
    try {
      await access(file, constants.X_OK)
      return file
    } catch {
      // Not in this folder.
    }
  }
  return null
}

/**
 * Finds a C++ compiler: CXX, or the first of g++, clang++ and c++.
 *
 * @returns {Promise<string | null>} null for none
 */
export async function findCompiler() {
  const forced = process.env.CXX
  for (const name of forced ? [forced] : ['g++', 'clang++', 'c++']) {
    const found = path.isAbsolute(name) ? name : await findProgram(name)
    if (found) return found
  }
  return null
}
