import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** Top of the checkout. */
export const root = fileURLToPath(new URL('..', import.meta.url))

/** For `node --import`: runs TypeScript, as the tests themselves are run. */
export const tsx = path.join(root, 'lib', 'setup', 'tsx.mjs')

/**
 * A file or folder of the shared reference material, or null where there is none: looked for under the
 * environment variable RECURLAB_SHARED, else in the folder `shared` beside the checkout.
 */
export function sharedPath(name: string): string | null {
  const found = path.join(process.env.RECURLAB_SHARED ?? path.join(root, '..', 'shared'), name)
  return existsSync(found) ? found : null
}
