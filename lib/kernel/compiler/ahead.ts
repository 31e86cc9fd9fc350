import type { ModuleCache } from './module-cache.js'
import type { Programs } from './programs.js'
import { isProjectFile } from './sources.js'

/** The import of nearly every notebook of the project. */
const LIB = '../lib'

/**
 * Prepares the project's lib for a notebook that will import it, one file per step, so that a question in the meantime
 * waits for at most one file. Does nothing if the notebook's folder has no lib beside it.
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
      // The import of the file reports its errors.
    }
    yield
  }
}

/** Matches file names of modules that are compiled. */
const COMPILED = /(?<!\.d)\.m?[tj]s$/
