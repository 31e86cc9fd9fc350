import vm from 'node:vm'

import type { ModuleSource } from '../../protocol.js'

/** The function with which a module in System's format publishes its exports. It returns the value. */
export type Publish = (name: string | Readonly<Record<string, unknown>>, value?: unknown) => unknown

/** The context passed to a module in System's format. */
export interface Context {
  readonly id: string
  readonly meta: object
  import(specifier: string): Promise<unknown>
}

/** One instance of a module: `setters` receive the namespaces of its imports, `execute` runs its body. */
export interface Declaration {
  readonly setters: readonly (((namespace: object) => void) | undefined)[]
  execute(): unknown
}

/** A compiled module, from which any number of instances can be made. */
export interface Registration {
  /** The specifiers in the order of the imports. */
  readonly dependencies: readonly string[]
  /** The names that the module itself exports, with or without a value so far. */
  readonly names: readonly string[]
  declare(publish: Publish, context: Context): Declaration
}

/** Compiled sources: each is compiled once, however often it is instantiated, also when only its imports change. */
const known = new WeakMap<ModuleSource, Registration>()

/** Returns the registration of a module's source. @throws SyntaxError if the code or the JSON cannot be parsed */
export function registration(source: ModuleSource): Registration {
  let found = known.get(source)
  if (!found) {
    found = source.file.endsWith('.json') ? ofJson(source) : ofCode(source)
    known.set(source, found)
  }
  return found
}

/** Returns the absolute path of the project's module named by a specifier in a module; undefined for other modules. */
export function ownModule(source: ModuleSource, specifier: string): string | undefined {
  return Object.hasOwn(source.dependencies, specifier) ? source.dependencies[specifier] : undefined
}

function ofJson({ file, code }: ModuleSource): Registration {
  // Every instance parses anew, so that a change to the object does not outlive a reload.
  const parse = () => {
    try {
      return JSON.parse(code.replace(/^\uFEFF/, '')) as unknown
    } catch (error) {
      throw new SyntaxError(`${file}: ${(error as Error).message}`)
    }
  }
  return {
    dependencies: [],
    names: ['default'],
    declare: (publish) => ({ setters: [], execute: () => void publish('default', parse()) }),
  }
}

type Declare = Registration['declare']

function ofCode({ file, code }: ModuleSource): Registration {
  let dependencies: readonly string[] = []
  let declare: Declare | null = null
  // The file's own name, and no wrapper in the first line, so that stack traces name the right place.
  const run = vm.compileFunction(code, ['System'], { filename: file })
  run({
    register: (...args: readonly unknown[]) => {
      ;[dependencies, declare] = args.slice(-2) as [readonly string[], Declare]
    },
  })
  if (!declare) throw new Error(`${file}: its code registers no module`)
  return { dependencies, names: exportedNames(declare), declare }
}

/**
 * Returns the names that a module publishes, read from its code: a namespace has all its names, in order, before the
 * module has run, and a `let` without a value is exported too.
 */
function exportedNames(declare: Declare): string[] {
  const code = declare.toString()
  const publish = /^[^(]*\(\s*([\w$]+)/.exec(code)?.[1]
  if (publish === undefined) return []
  const calls = code.matchAll(new RegExp(`\\b${publish.replaceAll('$', '\\$')}\\("((?:[^"\\\\]|\\\\.)*)"`, 'g'))
  return [...new Set(Array.from(calls, ([, name = '']) => JSON.parse(`"${name}"`) as string))]
}
