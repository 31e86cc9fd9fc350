import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { fingerprint, snapshotFile } from '../kernel/compiler/fingerprint.mjs'
import { sourcesOf } from '../typescript/compile.mjs'
import { runQuietly } from './child.mjs'
import { inRoot, inState, root } from './paths.mjs'
import { keyOf, readJson, writeJson } from './stamp.mjs'
import { moveIntoPlace, workFolder } from './work.mjs'

/** The stamp that records the compiler of the snapshot, or why there is no snapshot. */
const stamp = inState('setup', 'compiler.json')

/** Number of snapshots of other states of the sources to keep: a kernel may be starting from one right now. */
const KEPT = 2

/**
 * Returns whether the present compiler has a snapshot, or is known to have none.
 *
 * @param {boolean} retry repeats a failed attempt, and reads lib anew if it has changed: an older snapshot is also
 *   correct, but every first import then reads what has changed since
 */
export function compilerIsReady(retry) {
  const key = fingerprint(root)
  const known = readJson(stamp)
  if (existsSync(snapshotFile(root, key))) return !retry || known?.lib === libKey()
  return !retry && known?.key === key && known.problem !== null
}

/**
 * Makes the snapshot from which the notebook kernel's compiler starts in half the time. It does not fail without one.
 *
 * @param {(what: string) => void} say
 * @returns {Promise<string>} summary of the work
 */
export async function makeCompiler(say) {
  const key = fingerprint(root)
  const lib = libKey()
  const problem = await build(snapshotFile(root, key))
  writeJson(stamp, { key, lib, problem })
  if (problem === null) return 'snapshot for a fast start'
  say(`Node made no snapshot: ${problem}`)
  return 'no snapshot, the kernel starts more slowly'
}

/** Returns the key of lib's sources, which the snapshot contains. */
function libKey() {
  return keyOf(Object.fromEntries(sourcesOf(root).map((file) => [file, readFileSync(file)])))
}

/** @param {string} place @returns {Promise<string | null>} what went wrong */
async function build(place) {
  const work = workFolder('compiler')
  const bundle = path.join(work, 'compiler.cjs')
  const blob = path.join(work, path.basename(place))
  const entry = inRoot('lib', 'kernel', 'compiler', 'snapshot.ts')
  const options = ['--bundle', '--platform=node', '--format=cjs', '--target=node20', '--log-level=warning']
  const esbuild = inRoot('node_modules', 'esbuild', 'bin', 'esbuild')
  const bundled = await runQuietly(process.execPath, [esbuild, entry, ...options, `--outfile=${bundle}`])
  if (bundled.code !== 0) return lastLine(bundled.output)
  // Node's settings from the environment would become those of the snapshot.
  const env = { RECURLAB_ROOT: root, NODE_OPTIONS: '' }
  const made = await runQuietly(process.execPath, ['--snapshot-blob', blob, '--build-snapshot', bundle], { env })
  if (made.code !== 0 || !existsSync(blob)) return lastLine(made.output)
  removeOld(path.dirname(place))
  moveIntoPlace(blob, place)
  return null
}

/** @param {string} folder */
function removeOld(folder) {
  mkdirSync(folder, { recursive: true })
  const blobs = readdirSync(folder).map((name) => path.join(folder, name))
  const byAge = blobs.map((file) => ({ file, at: statSync(file).mtimeMs })).sort((a, b) => b.at - a.at)
  for (const { file } of byAge.slice(KEPT - 1)) rmSync(file, { force: true })
}

/** @param {string} output */
function lastLine(output) {
  const lines = output.trim().split('\n')
  return lines.findLast((line) => /error/i.test(line))?.trim() ?? lines.at(-1)?.trim() ?? 'no reason given'
}
