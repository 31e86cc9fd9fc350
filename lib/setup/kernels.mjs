import { existsSync } from 'node:fs'
import path from 'node:path'
import { buildKernels, kernelsFile, kernelsKey } from '../backend/kernels/build.mjs'
import { readRecord } from './native.mjs'
import { inState, root } from './paths.mjs'
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
  const { file, problem } = await buildKernels(root, { retry: true })
  writeJson(stamp, { key: kernelsKey(root), compiler: await findCompiler(), problem })
  return problem === null ? path.basename(path.dirname(file)) : 'not available'
}

/** What is shown on every start, or null. */
export function kernelsWarning() {
  if (readRecord('cpu')?.state !== 'ready' || kernelsAreReady()) return null
  return `The fused kernels are not available: ${readJson(stamp)?.problem ?? 'not built'}. Plain operations are used instead, which are slower.`
}
