// Lets Node's require() load the project's TypeScript directly, for the command, the processes of the notebook kernel,
// and the thread that prepares batches. Every module has one instance per process; import() is a require() too.
import { existsSync } from 'node:fs'
import Module from 'node:module'
import path from 'node:path'
import { privateFolder } from './cache.mjs'
import { createCompiler } from './compile.mjs'
import { mapStacks } from './stacks.mjs'

/**
 * Parts of Node's loader that it does not promise. So many programs use them that they have not changed since Node 0.5.
 *
 * @typedef {{ filename?: string, _compile(code: string, filename: string): void }} LoadingModule
 * @typedef {{
 *   _resolveFilename(request: string, parent: LoadingModule | undefined, ...rest: unknown[]): string,
 *   _extensions: Record<string, (module: LoadingModule, filename: string) => void>,
 *   enableCompileCache?: (folder: string) => void,
 * }} Loader
 */
const loader = /** @type {Loader} */ (/** @type {unknown} */ (Module))

/**
 * Registers the hook for the whole process.
 *
 * @param {string} root the project's folder
 * @param {{ stacks?: boolean, awaiting?: (filename: string) => boolean }} [options] stacks: whether stacks name the lines of the
 *   TypeScript; default: yes. awaiting: the files that await at their top, which CommonJS cannot: such a file is done when the
 *   promise `evaluated` of its module is; default: none
 */
export function registerTypeScript(root, { stacks = true, awaiting = () => false } = {}) {
  checkLoader()
  const compiler = createCompiler(root)
  keepMachineCode(root)
  if (stacks) mapStacks(compiler.codeGiven)

  const resolveFilename = loader._resolveFilename
  loader._resolveFilename = function (request, parent, ...rest) {
    return typescriptFile(request, parent) ?? resolveFilename.call(this, request, parent, ...rest)
  }
  loader._extensions['.ts'] = (module, filename) => {
    const code = compiler.compile(filename)
    module._compile(awaiting(filename) ? `module.evaluated = (async () => {${code}\n})()` : code, filename)
  }
}

/**
 * Checks at start that Node's loader has the parts that are used.
 *
 * @throws {Error} which names a missing part
 */
function checkLoader() {
  const parts = {
    'Module._resolveFilename': loader._resolveFilename,
    'Module._extensions': loader._extensions,
    'Module.prototype._compile': /** @type {Partial<LoadingModule>} */ (Module.prototype)._compile,
  }
  for (const [name, part] of Object.entries(parts))
    if (!part) throw new Error(`Node ${process.version} has no ${name}, by which Recurlab loads its TypeScript`)
}

/**
 * Keeps V8's compile cache on Node versions that support it (22.1 and later): packages start faster. @param {string}
 * root
 */
function keepMachineCode(root) {
  const folder = loader.enableCompileCache ? privateFolder(root, 'v8') : null
  if (folder) loader.enableCompileCache?.(folder)
}

/**
 * Returns `./x.ts` for `./x.js` if only the former exists, as TypeScript does.
 *
 * @param {string} request
 * @param {LoadingModule | undefined} parent
 */
function typescriptFile(request, parent) {
  if (!/^(\.{0,2}\/)/.test(request) || !request.endsWith('.js')) return undefined
  const file = path.resolve(parent?.filename ? path.dirname(parent.filename) : process.cwd(), request)
  if (existsSync(file)) return undefined
  const typescript = file.replace(/\.js$/, '.ts')
  return existsSync(typescript) ? typescript : undefined
}
