import type { ModuleCache } from './module-cache.js'
import type { Programs } from './programs.js'
import { isProjectFile } from './sources.js'

/** What nearly every notebook of the project imports. */
const LIB = '../lib'

/**
 * Prepares the project's lib for a notebook that will import it: each step takes one file, so that whoever asks
 * something meanwhile waits for one file at most. Nothing where the notebook's folder has no lib beside it.
 */
export function* readAhead(programs: Programs, cache: ModuleCache): Generator<void> {
  const first = programs.find(LIB, programs.cellFile, programs.newResolutions()).resolvedModule?.resolvedFileName
  const files = new Set(first === undefined ? [] : [first])
  for (const name of files) {
    try {
      const { file, imports } = programs.prepare(name)
      for (const imported of imports) files.add(imported)
      yield
      if (file && isProjectFile(name) && COMPILED.test(name)) cache.compile(name, file.text)
    } catch {
      // Whoever imports it is told what is wrong with it.
    }
    yield
  }
}

/** Modules that have to be compiled. */
const COMPILED = /(?<!\.d)\.m?[tj]s$/
