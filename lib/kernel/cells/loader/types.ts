import type { ModuleSource, ModulesReply } from '../../protocol.js'

/** What the loader needs from the process that runs cells. */
export interface LoaderOptions {
  /** Absolute path of the project's folder. */
  readonly root: string
  /** Absolute path of the notebook's folder, without `/` at the end. */
  readonly cwd: string
  /**
   * Asks the compiler for a module that is named by a path. `from` is the absolute path of the file, or of the folder
   * (ending in `/`), that imports it. `answer` has to be called right where the message comes in, not from a promise:
   * a forced stop drops promises, and the compiler sends no module twice.
   */
  readonly requestModules: (specifier: string, from: string, answer: (reply: ModulesReply) => void) => void
  /** Told of every module before it runs, and again when a failed reload brought the old one back: for source maps. */
  readonly onSource: (source: ModuleSource) => void
  /**
   * Told how many packages are being loaded, whenever that changes. Node cannot load a package again whose loading was
   * stopped by force: such a stop had better wait until there are none.
   */
  readonly onPackages?: (underway: number) => void
}

/** For each name in a cell: the name of the export (`*` is the namespace), and what takes its value. */
export type Bindings = Readonly<Record<string, readonly [name: string, set: (value: unknown) => void]>>

/** What came of a reload. */
export interface Reload {
  /** Relative to the project's folder; the changed ones first, then those that import them. */
  readonly reloaded: readonly string[]
  /** Those of {@link reloaded} whose own text has changed. */
  readonly edited: readonly string[]
  /** Edits that made a module throw: what they edited is as it was before. */
  readonly refused: readonly RefusedEdit[]
  /** Sentences about names that cells have imported and that a module no longer exports: they keep their value. */
  readonly notes: readonly string[]
}

/** An edited module that could not be loaded anew, and what was thrown. */
export interface RefusedEdit {
  /** Relative to the project's folder. */
  readonly file: string
  readonly error: unknown
}

/** Loads the modules that cells import. Modules of the project can be reloaded; all others come from Node. */
export interface Loader {
  /**
   * Imports a module into a cell and calls each setter: now, when a live export changes, and after a reload. `from` is
   * the importing file or folder (ending in `/`); the notebook's folder when it is left out.
   *
   * @throws CompileFailure where a module has errors; UserError where a package or file is missing; SyntaxError where a
   *   name is not exported; else what the module threw
   */
  import(specifier: string, bindings: Bindings, from?: string): Promise<void>
  /** `import(specifier)`: the module's namespace. Throws as {@link Loader.import}. */
  load(specifier: string, from?: string): Promise<object>
  /** The URL that a specifier stands for, as `import.meta.resolve` says. */
  resolve(specifier: string, from?: string): string
  /** Forgets the bindings of these names: a cell declares them anew. */
  release(names: readonly string[]): void
  /**
   * Takes the newest sources, and loads the modules that changed and all that import them anew; those never loaded only
   * get their source. To be called before every cell, also with an empty list: it then goes on with what a forced stop
   * broke off. Never rejects.
   */
  reload(modules: readonly ModuleSource[]): Promise<Reload>
  /** After a forced stop: loads that were under way are forgotten, and start anew when somebody asks again. */
  abandon(): void
  /** A module of the project for the kernel itself, by its path in the project; null when it cannot be loaded. */
  loadLib(file: string): Promise<object | null>
}
