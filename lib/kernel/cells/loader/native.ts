import { existsSync, readFileSync } from 'node:fs'
import Module, { createRequire, isBuiltin } from 'node:module'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { UserError } from '../../../errors.js'
import { getExport, setExport } from './namespace.js'

/**
 * The modules outside the project: packages, Node's own, and files of other kinds. Node loads them as for a file in the
 * importing folder.
 */
export class NativeModules {
  readonly #root: string
  readonly #onPackages: (underway: number) => void
  /** Specifiers being loaded. */
  readonly #underway = new Map<object, string>()
  /** Specifiers whose load a forced stop may have cut off; Node then waits for them for ever. */
  readonly #broken = new Set<string>()
  readonly #importers = new Map<string, Import>()
  readonly #loaded = new Map<string, object>()

  /** Reports the number of loads in progress to `onPackages` whenever it changes. */
  constructor(root: string, onPackages: (underway: number) => void) {
    this.#root = root
    this.#onPackages = onPackages
  }

  /** Returns the namespace of a loaded module; `folder` is the importing one. */
  get(specifier: string, folder: string): object | undefined {
    return this.#loaded.get(key(specifier, folder))
  }

  /** Loads a module. @throws UserError if the package or the file is missing; otherwise the module's own error */
  async load(specifier: string, folder: string): Promise<object> {
    const loaded = this.get(specifier, folder)
    if (loaded) return loaded
    this.#checkPackage(specifier, folder)
    const token = {}
    this.#underway.set(token, specifier)
    this.#onPackages(this.#underway.size)
    let namespace: object
    try {
      namespace = withNames(await this.#patiently(specifier, this.#importer(folder)(specifier)))
    } catch (error) {
      throw this.#explained(error, specifier, folder)
    } finally {
      if (this.#underway.delete(token)) this.#onPackages(this.#underway.size)
    }
    this.#broken.delete(specifier)
    this.#loaded.set(key(specifier, folder), namespace)
    return namespace
  }

  /** Abandons the loads that were in progress at a forced stop: their state is unknown. */
  abandon(): void {
    for (const specifier of this.#underway.values()) this.#broken.add(specifier)
    this.#underway.clear()
    this.#onPackages(0)
  }

  /**
   * Waits for a load. If the load of this package, or of one that it imports, was cut off, Node may wait for ever: the
   * user is told instead.
   */
  async #patiently(specifier: string, loading: Promise<object>): Promise<object> {
    if (this.#broken.size === 0) return loading
    let timer: NodeJS.Timeout | undefined
    const impatience = new Promise<never>((_, reject) => {
      const broken = [...this.#broken].join(', ')
      const message = `import '${specifier}': ${broken} was stopped by force while it was loading, and Node cannot load it again. Restart the kernel.`
      timer = setTimeout(() => reject(new UserError(message)), PATIENCE)
    })
    try {
      return await Promise.race([loading, impatience])
    } finally {
      clearTimeout(timer)
    }
  }

  #importer(folder: string): Import {
    const found = this.#importers.get(folder)
    if (found) return found
    // The import() of a hand-made module is Node's own, and looks for packages from this folder.
    const module = new Module(path.join(folder, 'recurlab-import.cjs')) as CompilingModule
    module._compile('module.exports = (specifier) => import(specifier)', module.id)
    const importer = module.exports as Import
    this.#importers.set(folder, importer)
    return importer
  }

  /**
   * Detects that a package is missing before Node does, which would remember it: the cell would fail again after `npm
   * install` until the kernel is restarted.
   */
  #checkPackage(specifier: string, folder: string): void {
    const name = packageName(specifier)
    if (name === null || owner(folder) === name) return
    for (let at = folder; ; at = path.dirname(at)) {
      if (existsSync(path.join(at, 'node_modules', name, 'package.json'))) return
      if (at === path.dirname(at)) break
    }
    throw this.#missing(name, folder, specifier)
  }

  #missing(name: string, folder: string, specifier: string): UserError {
    const top = specifier.split('/')[0] as string
    const near = [folder, this.#root].find((at) => existsSync(path.join(at, top)))
    const relative = near === undefined ? '' : path.relative(folder, path.join(near, specifier))
    return new UserError({
      where: `import '${specifier}' in ${path.relative(this.#root, folder) || '.'}/`,
      expected: `the package ${name}`,
      found: 'none of that name in node_modules',
      todo: near
        ? `A file of the project is imported by its path: '${relative.startsWith('.') ? relative : `./${relative}`}'.`
        : `Run: npm install ${name}`,
    })
  }

  /** Returns a message for the user for Node's error of a missing package or file; any other error as it is. */
  #explained(error: unknown, specifier: string, folder: string): unknown {
    const { code, message } = error as Partial<NodeJS.ErrnoException>
    const where = `import '${specifier}' in ${path.relative(this.#root, folder) || '.'}/`
    const missing = /^Cannot find (package|module) '([^']+)'(?: imported from (.+))?/.exec(message ?? '')
    if (code === 'ERR_MODULE_NOT_FOUND' && missing) {
      const [, kind, name = '', importer = ''] = missing
      const nested = importer.includes('/node_modules/') ? ` that ${path.relative(this.#root, importer)} imports` : ''
      return new UserError(
        kind === 'package' && !path.isAbsolute(name)
          ? { where, expected: `the package ${name}${nested}`, found: 'none', todo: `Run: npm install ${name}` }
          : { where, expected: `the file ${path.relative(this.#root, name)}${nested}`, found: 'none' },
        { cause: error },
      )
    }
    if (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED' && specifier.startsWith(packageName(specifier) ?? '\0'))
      return new UserError(`${where}: ${message?.replace(/ imported from .*/, '')}.`, { cause: error })
    return error
  }
}

