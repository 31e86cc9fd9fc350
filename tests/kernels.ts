import { startBackend } from '../lib/backend/index.js'
import { fastPath, kernels, switchedOn } from '../lib/backend/kernels.js'
import { findCompiler } from '../lib/setup/platform.mjs'

/**
 * Why there can be no fused kernels here, for a test's `skip`: another backend, no compiler, turned off by the user.
 * false where they compute.
 *
 * @throws Error where they could be and are not: then the tests of them must fail, not be skipped
 */
export async function whyNoKernels(): Promise<string | false> {
  const { name } = await startBackend()
  if (kernels()) return false
  const { reason } = fastPath()
  if (name !== 'tfjs-node' || !switchedOn('RECURLAB_FAST') || !(await findCompiler()))
    return `no kernels here: ${reason}`
  throw new Error(`The fused kernels should be here, but ${reason}`)
}
