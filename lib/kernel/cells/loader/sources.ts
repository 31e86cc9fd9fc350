import { existsSync } from 'node:fs'
import path from 'node:path'

import type { Failure, ModuleSource, ModulesReply } from '../../protocol.js'
import { isPath, pathOf } from './native.js'
import { ownModule, registration } from './registration.js'
import { abandoned } from './world.js'

/** The compiler rejected a module. The error carries the failure that the cell reports. */
export class CompileFailure extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.evalue)
    this.name = failure.ename
    this.failure = failure
  }
}

type Request = (specifier: string, from: string, answer: (reply: ModulesReply) => void) => void

/**
 * The newest compiled text of every module that the compiler has sent. It is kept even if the module could not be
 * loaded, because the compiler sends nothing twice.
 */
export class Sources {
  readonly #request: Request
  readonly #byFile = new Map<string, ModuleSource>()
  /** The files that the paths in imports have been resolved to. */
  readonly #resolved = new Map<string, string>()
  readonly #asked = new Map<string, Asked>()

  constructor(request: Request) {
    this.#request = request
  }

  get(file: string): ModuleSource | undefined {
    return this.#byFile.get(file)
  }

  /** Stores newer sources. */
  keep(modules: readonly ModuleSource[]): void {
    for (const module of modules) this.#byFile.set(module.file, module)
  }

  /**
   * Returns the absolute path of the project's module named by a specifier, once its source has arrived; null for a
   * package or a module of Node. @throws CompileFailure if it has errors
   */
  async find(specifier: string, from: string): Promise<string | null> {
    if (!isPath(specifier)) return null
    const importer = this.get(from)
    const stated = importer && ownModule(importer, specifier)
    const meant = stated ?? pathOf(specifier, folderOf(from))
    if (FOREIGN.test(meant)) return null
    const known = this.#resolved.get(meant) ?? (this.#byFile.has(meant) ? meant : undefined)
    if (known !== undefined && existsSync(known)) return known
    const file = await this.ask(meant, from)
    if (file !== null) this.#resolved.set(meant, file)
    return file
  }

  /** Asks the compiler for a module, once for all simultaneous requests. Returns its file. */
  ask(file: string, from: string): Promise<string | null> {
    const asked = this.#asked.get(file)
    if (asked) return asked.answer
    let abandon: () => void = () => undefined
    const answer = new Promise<string | null>((resolve, reject) => {
      abandon = () => reject(abandoned())
      this.#request(file, from, (reply) => {
        this.#asked.delete(file)
        if (reply.failure) return reject(new CompileFailure(reply.failure))
        this.keep(reply.modules)
        resolve(reply.file)
      })
    })
    answer.catch(() => undefined)
    this.#asked.set(file, { answer, abandon })
    return answer
  }

  /** Rejects all pending requests. An answer that still arrives is kept. */
  abandon(): void {
    const all = [...this.#asked.values()]
    this.#asked.clear()
    for (const { abandon } of all) abandon()
  }

  /** Returns the absolute paths of the project's modules that a module imports, and the specifiers of all others. */
  imports(source: ModuleSource): { readonly own: readonly string[]; readonly foreign: readonly string[] } {
    const own: string[] = []
    const foreign: string[] = []
    for (const specifier of registration(source).dependencies) {
      const file = ownModule(source, specifier)
      if (file === undefined) foreign.push(specifier)
      else own.push(file)
    }
    return { own, foreign }
  }
}

interface Asked {
  readonly answer: Promise<string | null>
  readonly abandon: () => void
}

/** Matches paths of files that Node loads. */
const FOREIGN = /\/node_modules\/|\.(?:cjs|cts|node|wasm)$/

/** Returns the folder of an importing file; a folder, which ends in `/`, unchanged. */
export function folderOf(from: string): string {
  return from.endsWith('/') ? path.resolve(from) : path.dirname(from)
}