/** Returns the URL of a specifier, as `import.meta.resolve` does. */
export function resolveUrl(specifier: string, importer: string): string {
  if (isPath(specifier)) return new URL(specifier, pathToFileURL(importer)).href
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`
  if (/^[a-z]+:/.test(specifier)) return specifier
  return pathToFileURL(createRequire(importer).resolve(specifier)).href
}

/** Returns whether a specifier names a file rather than a package. */
export function isPath(specifier: string): boolean {
  return /^(\.{0,2}\/|\.{1,2}$|file:)/.test(specifier)
}

/** Returns the absolute path of such a specifier, before extensions are tried. */
export function pathOf(specifier: string, folder: string): string {
  return specifier.startsWith('file:') ? fileURLToPath(specifier) : path.resolve(folder, specifier)
}

/** Maximum milliseconds for a package to load after a forced stop. */
const PATIENCE = 10_000

type Import = (specifier: string) => Promise<object>
type CompilingModule = Module & { _compile(code: string, filename: string): void }

function key(specifier: string, folder: string): string {
  return `${folder}\0${specifier}`
}

/** Returns `@scope/name` of `@scope/name/sub/path`; null if it names no package. */
function packageName(specifier: string): string | null {
  if (isPath(specifier) || isBuiltin(specifier) || /^(#|[a-z]+:)/.test(specifier)) return null
  return /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? null
}

/** Returns the name of the package that a folder belongs to, by which it can import itself. */
function owner(folder: string): string | null {
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, 'package.json')
    if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { name?: string }).name ?? null
    if (at === path.dirname(at)) return null
  }
}

const completed = new WeakMap<object, object>()

/**
 * Returns the namespace of a CommonJS module, with the names that its types declare and Node did not find in its code;
 * any other namespace unchanged.
 */
function withNames(namespace: object): object {
  const exported = getExport(namespace, 'default')
  if (exported === null || (typeof exported !== 'object' && typeof exported !== 'function')) return namespace
  const found = completed.get(namespace)
  if (found) return found
  const missing = Object.keys(exported).filter((name) => !(name in namespace))
  if (missing.length === 0 || !isCommonJs(namespace, exported)) return namespace
  const whole: object = {}
  Object.setPrototypeOf(whole, null)
  for (const name of [...Object.keys(namespace), ...missing].sort()) {
    const getter = missing.includes(name) && Object.getOwnPropertyDescriptor(exported, name)?.get
    // A getter of a package may load something large, so it stays a getter.
    if (getter) Object.defineProperty(whole, name, { get: getter.bind(exported), enumerable: true })
    else setExport(whole, name, getExport(missing.includes(name) ? exported : namespace, name))
  }
  Object.defineProperty(whole, Symbol.toStringTag, { value: 'Module' })
  completed.set(namespace, Object.preventExtensions(whole))
  return whole
}

function isCommonJs(namespace: object, exported: object): boolean {
  if ('module.exports' in namespace) return true
  return Object.values(createRequire(import.meta.url).cache).some((module) => module?.exports === exported)
}
