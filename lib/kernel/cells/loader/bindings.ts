import { getExport } from './namespace.js'

interface Binding {
  /** Absolute path of the module; null for one that does not change. */
  readonly file: string | null
  readonly name: string
  readonly set: (value: unknown) => void
}

/** The names that cells have imported. They follow the exports of modules. */
export class CellBindings {
  readonly #byName = new Map<string, Binding>()
  readonly #byFile = new Map<string, Map<string, Binding>>()

  /** Binds a name of the cells to an export, and releases its earlier binding. */
  bind(local: string, binding: Binding): void {
    this.release([local])
    this.#byName.set(local, binding)
    if (binding.file === null) return
    const siblings = this.#byFile.get(binding.file) ?? new Map<string, Binding>()
    this.#byFile.set(binding.file, siblings.set(local, binding))
  }

  /** Unbinds names. */
  release(names: readonly string[]): void {
    for (const local of names) {
      const binding = this.#byName.get(local)
      if (!binding) continue
      this.#byName.delete(local)
      if (binding.file !== null) this.#byFile.get(binding.file)?.delete(local)
    }
  }

  /** Applies a module's changed exports. Returns the names whose export is gone, which keep their value. */
  update(file: string, namespace: object): string[] {
    const lost: string[] = []
    for (const [local, { name, set }] of this.#byFile.get(file) ?? [])
      if (name === '*') set(namespace)
      else if (name in namespace) set(getExport(namespace, name))
      else lost.push(local)
    return lost
  }
}
