import { buildKernels, knownKernels, refuseKernels } from '../backend/kernels/build.mjs'
import { lastLines, runQuietly } from './child.mjs'
import { readRecord } from './native.mjs'
import { inRoot, root } from './paths.mjs'
import { findCompiler } from './platform.mjs'

/** Returns whether the fused kernels are built for this processor, or known to be impossible. @param {boolean} retry */
export async function kernelsAreSettled(retry) {
  if (readRecord('cpu')?.state !== 'ready') return true
  const known = knownKernels(root)
  if (known) return known.file !== null || !retry
  return (await findCompiler()) === null
}

/** Returns whether the fused kernels are built. */
export function kernelsAreReady() {
  return typeof knownKernels(root)?.file === 'string'
}

/**
 * Compiles the fused kernels for this processor. It does not fail if that is impossible: plain operations compute the
 * same.
 *
 * @param {(what: string) => void} say
 * @returns {Promise<string>} summary of the work
 */
export async function makeKernels(say) {
  const built = await buildKernels(root, { retry: true })
  const problem = built.file === null ? built.problem : await smokeTest(built.file)
  if (problem === null) return 'compiled for this processor'
  say(problem)
  return 'not available'
}

/**
 * Runs the fused kernels once in a separate process, and removes them if they do not run.
 *
 * @param {string} file
 * @returns {Promise<string | null>} the problem; null for none
 */
async function smokeTest(file) {
  const { code, output } = await runQuietly(
    process.execPath,
    [inRoot('lib', 'typescript', 'run.mjs'), inRoot('lib', 'backend', 'smoke.ts')],
    { env: { RECURLAB_BACKEND: 'tfjs-node', RECURLAB_FAST: '1' } },
  )
  if (code === 0) return null
  const problem = `they were compiled but do not run on this machine: ${lastLines(output, 1)}`
  refuseKernels(file, problem)
  return problem
}

/** Returns the warning that every start shows; null for none. */
export function kernelsWarning() {
  if (readRecord('cpu')?.state !== 'ready' || kernelsAreReady()) return null
  const reason = knownKernels(root)?.problem ?? 'no C++ compiler was found'
  return `The fused kernels are not available: ${reason}. Plain operations are used instead, which are slower.`
}
