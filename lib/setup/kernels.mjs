import { existsSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { buildKernels, kernelsFile, kernelsKey } from '../backend/kernels/build.mjs'
import { lastLines, runQuietly } from './child.mjs'
import { readRecord } from './native.mjs'
import { inRoot, inState, root } from './paths.mjs'
import { findCompiler } from './platform.mjs'
import { readJson, writeJson } from './stamp.mjs'

/** Why there are no kernels where they could not be built. */
const stamp = inState('setup', 'kernels.json')

/** Whether the fused kernels are built for this processor, or it is known that they cannot be. @param {boolean} retry */
export async function kernelsAreSettled(retry) {
  if (readRecord('cpu')?.state !== 'ready') return true
  const key = kernelsKey(root)
  if (existsSync(kernelsFile(root, key))) return true
  const known = readJson(stamp)
  return !retry && known?.key === key && known.compiler === (await findCompiler())
}

/** Whether they are built. */
export function kernelsAreReady() {
  return existsSync(kernelsFile(root, kernelsKey(root)))
}

/**
 * Compiles the fused kernels for this processor. It is no failure when they cannot be: plain operations compute the same.
 *
 * @returns {Promise<string>} what was done
 */
export async function makeKernels() {
  const built = await buildKernels(root, { retry: true })
  const problem = built.problem ?? (await smokeTest(built.file))
  writeJson(stamp, { key: kernelsKey(root), compiler: await findCompiler(), problem })
  return problem === null ? 'compiled for this processor' : 'not available'
}

/**
 * Runs the kernels once in a process of their own; what does not run is removed.
 *
 * @param {string} file
 * @returns {Promise<string | null>} what went wrong
 */
async function smokeTest(file) {
  const { code, output } = await runQuietly(
    process.execPath,
    ['--import', 'tsx', inRoot('lib', 'backend', 'smoke.ts')],
    { env: { RECURLAB_BACKEND: 'tfjs-node', RECURLAB_FAST: '1' } },
  )
  if (code === 0) return null
  const problem = `they were compiled but do not run here: ${lastLines(output, 1)}`
  rmSync(path.dirname(file), { recursive: true, force: true })
  writeFileSync(`${path.dirname(file)}.txt`, problem)
  return problem
}

/** What is shown on every start, or null. */
export function kernelsWarning() {
  if (readRecord('cpu')?.state !== 'ready' || kernelsAreReady()) return null
  return `The fused kernels are not available: ${readJson(stamp)?.problem ?? 'not built'}. Plain operations are used instead, which are slower.`
}
