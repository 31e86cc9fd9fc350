import type { ModuleSource, ModulesReply } from '../../protocol.js'

/** The functions and folders that the loader needs. */
export interface LoaderOptions {
  /** Absolute path of the project's folder. */
  readonly root: string
  /** Absolute path of the notebook's folder, without `/` at the end. */
  readonly cwd: string
  /**
   * Asks the compiler for a module by a path. `from` is the absolute path of the importing file, or of the importing
   * folder (ending in `/`). `answer` has to be called right where the message arrives, not from a promise: a forced
   * stop drops promises, and the compiler sends no module twice.
   */
  readonly requestModules: (specifier: string, from: string, answer: (reply: ModulesReply) => void) => void
  /** Receives every module before it runs, and again when a failed reload restores the old one, for source maps. */
  readonly onSource: (source: ModuleSource) => void
  /**
   * Receives the number of packages being loaded, whenever it changes. Node cannot load a package again after a forced
   * stop of its load, so such a stop should wait until the number is zero.
   */
  readonly onPackages?: (underway: number) => void
}

/** For each name in a cell, the name of the export (`*` is the namespace) and the setter that takes its value. */
export type Bindings = Readonly<Record<string, readonly [name: string, set: (value: unknown) => void]>>

/** The outcome of a reload. */
export interface Reload {
  /** Reloaded files relative to the project's folder, the changed ones first, then their importers. */
  readonly reloaded: readonly string[]
  /** The subset of {@link reloaded} whose own text has changed. */
  readonly edited: readonly string[]
  /** Edits that made a module throw: the modules are as they were before. */
  readonly refused: readonly RefusedEdit[]
  /** Sentences about imported names that a module no longer exports, which keep their value. */
  readonly notes: readonly string[]
}

/** An edited module that could not be reloaded, with its error. */
export interface RefusedEdit {
  /** Relative to the project's folder. */
  readonly file: string
  readonly error: unknown
}

/** Loads the modules that cells import. Modules of the project can be reloaded; all others come from Node. */
export interface Loader {
  /**
   * Imports a module into a cell and calls each setter: now, when a live export changes, and after a reload. `from` is
   * the importing file or folder (ending in `/`); by default the notebook's folder.
   *
   * @throws CompileFailure if a module has errors; UserError if a package or file is missing; SyntaxError if a name is
   *   not exported; otherwise the module's own error
   */
  import(specifier: string, bindings: Bindings, from?: string): Promise<void>
  /** Returns the namespace of a module, as `import(specifier)` does. Throws as {@link Loader.import}. */
  load(specifier: string, from?: string): Promise<object>
  /** Returns the URL of a specifier, as `import.meta.resolve` does. */
  resolve(specifier: string, from?: string): string
  /** Unbinds names that a cell declares anew. */
  release(names: readonly string[]): void
  /**
   * Takes the newest sources, and reloads the changed modules and all their importers; modules that were never loaded
   * only get their source. It must be called before every cell, even with an empty list, to continue a reload that a
   * forced stop cut off. Never rejects.
   */
  reload(modules: readonly ModuleSource[]): Promise<Reload>
  /** Abandons the loads that were in progress at a forced stop. They start anew on the next request. */
  abandon(): void
  /**
   * Loads a module of the project for the kernel itself, by its path in the project. Returns null if it cannot be
   * loaded.
   */
  loadLib(file: string): Promise<object | null>
}
