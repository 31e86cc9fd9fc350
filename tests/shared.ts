import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Top of the checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** For `node --import`: runs a script of TypeScript, which uses the project as a user's program does. */
export const tsx = path.join(root, 'lib', 'setup', 'tsx.mjs')

/** For `node --import … --test`: runs a test, as the tests themselves are run. */
export const testLoader = path.join(root, 'lib', 'setup', 'test-loader.mjs')

/**
 * A file or folder of the shared reference material, or null where there is none: looked for under the
 * environment variable RECURLAB_SHARED, else in the folder `shared` beside the checkout.
 */
export function sharedPath(name: string): string | null {
  const found = path.join(process.env.RECURLAB_SHARED ?? path.join(root, '..', 'shared'), name)
  return existsSync(found) ? found : null
}
