/**
 * Creates a module's namespace object with all its names in order. Its properties are plain and read-only, so that code
 * that reads them in a loop is as fast as with local names, and only the module can change them.
 */
export function createNamespace(values: ReadonlyMap<string, unknown>): object {
  const namespace: object = {}
  // Object.create(null) would return an object that is slow to read.
  Object.setPrototypeOf(namespace, null)
  for (const name of [...values.keys()].sort(byCodeUnits)) setExport(namespace, name, values.get(name))
  Object.defineProperty(namespace, Symbol.toStringTag, { value: 'Module' })
  return namespace
}

/** Sets the value of an export. */
export function setExport(namespace: object, name: string, value: unknown): void {
  Object.defineProperty(namespace, name, { value, enumerable: true, configurable: true, writable: false })
}

/** Returns the value of an export; undefined before it has one. */
export function getExport(namespace: object, name: string): unknown {
  return (namespace as Readonly<Record<string, unknown>>)[name]
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : 1
}
