// Imported before anything else by set-up, the command and the kernel. It imports next to nothing: where the limit of open
// files is small, loading the rest fails inside Node.
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { nodeIsFit } from './node-versions.mjs'

/** Limit of open files with which everything works: a notebook with a sweep and a drawn figure needs 150 to 190. */
const OPEN_FILES = 256

/**
 * Returns what this machine lacks for any program of the project to work, with the remedy, as one message; null when it
 * lacks nothing.
 */
export function machineLacks() {
  const { node } = process.versions
  if (!nodeIsFit(node))
    return `expected Node 20.19+, 22.12+ or 24, found ${node}. Install a newer Node (https://nodejs.org) and run the same command again.`
  const files = limitOf('open files')
  if (files < OPEN_FILES)
    return `expected a limit of at least ${OPEN_FILES} open files, found ${files}. Raise it (ulimit -n 1024) and run the same command again.`
  return null
}

/**
 * Returns a limit of this process; infinity for none, or if the system does not tell.
 *
 * @param {'open files' | 'address space'} what a number of files, or bytes
 */
export function limitOf(what) {
  try {
    // Node has raised its soft limit of open files to the hard one already.
    const soft = new RegExp(`^Max ${what}\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/**
 * Returns whether this processor can run TensorFlow's library, which ends the process where AVX is missing; true if the
 * system does not tell.
 */
export function canRunTensorFlow() {
  if (process.arch !== 'x64') return true
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]
    return flags === undefined || /\bavx\b/.test(flags)
  } catch {
    return true
  }
}

/**
 * Sets TMPDIR to a folder that can be written, for this process and its children, when the given or usual one cannot:
 * the first of `/tmp`, `/var/tmp` and `.recurlab/tmp`. If none can be written, TMPDIR is left as it is.
 *
 * @param {string} root the project's folder
 * @returns {string | null} what was done, for the user; null when nothing was
 */
export function settleTemporaryFolder(root) {
  const given = os.tmpdir()
  if (canWrite(given)) return null
  const own = path.join(root, '.recurlab', 'tmp')
  for (const folder of ['/tmp', '/var/tmp', own]) {
    if (folder === own) makePrivate(own)
    if (!canWrite(folder)) continue
    process.env.TMPDIR = folder
    return `the folder for temporary files, ${given}, cannot be written; ${folder} is used.`
  }
  return null
}

/** @param {string} folder */
function canWrite(folder) {
  try {
    // Permissions say nothing about a system that is read-only or full.
    rmdirSync(mkdtempSync(path.join(folder, 'recurlab-')))
    return true
  } catch {
    return false
  }
}

/** @param {string} folder */
function makePrivate(folder) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch {
    // It cannot be written either.
  }
}
