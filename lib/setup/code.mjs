import { readFileSync } from 'node:fs'
import { fingerprint } from '../kernel/compiler/fingerprint.mjs'
import { privateFolder } from '../typescript/cache.mjs'
import { madeBy, sourcesOf } from '../typescript/compile.mjs'
import { lastLines, runQuietly } from './child.mjs'
import { inRoot, inState, root } from './paths.mjs'
import { keyOf, readJson, writeJson } from './stamp.mjs'

/** The stamp that records the sources of the compiled code. */
const stamp = inState('setup', 'code.json')

function key() {
  const sources = sourcesOf(root).map((file) => [file, readFileSync(file)])
  return keyOf({ compiler: fingerprint(root), made: madeBy(root), ...Object.fromEntries(sources) })
}

/** Returns whether the present lib is compiled, or compiled code cannot be kept here. */
export function codeIsReady() {
  const folders = ['lib', 'modules'].map((name) => privateFolder(root, name))
  return folders.includes(null) || readJson(stamp)?.key === key()
}

/**
 * Compiles lib for the command and for notebooks, so that their first start is as fast as later ones. It does not fail
 * if that is impossible: each start compiles what is missing.
 *
 * @param {(what: string) => void} say
 * @returns {Promise<string>} summary of the work
 */
export async function compileCode(say) {
  const made = key()
  const command = await runQuietly(process.execPath, [inRoot('lib', 'typescript', 'fill.mjs')])
  if (command.code !== 0) say(lastLines(command.output, 3))
  const script = inRoot('lib', 'kernel', 'compiler', 'fill.ts')
  const kernel = await runQuietly(process.execPath, [inRoot('lib', 'typescript', 'run.mjs'), script, root])
  if (kernel.code !== 0) say(lastLines(kernel.output, 3))
  if (command.code !== 0 || kernel.code !== 0) return 'compiled in part; the rest is compiled on first use'
  writeJson(stamp, { key: made })
  return 'compiled for the command and for notebooks'
}
