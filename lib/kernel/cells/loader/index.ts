import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ModuleSource } from '../../protocol.js'
import { critical } from '../critical.js'
import { CellBindings } from './bindings.js'
import type { Instance } from './instance.js'
import { missingExport } from './missing-export.js'
import { getExport } from './namespace.js'
import { NativeModules, resolveUrl } from './native.js'
import type { Context } from './registration.js'
import { affectedBy, differs } from './reload.js'
import { folderOf, Sources } from './sources.js'
import type { Bindings, Loader, LoaderOptions, RefusedEdit, Reload } from './types.js'
import { abandoned, World } from './world.js'

export { CompileFailure } from './sources.js'
export type { Bindings, Loader, LoaderOptions, RefusedEdit, Reload } from './types.js'

/** Creates the loader of the process that runs cells. */
export function createLoader(options: LoaderOptions): Loader {
  return new ModuleLoader(options)
}

/** A loaded module; `instance` is null for one loaded by Node. */
interface Loaded {
  readonly namespace: object
  readonly instance: Instance | null
}

class ModuleLoader implements Loader {
  readonly #options: LoaderOptions
  readonly #sources: Sources
  readonly #natives: NativeModules
  readonly #bindings = new CellBindings()
  #world = new World()
  /** The world that replaces `#world` when the current reload succeeds; null without a reload. */
  #next: World | null = null
  /** Files whose reload has begun and not ended. */
  #unfinished: readonly string[] = []
  /** Files whose reload failed, which is tried again when others have changed. */
  #refused: readonly string[] = []
  #entries = 0
  /** Number of forced stops so far: work begun before one must not continue after it. */
  #era = 0

  constructor(options: LoaderOptions) {
    this.#options = options
    this.#sources = new Sources(options.requestModules)
    this.#natives = new NativeModules(options.root, options.onPackages ?? (() => undefined))
  }

