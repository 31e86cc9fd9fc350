import type { ModuleSource } from '../../protocol.js'
import { Instance } from './instance.js'
import { type Context, ownModule } from './registration.js'

/**
 * The loaded modules of the project, one instance for each file. A reload prepares a second world, which replaces the
 * first one when it succeeds.
 */
export class World {
  readonly #instances: Map<string, Instance>

  constructor(instances: Iterable<Instance> = []) {
    this.#instances = new Map(Array.from(instances, (instance) => [instance.file, instance]))
  }

  get(file: string): Instance | undefined {
    return this.#instances.get(file)
  }

  all(): Instance[] {
    return [...this.#instances.values()]
  }

  add(instance: Instance): void {
    this.#instances.set(instance.file, instance)
  }

  /**
   * Creates instances of modules and connects them. Their imports must be among them, in this world, or found by
   * `foreign`. `sources` are in depth-first order: each module after its imports, except in cycles.
   */
  link(
    sources: readonly ModuleSource[],
    make: {
      readonly context: (instance: Instance) => Context
      readonly foreign: (specifier: string, importer: ModuleSource) => object
      readonly changed: (instance: Instance) => void
    },
  ): Instance[] {
    const added = sources.map((source) => new Instance(source, make.changed))
    const fresh = new Map(added.map((instance) => [instance.file, instance]))
    for (const instance of added)
      for (const specifier of instance.registration.dependencies) {
        const file = ownModule(instance.source, specifier)
        const own = file === undefined ? undefined : (fresh.get(file) ?? this.get(file))
        instance.dependencies.push(own ?? make.foreign(specifier, instance.source))
      }
    for (const instance of added) instance.declare(make.context(instance))
    if (hasCycle(added)) {
      // A name may travel through several `export *`, so this is repeated until no module gains a name.
      while (added.map((instance) => instance.passImports()).includes(true));
      for (const instance of added) instance.link()
      for (const instance of added) instance.passImports()
    } else
      for (const instance of added) {
        instance.passImports()
        instance.link()
      }
    for (const instance of added) this.add(instance)
    return added
  }

  /**
   * Runs modules, each after its imports that are in `added` and have not run yet. A module that awaits at its top
   * level holds up only its importers.
   *
   * @throws a module's synchronous error; a later error rejects its `pending`
   */
  start(instances: readonly Instance[], added: readonly Instance[]): void {
    try {
      for (const instance of instances) this.#start(instance)
    } catch (error) {
      for (const instance of added) if (instance.state === 'linked') this.#fail(instance, error)
      throw error
    }
  }

  /** Waits until a module and all its imports have run. @throws the error of one of them */
  async settled(instance: Instance): Promise<void> {
    // A module that is running right now, and imports itself with import(), has ended or awaits something after this.
    if (instance.state !== 'done') await null
    const reached = new Set([instance])
    for (const { dependencies } of reached)
      for (const dependency of dependencies) if (dependency instanceof Instance) reached.add(dependency)
    for (const { state, error } of reached) if (state === 'failed') throw error
    await Promise.all(Array.from(reached, ({ pending }) => pending))
  }

  /** Forgets the modules that have not run to their end. */
  forgetUnfinished(): void {
    for (const instance of this.all()) if (instance.state !== 'done') this.#fail(instance, abandoned())
  }

  /** Forgets a module and its importers, which start anew the next time. */
  forget(instance: Instance): void {
    if (this.get(instance.file) === instance) this.#instances.delete(instance.file)
    instance.detach()
    const importers = [...instance.importers.keys()]
    instance.importers.clear()
    for (const importer of importers) this.forget(importer)
  }

  #start(instance: Instance): void {
    if (instance.state === 'failed') throw instance.error
    if (instance.state !== 'linked') return
    instance.state = 'started'
    try {
      const waits: Promise<void>[] = []
      for (const dependency of instance.dependencies) {
        if (!(dependency instanceof Instance)) continue
        this.#start(dependency)
        // In a cycle, a module that has only started has no pending promise yet, and is not waited for.
        if (dependency.pending) waits.push(dependency.pending)
      }
      const running = waits.length > 0 ? Promise.all(waits).then(() => instance.execute()) : instance.execute()
      if (running) instance.pending = this.#watched(instance, running)
    } catch (error) {
      this.#fail(instance, error)
      throw error
    }
  }

  #watched(instance: Instance, running: Promise<void>): Promise<void> {
    const watched = running.catch((error: unknown) => {
      this.#fail(instance, error)
      throw error
    })
    // The failure reaches every waiter of the module; there is none if another module has failed first.
    watched.catch(() => undefined)
    return watched
  }

  #fail(instance: Instance, error: unknown): void {
    instance.state = 'failed'
    instance.error = error
    this.forget(instance)
  }
}

/** Returns whether one of the instances imports a later one. */
function hasCycle(instances: readonly Instance[]): boolean {
  const rank = new Map<object, number>(instances.map((instance, i) => [instance, i]))
  return instances.some(({ dependencies }, i) => dependencies.some((dependency) => (rank.get(dependency) ?? -1) >= i))
}

/** Returns the error of a load that was cut off. */
export function abandoned(): Error {
  return new Error('The import was cut off: its cell was stopped.')
}
