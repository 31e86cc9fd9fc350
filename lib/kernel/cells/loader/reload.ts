import type { ModuleSource } from '../../protocol.js'
import type { Instance } from './instance.js'
import type { Sources } from './sources.js'
import type { World } from './world.js'

/**
 * Files of loaded modules that have to be loaded anew when some have changed: these first, then those that import them,
 * the nearest first.
 */
export function affectedBy(changed: readonly string[], world: World, sources: Sources): string[] {
  const importers = new Map<string, string[]>()
  for (const instance of world.all())
    for (const file of importsOf(instance, sources))
      importers.set(file, [...(importers.get(file) ?? []), instance.file])
  const reached = new Set(changed)
  for (const file of reached) for (const importer of importers.get(file) ?? []) reached.add(importer)
  return [...reached].filter((file) => world.get(file))
}

/** Whether two texts of a module mean different modules: not when only its types have changed. */
export function differs(a: ModuleSource, b: ModuleSource): boolean {
  return a.code !== b.code || JSON.stringify(a.dependencies) !== JSON.stringify(b.dependencies)
}

/**
 * What a module imports, statically or not. Where its newest text could not be loaded, what that one imports counts
 * too: a change there may be what lets it load.
 */
function importsOf(instance: Instance, sources: Sources): Set<string> {
  const files = new Set(instance.loads)
  const newest = sources.get(instance.file)
  for (const source of new Set([instance.source, newest ?? instance.source]))
    try {
      for (const file of sources.imports(source).own) files.add(file)
    } catch {
      // It cannot even be parsed: it has to change itself.
    }
  return files
}