  get #folder(): string {
    return `${this.#options.cwd}/`
  }

  async import(specifier: string, bindings: Bindings, from = this.#folder): Promise<void> {
    const { namespace, instance } = await this.#load(specifier, from, this.#world)
    const all = Object.entries(bindings)
    for (const [, [name]] of all)
      if (name !== '*' && !(name in namespace)) throw missingExport(specifier, name, namespace)
    for (const [local, [name, set]] of all) {
      set(name === '*' ? namespace : getExport(namespace, name))
      this.#bindings.bind(local, { file: instance?.file ?? null, name, set })
    }
  }

  async load(specifier: string, from = this.#folder): Promise<object> {
    return (await this.#load(specifier, from, this.#world)).namespace
  }

  resolve(specifier: string, from = this.#folder): string {
    return resolveUrl(specifier, from)
  }

  release(names: readonly string[]): void {
    this.#bindings.release(names)
  }

  abandon(): void {
    this.#era++
    if (this.#next) this.#drop(this.#next)
    this.#sources.abandon()
    this.#natives.abandon()
    this.#world.forgetUnfinished()
  }

  async loadLib(file: string): Promise<object | null> {
    try {
      return await this.load(path.resolve(this.#options.root, file), `${this.#options.root}/`)
    } catch {
      return null
    }
  }

  async reload(modules: readonly ModuleSource[]): Promise<Reload> {
    this.#sources.keep(modules)
    const again = modules.length > 0 ? this.#refused : []
    const given = new Set([...this.#unfinished, ...again, ...modules.map(({ file }) => file)])
    const changed = [...given].filter((file) => this.#hasChanged(file))
    this.#unfinished = changed
    const era = this.#era
    const whole = await this.#reload(changed)
    if (!whole.failed)
      return { reloaded: whole.reloaded, edited: this.#among(changed, whole.reloaded), refused: [], notes: whole.notes }
    // One bad edit must not block the others.
    const reloaded: string[] = []
    const refused: RefusedEdit[] = []
    const notes: string[] = []
    for (const file of changed) {
      if (era !== this.#era) break
      const one = changed.length > 1 ? await this.#reload([file]) : whole
      reloaded.push(...one.reloaded)
      notes.push(...one.notes)
      if (one.failed && this.#world.get(file)) refused.push({ file: this.#relative(file), error: one.failed.error })
    }
    return { reloaded: [...new Set(reloaded)], edited: this.#among(changed, reloaded), refused, notes }
  }

  /** Reloads modules and their importers, or leaves everything as it was. */
  async #reload(
    changed: readonly string[],
  ): Promise<Pick<Reload, 'reloaded' | 'notes'> & { readonly failed: { readonly error: unknown } | null }> {
    const affected = changed.length > 0 ? affectedBy(changed, this.#world, this.#sources) : []
    if (affected.length === 0) {
      this.#finished(changed)
      return { reloaded: [], failed: null, notes: [] }
    }
    const old = this.#world.all().filter(({ file }) => affected.includes(file))
    const next = new World(this.#world.all().filter((instance) => !old.includes(instance)))
    this.#next = next
    try {
      // Entries keep their order, because it decides the order in which the modules of a cycle run.
      const entries = old.filter(({ entry }) => entry !== null).sort((a, b) => Number(a.entry) - Number(b.entry))
      await this.#instances([...entries.map(({ file }) => file), ...affected], next)
    } catch (error) {
      // Read now, because V8 formats the stack when it is first read, with the source maps of that time.
      if (error instanceof Error) void error.stack
      if (this.#next === next) this.#takeBack(next, old, changed)
      return { reloaded: [], failed: { error }, notes: [] }
    }
    const notes = critical(() => {
      this.#finished(changed)
      return this.#replace(next, old)
    })
    return { reloaded: affected.map((file) => this.#relative(file)), failed: null, notes }
  }

  /** Returns the files that were reloaded, relative to the project's folder. */
  #among(files: readonly string[], reloaded: readonly string[]): string[] {
    return files.map((file) => this.#relative(file)).filter((name) => reloaded.includes(name))
  }

  #finished(files: readonly string[]): void {
    this.#unfinished = this.#unfinished.filter((file) => !files.includes(file))
    this.#refused = this.#refused.filter((file) => !files.includes(file))
  }

  /**
   * Returns whether the text of a module differs from the running one. An equal module only gets its newer source map.
   */
  #hasChanged(file: string): boolean {
    const source = this.#sources.get(file)
    const instance = this.#world.get(file)
    if (!source || !instance) return source !== undefined
    if (differs(instance.source, source)) return true
    instance.source = source
    this.#options.onSource(source)
    return false
  }

  /** Keeps the old modules after a reload that failed. */
  #takeBack(next: World, old: readonly Instance[], changed: readonly string[]): void {
    this.#drop(next)
    this.#finished(changed)
    this.#refused = [...this.#refused, ...changed]
    for (const { source } of old) this.#options.onSource(source)
  }

  /** Drops the modules of a reload, which are no longer notified of changes in unaffected modules. */
  #drop(next: World): void {
    this.#next = null
    for (const instance of next.all()) if (this.#world.get(instance.file) !== instance) next.forget(instance)
  }

  /**
   * Replaces the old modules by the new ones after a successful reload, in the cells too. Returns notes for the user.
   */
  #replace(next: World, old: readonly Instance[]): string[] {
    for (const { file, entry } of old) {
      const instance = next.get(file)
      if (instance) instance.entry = entry
    }
    for (const instance of old) instance.detach()
    // Modules that other code loaded for the first time in the meantime.
    for (const instance of this.#world.all())
      if (!old.includes(instance) && !next.get(instance.file)) next.add(instance)
    this.#world = next
    this.#next = null
    return old.flatMap(({ file }) => {
      const instance = next.get(file)
      const lost = instance ? this.#bindings.update(file, instance.namespace) : []
      return lost.map((name) => `${this.#relative(file)} no longer exports ${name}: it keeps its old value.`)
    })
  }

  async #load(specifier: string, from: string, world: World): Promise<Loaded> {
    const era = this.#era
    const file = await this.#sources.find(specifier, from)
    if (era !== this.#era) throw abandoned()
    if (file === null) return { namespace: await this.#natives.load(specifier, folderOf(from)), instance: null }
    const [instance] = await this.#instances([file], world)
    if (!instance) throw abandoned()
    instance.entry ??= this.#entries++
    return { namespace: instance.namespace, instance }
  }

  /** Loads and runs modules with everything that they import, and returns their instances. */
  async #instances(files: readonly string[], wanted: World): Promise<Instance[]> {
    const era = this.#era
    // Everything asynchronous comes first, so that linking and starting are one step, and two simultaneous imports of
    // one module cannot create two instances.
    for (;;) {
      const world = wanted === this.#next ? wanted : this.#world
      const { order, waits } = this.#plan(files, world)
      if (waits.length === 0) {
        const added = critical(() =>
          world.link(order, {
            context: (instance) => this.#context(instance, world),
            foreign: (specifier, importer) => this.#foreign(specifier, importer),
            changed: (instance) => this.#update(instance),
          }),
        )
        for (const { source } of added) this.#options.onSource(source)
        const instances = files.flatMap((file) => world.get(file) ?? [])
        world.start(instances, added)
        for (const instance of instances) await world.settled(instance)
        if (era !== this.#era) throw abandoned()
        return instances
      }
      await Promise.all(waits.map((wait) => wait()))
      if (era !== this.#era) throw abandoned()
    }
  }

  /** Returns the modules of the project to instantiate, importers last, and those to fetch before. */
  #plan(files: readonly string[], world: World): { order: ModuleSource[]; waits: (() => Promise<unknown>)[] } {
    const order: ModuleSource[] = []
    const waits: (() => Promise<unknown>)[] = []
    const seen = new Set<string>()
    const visit = (file: string, from: string) => {
      if (seen.has(file) || world.get(file)) return
      seen.add(file)
      const source = this.#sources.get(file)
      if (!source) {
        waits.push(() => this.#fetch(file, from))
        return
      }
      const { own, foreign } = this.#sources.imports(source)
      const folder = path.dirname(file)
      for (const specifier of foreign)
        if (!this.#natives.get(specifier, folder)) waits.push(() => this.#natives.load(specifier, folder))
      for (const dependency of own) visit(dependency, file)
      order.push(source)
    }
    for (const file of files) visit(file, `${this.#options.root}/`)
    return { order, waits }
  }

  async #fetch(file: string, from: string): Promise<void> {
    await this.#sources.ask(file, from)
    if (!this.#sources.get(file)) throw new Error(`The compiler did not send ${file}, which ${from} imports.`)
  }

  #foreign(specifier: string, importer: ModuleSource): object {
    const namespace = this.#natives.get(specifier, path.dirname(importer.file))
    if (!namespace) throw new Error(`${importer.file}: '${specifier}' is not loaded`)
    return namespace
  }

  #context(instance: Instance, world: World): Context {
    const { file } = instance
    const meta = Object.assign(Object.create(null), {
      url: pathToFileURL(file).href,
      filename: file,
      dirname: path.dirname(file),
      resolve: (specifier: string) => resolveUrl(specifier, file),
    }) as object
    return {
      id: file,
      meta,
      import: async (specifier) => {
        const loaded = await this.#load(specifier, file, world)
        if (loaded.instance) instance.loads.add(loaded.instance.file)
        return loaded.namespace
      },
    }
  }

  /** Applies an export that changed while its module runs. A replaced instance no longer counts. */
  #update(instance: Instance): void {
    if (this.#world.get(instance.file) === instance) this.#bindings.update(instance.file, instance.namespace)
  }

  #relative(file: string): string {
    return path.relative(this.#options.root, file).split(path.sep).join('/')
  }
}
