import type { ModuleSource } from '../../protocol.js'
import { createNamespace, setExport } from './namespace.js'
import { type Context, type Declaration, type Registration, registration } from './registration.js'

/**
 * The state of an instance. `linked`: its imports are connected; `started`: it is running, or waits for its imports;
 * then `done` or `failed`.
 */
export type State = 'linked' | 'started' | 'done' | 'failed'

/** One instance of a module of the project. A reload creates another one. */
export class Instance {
  readonly file: string
  readonly registration: Registration
  /**
   * For each dependency of the registration, the instance of a module of the project or the namespace of another
   * module.
   */
  readonly dependencies: (Instance | object)[] = []
  /** Its importers, with the setters that receive its namespace. */
  readonly importers = new Map<Instance, ((namespace: object) => void)[]>()
  /** Absolute paths of the modules that it has loaded with `import()`. */
  readonly loads = new Set<string>()
  source: ModuleSource
  /**
   * Position in the order in which cells and `import()` first requested modules; null for modules imported only by
   * others.
   */
  entry: number | null = null
  state: State = 'linked'
  error: unknown = null
  /** Settles at the end of its run; null when there is nothing to wait for. A rejection never counts as unhandled. */
  pending: Promise<void> | null = null

  readonly #values: Map<string, unknown>
  readonly #changed: (instance: Instance) => void
  #declaration: Declaration | null = null
  #namespace: object | null = null

  /** Calls `changed` when the value of an export changes. */
  constructor(source: ModuleSource, changed: (instance: Instance) => void) {
    this.file = source.file
    this.source = source
    this.registration = registration(source)
    this.#values = new Map(this.registration.names.map((name) => [name, undefined]))
    this.#changed = changed
  }

  /** The namespace. Once the instance is linked it is always the same object; before, it has the names known so far. */
  get namespace(): object {
    return this.#namespace ?? Object.fromEntries(this.#values)
  }

  /** Creates the module's functions without running its body. */
  declare(context: Context): void {
    this.#declaration = this.registration.declare((name, value) => this.#publish(name, value), context)
  }

  /** Passes the namespaces of its imports to it. Returns whether that added a name, through `export *`. */
  passImports(): boolean {
    const before = this.#values.size
    this.dependencies.forEach((dependency, i) => {
      this.#setter(i)?.(dependency instanceof Instance ? dependency.namespace : dependency)
    })
    return this.#values.size > before
  }

  /** Creates the namespace, now that all names are known, and registers with the modules that it imports. */
  link(): void {
    this.#namespace = createNamespace(this.#values)
    this.dependencies.forEach((dependency, i) => {
      const set = this.#setter(i)
      if (!(dependency instanceof Instance)) return
      const setters = dependency.importers.get(this) ?? []
      if (set) setters.push(set)
      dependency.importers.set(this, setters)
    })
  }

  /** Unsubscribes from changes in the modules that it imports. */
  detach(): void {
    for (const dependency of this.dependencies) if (dependency instanceof Instance) dependency.importers.delete(this)
  }

  /** Runs the module's body. Returns a promise if it awaits at its top level. */
  execute(): Promise<void> | undefined {
    const outcome = this.#declaration?.execute()
    if (outcome instanceof Promise) return outcome.then(() => this.#end())
    this.#end()
    return undefined
  }

  #end(): void {
    this.state = 'done'
    this.pending = null
    Object.preventExtensions(this.namespace)
  }

  #setter(i: number): ((namespace: object) => void) | undefined {
    return this.#declaration?.setters[i]
  }

  #publish(name: string | Readonly<Record<string, unknown>>, value: unknown): unknown {
    const entries: readonly [string, unknown][] = typeof name === 'string' ? [[name, value]] : Object.entries(name)
    let changed = false
    for (const [key, next] of entries) if (this.#set(key, next)) changed = true
    if (changed && this.#namespace) {
      for (const setters of this.importers.values()) for (const set of setters) set(this.#namespace)
      this.#changed(this)
    }
    return typeof name === 'string' ? value : name
  }

  #set(name: string, value: unknown): boolean {
    if (this.#values.has(name) && Object.is(this.#values.get(name), value)) return false
    this.#values.set(name, value)
    if (this.#namespace) setExport(this.#namespace, name, value)
    return true
  }
}
