import { readdirSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { bind } from './internals/binder.js'
import { importsOf, resolvedModule, resolveForeign } from './internals/program.js'
import { markAsModule } from './internals/source-file.js'
import { cellOptions } from './options.js'
import { isProjectFile, Sources } from './sources.js'

/** The result of resolving a module name. */
export type Resolution = ts.ResolvedModuleWithFailedLookupLocations

/** A program and its inputs, which can be restored. */
export interface ProgramState {
  readonly program: ts.Program
  /** The module names in the imports of cells, with their resolutions. */
  readonly names: ReadonlyMap<string, Resolution>
  readonly augmenting: readonly ts.SourceFile[]
}

/**
 * All imports of cells, as one TypeScript program. A cell is not part of it: a new program costs as much as a hundred
 * cells, so one is created only when a module is imported for the first time, or has changed.
 */
export class Programs {
  readonly sources = new Sources()
  readonly options: ts.CompilerOptions
  readonly #host: ts.CompilerHost
  /** The only root file, which is not on the disk and imports the same modules as the cells. */
  readonly #rootFile: string
  readonly #root: string
  readonly #cwd: () => string
  readonly #isCell: (fileName: string) => boolean
  #resolutions: ts.ModuleResolutionCache
  #filesCameOrWent = false
  #state: ProgramState
  #names: Map<string, Resolution>
  /** A program that was created beforehand, with the lists of its files' folders. */
  #aside: { readonly program: ts.Program; readonly folders: ReadonlyMap<string, string> } | null = null

  /**
   * @param root the project's folder
   * @param cwd returns the folder from which cells import; it may change as long as no cell has imported
   * @param isCell returns whether a file name is that of a cell
   */
  constructor(root: string, cwd: () => string, isCell: (fileName: string) => boolean) {
    this.#root = root
    this.#cwd = cwd
    this.#isCell = isCell
    this.#rootFile = path.join(root, '.recurlab', 'imports-of-cells.ts')
    this.options = cellOptions(root)
    this.#resolutions = this.newResolutions()
    this.#host = this.#makeHost()
    this.#names = new Map()
    this.#state = this.#make(undefined, [])
  }

  get program(): ts.Program {
    return this.#state.program
  }

  get checker(): ts.TypeChecker {
    return this.#state.program.getTypeChecker()
  }

  /** Returns the present state, for {@link restore}. */
  get state(): ProgramState {
    return this.#state
  }

  restore(state: ProgramState): void {
    this.#state = state
    this.#names = new Map(state.names)
  }

  /** Lets cells import these module names. Names that resolve to no file are omitted. */
  include(specifiers: readonly string[]): void {
    const unknown = specifiers.filter((specifier) => !this.#names.has(specifier))
    if (unknown.length === 0) return
    const resolutions = this.newResolutions()
    let fresh = false
    for (const specifier of unknown) {
      const found = this.find(specifier, this.cellFile, resolutions)
      const file = found.resolvedModule?.resolvedFileName
      if (file === undefined) continue
      this.#names.set(specifier, found)
      fresh ||= this.program.getSourceFile(file) === undefined
    }
    if (fresh && !this.#takeAside()) this.renew()
  }

  /** Restores an earlier state, and keeps the present program for a notebook that will import the same files. */
  setAside(before: ProgramState): void {
    const { program } = this
    const folders = this.#ownFiles(program).map((file) => path.dirname(file.fileName))
    this.#aside = { program, folders: new Map(folders.map((folder) => [folder, listOf(folder)])) }
    this.restore(before)
    this.sources.setAside()
  }

  /**
   * Uses the program that was set aside, if it has everything that cells import and no file has changed since; after
   * changes, creates a new program from it. Returns whether it was used.
   */
  #takeAside(): boolean {
    if (!this.#aside || this.#state.augmenting.length > 0) return false
    const { program, folders } = this.#aside
    const has = ({ resolvedModule }: Resolution): boolean =>
      resolvedModule === undefined || program.getSourceFile(resolvedModule.resolvedFileName) !== undefined
    if (![...this.#names.values()].every(has)) return false
    this.#aside = null
    // An import may now resolve to a file that was added to a folder.
    if (![...folders].every(([folder, list]) => listOf(folder) === list)) return false
    const own = this.#ownFiles(program)
    if (!own.every((file) => this.sources.gives(file.fileName, file))) {
      this.#state = this.#make(program, [])
      return true
    }
    for (const file of own) this.sources.text(file.fileName)
    this.#state = { program, names: new Map(this.#names), augmenting: [] }
    return true
  }

  #ownFiles(program: ts.Program): ts.SourceFile[] {
    return program.getSourceFiles().filter(({ fileName }) => isProjectFile(fileName) && fileName !== this.#rootFile)
  }

  /** Makes a cell's `declare global` and `declare module` take effect. */
  augment(cell: ts.SourceFile): void {
    this.#state = this.#make(this.program, [...this.#state.augmenting, cell])
  }

  /** Creates a new program and checker over the present sources. */
  renew(options: { readonly filesCameOrWent?: boolean } = {}): void {
    this.#resolutions = this.newResolutions()
    this.#filesCameOrWent = options.filesCameOrWent ?? false
    if (this.#filesCameOrWent)
      for (const name of this.#names.keys()) this.#names.set(name, this.find(name, this.cellFile, this.#resolutions))
    this.#state = this.#make(this.program, this.#state.augmenting)
  }

  /** Resolves a module name as TypeScript does. */
  find(specifier: string, from: string, resolutions: ts.ModuleResolutionCache): Resolution {
    const mode = ts.ModuleKind.ESNext
    return ts.resolveModuleName(specifier, from, this.options, this.#host, resolutions, undefined, mode)
  }

  /** Creates a cache of the results of {@link find}, which is valid as long as no file comes or goes. */
  newResolutions(): ts.ModuleResolutionCache {
    return ts.createModuleResolutionCache(this.#root, (name) => name, this.options)
  }

  /**
   * Parses and binds a file as a program with it would, so that the first such program is created fast.
   *
   * @returns the file, and the files that it imports, without those in the program
   */
  prepare(name: string): { readonly file: ts.SourceFile | undefined; readonly imports: readonly string[] } {
    const host: ts.CompilerHost = {
      ...this.#host,
      getSourceFile: (file, options) => (file === name ? this.sources.parseAhead(file, options) : undefined),
    }
    // Its imports are resolved, not read.
    const alone = ts.createProgram([name], { ...this.options, noResolve: true, noLib: true, types: [] }, host)
    const file = alone.getSourceFile(name)
    if (!file) return { file, imports: [] }
    bind(file, this.options)
    const targets = importsOf(file).map(({ text }) => resolvedModule(alone, file, text))
    const imports = targets.filter((target) => target !== undefined && !this.program.getSourceFile(target))
    return { file, imports: [...new Set(imports as string[])] }
  }

  /** Returns the files of the project that import one of these. */
  importersOf(files: ReadonlySet<string>): ts.SourceFile[] {
    const { program } = this
    return program.getSourceFiles().filter(
      (file) =>
        isProjectFile(file.fileName) &&
        file.fileName !== this.#rootFile &&
        importsOf(file).some((name) => {
          const target = resolvedModule(program, file, name.text)
          return target !== undefined && files.has(target)
        }),
    )
  }

  /** The file from which the imports of cells are resolved. */
  get cellFile(): string {
    return path.join(this.#cwd(), 'cell.ts')
  }

  #make(old: ts.Program | undefined, augmenting: readonly ts.SourceFile[]): ProgramState {
    const names = new Map(this.#names)
    const lines = Array.from(names.keys(), (name) => `import ${JSON.stringify(name)}\n`)
    const root = ts.createSourceFile(this.#rootFile, lines.join(''), {
      languageVersion: ts.ScriptTarget.ESNext,
      impliedNodeFormat: ts.ModuleKind.ESNext,
      setExternalModuleIndicator: markAsModule,
    })
    const files = new Map([root, ...augmenting].map((file) => [file.fileName, file]))
    const host: ts.CompilerHost = {
      ...this.#host,
      getSourceFile: (file, options) => files.get(file) ?? this.sources.parse(file, options),
      fileExists: (file) => files.has(file) || this.#host.fileExists(file),
    }
    const program = ts.createProgram([...files.keys()], this.options, host, old)
    // Names added later resolve to files of the program, or a new program is created.
    resolveForeign(program, this.#isCell, (name) => this.#names.get(name))
    return { program, names, augmenting }
  }

  #makeHost(): ts.CompilerHost {
    const base = ts.createCompilerHost(this.options, false)
    const library = path.join(this.#root, 'node_modules', 'typescript', 'lib')
    return {
      ...base,
      getCurrentDirectory: () => this.#root,
      getDefaultLibLocation: () => library,
      getDefaultLibFileName: (options) => path.join(library, ts.getDefaultLibFileName(options)),
      getSourceFile: (file, options) => this.sources.parse(file, options),
      // A file in use stays even when it is gone from the disk.
      fileExists: (file) => this.sources.has(file) || base.fileExists(file),
      readFile: (file) => (this.sources.has(file) ? this.sources.text(file) : base.readFile(file)),
      hasInvalidatedResolutions: (file) => this.#filesCameOrWent && isProjectFile(file),
      resolveModuleNameLiterals: (literals, file, redirected, options, source) =>
        literals.map(
          (literal) =>
            (file === this.#rootFile || this.#isCell(file) ? this.#names.get(literal.text) : undefined) ??
            ts.resolveModuleName(
              literal.text,
              file,
              options,
              this.#host,
              this.#resolutions,
              redirected,
              ts.getModeForUsageLocation(source, literal, options),
            ),
        ),
    }
  }
}

/** Returns the entries of a folder, one per line; empty without the folder. */
function listOf(folder: string): string {
  try {
    return readdirSync(folder).sort().join('\n')
  } catch {
    return ''
  }
}
