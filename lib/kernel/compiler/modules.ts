import path from 'node:path'
import ts from 'typescript'
import type { Failure, ModuleSource, ModulesReply } from '../protocol.js'
import { placeName, quote } from './diagnostics.js'
import type { ModuleCache } from './module-cache.js'
import type { Programs } from './programs.js'
import { findModule } from './resolve.js'
import { ModuleSyntaxError } from './transform/compile-cell.js'

/** The error about a module that cannot be sent. */
export class ModuleProblem extends Error {
  constructor(
    /** Absolute path of the faulty module. */
    readonly file: string,
    readonly ename: string,
    message: string,
  ) {
    super(message)
  }
}

/** The modules of the project that the cells' process has received, and the answers to its requests for others. */
export class Modules {
  readonly #root: string
  readonly #programs: Programs
  readonly #cache: ModuleCache
  /** The modules that were sent, with the resolutions of their imports. */
  readonly #sent = new Map<string, ModuleSource['dependencies']>()

  constructor(root: string, programs: Programs, cache: ModuleCache) {
    this.#root = root
    this.#programs = programs
    this.#cache = cache
  }

  wasSent(file: string): boolean {
    return this.#sent.has(file)
  }

  /** Returns whether a module that was sent imports this one. */
  isImported(file: string): boolean {
    return [...this.#sent.values()].some((dependencies) => Object.values(dependencies).includes(file))
  }

  /** Lets a module be sent again on request. */
  forget(file: string): void {
    this.#sent.delete(file)
  }

  /** Returns a module, and every module of the project that it imports and that has not been sent yet. */
  request(specifier: string, from: string): ModulesReply {
    const importer = from.endsWith('/') ? path.join(from, 'cell.ts') : from
    const resolutions = this.#programs.newResolutions()
    const target = findModule(this.#programs, specifier, importer, resolutions)
    if (target.kind === 'native') return { failure: null, file: null, modules: [] }
    if (target.kind === 'missing') return { failure: failure('ModuleNotFound', target.problem) }
    if (this.wasSent(target.file)) return { failure: null, file: target.file, modules: [] }
    try {
      const modules = this.collect([target.file], resolutions)
      this.markSent(modules)
      return { failure: null, file: target.file, modules }
    } catch (error) {
      if (error instanceof ModuleProblem) return { failure: failure(error.ename, error.message) }
      throw error
    }
  }

  /**
   * Returns compiled modules: these files, whether sent before or not, and their imports that were not sent. It records
   * none as sent.
   *
   * @throws ModuleProblem
   */
  collect(files: readonly string[], resolutions = this.#programs.newResolutions()): ModuleSource[] {
    const wanted = new Set(files)
    const collected = new Map<string, ModuleSource>()
    const pending = [...files]
    for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
      if (collected.has(file) || (this.#sent.has(file) && !wanted.has(file))) continue
      const module = this.#compile(file, resolutions)
      collected.set(file, module)
      pending.push(...Object.values(module.dependencies))
    }
    return [...collected.values()]
  }

  /** Returns the modules whose imports resolve to other files than when they were sent, because files came or went. */
  moved(): string[] {
    const resolutions = this.#programs.newResolutions()
    return [...this.#sent].flatMap(([file, dependencies]) =>
      Object.entries(dependencies).some(([specifier, before]) => {
        const target = findModule(this.#programs, specifier, file, resolutions)
        return target.kind === 'project' && target.file !== before
      })
        ? [file]
        : [],
    )
  }

  /** Records modules as sent to the cells' process. */
  markSent(modules: readonly ModuleSource[]): void {
    for (const { file, dependencies } of modules) this.#sent.set(file, dependencies)
  }

  #compile(file: string, resolutions: ts.ModuleResolutionCache): ModuleSource {
    const text = this.#programs.sources.text(file)
    if (text === undefined) throw new ModuleProblem(file, 'ModuleNotFound', `${this.#name(file)} cannot be read`)
    if (file.endsWith('.json')) {
      this.#checkJson(file, text)
      return { file, code: text, map: '', dependencies: {} }
    }
    const { code, map, specifiers } = this.#transform(file, text)
    const dependencies: Record<string, string> = {}
    for (const specifier of specifiers) {
      const target = findModule(this.#programs, specifier, file, resolutions)
      if (target.kind === 'project') dependencies[specifier] = target.file
      if (target.kind === 'missing') throw this.#missing(file, text, specifier, target.problem)
    }
    return { file, code, map, dependencies }
  }

  #transform(file: string, text: string): ReturnType<ModuleCache['compile']> {
    try {
      return this.#cache.compile(file, text)
    } catch (error) {
      if (!(error instanceof ModuleSyntaxError)) throw error
      const { line, column, problem } = error
      throw new ModuleProblem(file, 'SyntaxError', this.#quote(file, text, line, column, 1, problem))
    }
  }

  #checkJson(file: string, text: string): void {
    try {
      JSON.parse(text)
    } catch (error) {
      const at = ts.parseConfigFileTextToJson(file, text).error?.start ?? positionIn(error, text)
      const { line, character } = ts
        .createSourceFile(file, text, ts.ScriptTarget.ESNext)
        .getLineAndCharacterOfPosition(at)
      const problem = `invalid JSON: ${error instanceof Error ? error.message : String(error)}`
      throw new ModuleProblem(file, 'SyntaxError', this.#quote(file, text, line + 1, character + 1, 1, problem))
    }
  }

  #missing(file: string, text: string, specifier: string, problem: string): ModuleProblem {
    const at = Math.max(0, text.indexOf(`'${specifier}'`), text.indexOf(`"${specifier}"`))
    const before = text.slice(0, at).split('\n')
    const column = (before.at(-1)?.length ?? 0) + 1
    return new ModuleProblem(
      file,
      'ModuleNotFound',
      this.#quote(file, text, before.length, column, specifier.length + 2, problem),
    )
  }

  #quote(file: string, text: string, line: number, column: number, length: number, problem: string): string {
    const content = text.split(/\r?\n/)[line - 1] ?? ''
    return quote({ name: this.#name(file), line, column, content, length, text: problem })
  }

  #name(file: string): string {
    return placeName(file, this.#root) ?? file
  }
}

/** Returns the position where JSON.parse stopped, which newer versions of V8 report; otherwise the end of the text. */
function positionIn(error: unknown, text: string): number {
  const place = /at position (\d+)/.exec(error instanceof Error ? error.message : '')
  return place ? Math.min(Number(place[1]), text.length) : text.length
}

function failure(ename: string, message: string): Failure {
  return { ename, evalue: message.split('\n')[0] ?? '', traceback: `${ename}: ${message}`.split('\n') }
}
