import { createHash } from 'node:crypto'
import path from 'node:path'
import ts from 'typescript'
import { privateFolder, readOwn, writeOwn } from '../../typescript/cache.mjs'
import { type CompiledModule, compileModule } from './transform/compile-cell.js'

/** Version of a file of the cache. A module in a file of another version is compiled anew. */
const FORMAT_VERSION = 1

/** Compiled modules on the disk, each under the hash of its input: a kernel that restarts compiles nothing twice. */
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
    if (place) writeOwn(place, JSON.stringify({ formatVersion: FORMAT_VERSION, ...compiled }))
    return compiled
  }
}

function read(place: string): CompiledModule | undefined {
  try {
    const { formatVersion, ...value } = JSON.parse(readOwn(place) ?? '{}') as Record<string, unknown>
    return formatVersion === FORMAT_VERSION && isCompiled(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isCompiled(value: Partial<Record<keyof CompiledModule, unknown>>): value is CompiledModule {
  const { code, map, specifiers } = value
  return typeof code === 'string' && typeof map === 'string' && Array.isArray(specifiers)
}
