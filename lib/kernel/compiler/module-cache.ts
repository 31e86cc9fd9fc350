import { createHash } from 'node:crypto'
import path from 'node:path'
import ts from 'typescript'
import { privateFolder, readOwn, writeOwn } from '../../typescript/cache.mjs'
import { type CompiledModule, compileModule } from './transform/compile-cell.js'

/** The compiled modules on the disk, each under the hash of its inputs: a restarted kernel compiles nothing twice. */
export class ModuleCache {
  /** null when nothing is cached. */
  readonly #folder: string | null
  readonly #salt: string

  /** @param salt changes whenever the same text would be compiled to other code */
  constructor(root: string, salt: string) {
    this.#folder = privateFolder(root, 'modules')
    this.#salt = `${salt} ${ts.version}`
  }

  /** @throws ModuleSyntaxError */
  compile(file: string, text: string): CompiledModule {
    const key = createHash('sha256').update(`${this.#salt}\0${file}\0${text}`).digest('hex').slice(0, 32)
    const place = this.#folder && path.join(this.#folder, `${key}.json`)
    const kept = place && read(place)
    if (kept) return kept
    const compiled = compileModule(ts, file, text)
    if (place) writeOwn(place, JSON.stringify(compiled))
    return compiled
  }
}

function read(place: string): CompiledModule | undefined {
  try {
    const value: unknown = JSON.parse(readOwn(place) ?? 'null')
    return isCompiled(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isCompiled(value: unknown): value is CompiledModule {
  const { code, map, specifiers } = (value ?? {}) as Partial<CompiledModule>
  return typeof code === 'string' && typeof map === 'string' && Array.isArray(specifiers)
}
