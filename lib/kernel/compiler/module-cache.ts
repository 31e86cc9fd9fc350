import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { type CompiledModule, compileModule } from './transform/index.js'

/** Compiled modules on the disk, each under what it was made of: a kernel that starts again compiles nothing twice. */
export class ModuleCache {
  readonly #folder: string
  readonly #salt: string

  /** @param salt changes whenever compiling would give something else */
  constructor(root: string, salt: string) {
    this.#folder = path.join(root, '.recurlab', 'cache', 'modules')
    this.#salt = `${salt} ${ts.version}`
  }

  /** @throws ModuleSyntaxError */
  compile(file: string, text: string): CompiledModule {
    const key = createHash('sha256').update(`${this.#salt}\0${file}\0${text}`).digest('hex').slice(0, 32)
    const place = path.join(this.#folder, `${key}.json`)
    const kept = read(place)
    if (kept) return kept
    const compiled = compileModule(ts, file, text)
    this.#write(place, JSON.stringify(compiled))
    return compiled
  }

  /** A disk that is full or read-only costs time at the next start, nothing else. */
  #write(place: string, text: string): void {
    const temporary = `${place}.${process.pid}.tmp`
    try {
      mkdirSync(this.#folder, { recursive: true })
      writeFileSync(temporary, text)
      renameSync(temporary, place)
    } catch {
      rmSync(temporary, { force: true })
    }
  }
}

function read(place: string): CompiledModule | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(place, 'utf8'))
    return isCompiled(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isCompiled(value: unknown): value is CompiledModule {
  const { code, map, specifiers } = (value ?? {}) as Partial<CompiledModule>
  return typeof code === 'string' && typeof map === 'string' && Array.isArray(specifiers)
}
