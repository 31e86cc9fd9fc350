/**
 * A module's namespace object, with all its names in order. Its properties are plain and read-only: code that reads
 * them in a loop is as fast as with local names, and nobody but the module can change them.
 */
export function createNamespace(values: ReadonlyMap<string, unknown>): object {
  const namespace: object = {}
  // Not Object.create(null), whose objects are slow to read.
  Object.setPrototypeOf(namespace, null)
  for (const name of [...values.keys()].sort(byCodeUnits)) setExport(namespace, name, values.get(name))
  Object.defineProperty(namespace, Symbol.toStringTag, { value: 'Module' })
  return namespace
}

/** Gives an export a value. */
export function setExport(namespace: object, name: string, value: unknown): void {
  Object.defineProperty(namespace, name, { value, enumerable: true, configurable: true, writable: false })
}

/** The value of an export; undefined where there is none. */
export function getExport(namespace: object, name: string): unknown {
  return (namespace as Readonly<Record<string, unknown>>)[name]
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : 1
}
