// For `node --import`: runs a test's TypeScript, and the lib that it tests, through the loader of the command `recurlab`, which
// keeps what it compiles. Node reaches a test as an ES module; the hook below hands it over.
import { createRequire, register } from 'node:module'
import { registerTypeScript } from '../typescript/hook.mjs'
import { root } from './paths.mjs'

registerTypeScript(root, { awaiting: (file) => file.endsWith('.test.ts') })
const load = createRequire(import.meta.url)

/** Loads a test file and waits for its top-level awaits. @param {string} file */
const loadTest = async (file) => {
  load(file)
  const module = /** @type {{ evaluated?: Promise<void> } | undefined} */ (load.cache[file])
  await module?.evaluated
}
Object.defineProperty(globalThis, Symbol.for('recurlab.loadTest'), { value: loadTest })
register('./test-hook.mjs', import.meta.url)
