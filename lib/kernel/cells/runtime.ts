import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { CellRuntime } from '../protocol.js'
import { asNobody, Cell, context, currentCell, Stop } from './context.js'
import type { Loader } from './loader/index.js'
import { connectTslab } from './tslab.js'

/**
 * Puts `$rl`, which compiled cells call, and `require` into the global scope.
 *
 * @param cwd the notebook's folder
 */
export function installRuntime(loader: Loader, cwd: string): void {
  const filename = path.join(cwd, notebookName())
  const url = pathToFileURL(filename).href
  const runtime: CellRuntime = {
    result(value) {
      const owner = context.getStore() ?? currentCell()
      if (owner instanceof Cell) owner.result = value
    },
    resumed(value) {
      throwIfStopped()
      return value
    },
    caught(error) {
      if (error instanceof Stop) throw error
      throwIfStopped()
    },
    // A module belongs to every cell that imports it, not to the first one.
    async import(specifier, bindings) {
      await asNobody(() => loader.import(specifier, bindings))
      connectTslab()
      throwIfStopped()
    },
    async load(specifier) {
      const namespace = await asNobody(() => loader.load(String(specifier)))
      connectTslab()
      throwIfStopped()
      return namespace
    },
    meta: { url, filename, dirname: cwd, resolve: (specifier) => loader.resolve(specifier) },
  }
  hide('$rl', runtime)
  hide('require', createRequire(filename))
  process.argv = [process.execPath, filename]
}

function throwIfStopped(): void {
  if (context.getStore()?.stopped) throw new Stop()
}

/** Returns the name of the notebook's file, if Jupyter's server provides it. */
function notebookName(): string {
  return path.basename(process.env.JPY_SESSION_NAME || 'notebook.ipynb')
}

/** Defines a global that is not enumerable. A cell can shadow it. */
function hide(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, enumerable: false, configurable: true, writable: name !== '$rl' })
}
