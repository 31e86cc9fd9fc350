import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import path from 'node:path'
import { runQuietly } from './child.mjs'
import { SetupError } from './errors.mjs'
import { NODE_LINES } from './node-versions.mjs'

/**
 * Returns whether this Node can run the project: 20.19+, 22.12+, 24, or a later one, which is untested.
 *
 * @param {string} version such as `20.19.0`
 */
export function nodeIsFit(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const line = NODE_LINES.find((known) => known.major === major)
  return line ? minor >= line.least : isLater(version)
}

/** Returns whether a version of Node is later than every tested one. @param {string} version */
function isLater(version) {
  return Number(version.split('.')[0]) > Math.max(...NODE_LINES.map(({ major }) => major))
}

/** Checks Node and the system. @throws {SetupError} if the project does not run on them */
export function checkNode() {
  if (!nodeIsFit(process.versions.node))
    throw new SetupError(
      `Expected Node 20.19+, 22.12+ or 24, found ${process.versions.node}.`,
      'Install a newer Node (https://nodejs.org) and run the same command again.',
    )
  if (process.platform === 'win32')
    throw new SetupError('Expected Linux or macOS, found Windows.', 'Use the Windows Subsystem for Linux.')
  const isTested = process.platform === 'linux' && process.arch === 'x64' && !isLater(process.versions.node)
  const untested = isTested ? '' : ' (untested)'
  return `Node ${process.versions.node}, ${process.platform} ${process.arch}${untested}`
}

/** @typedef {{ command: string, version: string }} Python */

const PROBE = 'import sys, venv, ensurepip; print(*sys.version_info[:3], sep=".")'

/**
 * Finds a Python that can create an environment: RECURLAB_PYTHON, or the first of python3, python3.13 … python3.10 that
 * is 3.10 or newer and has `venv` and `ensurepip`.
 *
 * @returns {Promise<Python>}
 * @throws {SetupError} naming what each candidate lacks
 */
export async function findPython() {
  const forced = process.env.RECURLAB_PYTHON
  const candidates = forced
    ? [forced]
    : ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10']
  const lacking = []
  for (const command of candidates) {
    const { code, output } = await runQuietly(command, ['-c', PROBE])
    const version = /^3\.(\d+)\.\d+$/m.exec(output)
    if (code === 0 && version && Number(version[1]) >= 10) return { command, version: version[0] }
    if (code === 0) lacking.push(`${command} is too old`)
    else if (/No module named '?(venv|ensurepip)/.test(output)) lacking.push(`${command} lacks venv or pip`)
  }
  throw new SetupError(
    `Expected Python 3.10 or newer with venv and pip, found ${lacking.join(', ') || 'none'}${forced ? ` (RECURLAB_PYTHON=${forced})` : ''}.`,
    'Install it (Debian, Ubuntu: apt install python3 python3-venv; Fedora: dnf install python3; macOS: brew install python), ' +
      'or set RECURLAB_PYTHON to one, and run the same command again.',
  )
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
