import type { ModuleSource } from '../../protocol.js'
import type { Instance } from './instance.js'
import type { Sources } from './sources.js'
import type { World } from './world.js'

/**
 * Returns the files of loaded modules to reload after a change: the changed ones, then their importers, nearest first.
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

/** Returns whether two versions of a module differ at run time. They do not if only types have changed. */
export function differs(a: ModuleSource, b: ModuleSource): boolean {
  return a.code !== b.code || JSON.stringify(a.dependencies) !== JSON.stringify(b.dependencies)
}

/**
 * Returns the imports of a module, static or not. If its newest text could not be loaded, the imports of that text
 * count too: a change in one of them may let it load.
 */
function importsOf(instance: Instance, sources: Sources): Set<string> {
  const files = new Set(instance.loads)
  const newest = sources.get(instance.file)
  for (const source of new Set([instance.source, newest ?? instance.source]))
    try {
      for (const file of sources.imports(source).own) files.add(file)
    } catch {
      // A text that cannot be parsed has to change itself.
    }
  return files
}
