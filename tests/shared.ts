import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * A file or folder of the shared reference material, or null where there is none: looked for under the
 * environment variable RECURLAB_SHARED, else in the folder `shared` beside the checkout.
 */
export function sharedPath(name: string): string | null {
  const beside = fileURLToPath(new URL('../../shared', import.meta.url))
  const found = path.join(process.env.RECURLAB_SHARED ?? beside, name)
  return existsSync(found) ? found : null
}
