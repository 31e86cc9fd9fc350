import type { TypeErrors } from '../notebook/host.js'

/**
 * What the kernel's three processes say to each other.
 *
 * - `server` is what Jupyter starts: sockets, the protocol, history. It never runs user code, so it always answers.
 * - `cells` runs the cells' code, and the modules that they import.
 * - `compiler` holds TypeScript: checks and compiles cells and modules, completes and inspects.
 *
 * The server talks to `cells` by Node's IPC channel; `cells` writes frames to file descriptor 3, synchronously, so that
 * nothing is lost or reordered and a fast printer waits for the server. File descriptor 4 carries stops to the thread
 * of `cells` that can interrupt a busy main thread.
 */

/** JSON. */
export type Content = Record<string, unknown>

/** The header of a Jupyter message (protocol 5.3). */
export interface Header {
  readonly msg_id: string
  readonly msg_type: string
  readonly session: string
  readonly username: string
  readonly date: string
  readonly version: string
}

/** What the protocol says of a cell that failed. */
export interface Failure {
  readonly ename: string
  readonly evalue: string
  readonly traceback: readonly string[]
}

/** A cell that is ready to run. */
export interface CellRun {
  /** Unlike every other cell's of this kernel; rises. */
  readonly id: number
  /** What the front end shows in brackets. */
  readonly count: number
  readonly parent: Header
  /** JavaScript for V8's REPL mode. */
  readonly code: string
  /** Source map (version 3, JSON) from `code` to `source`. */
  readonly map: string
  /** The cell as the user wrote it. */
  readonly source: string
  /** Names that the cell declares at its top level, as they are called in `code`, without those that it imports. */
  readonly declares: readonly string[]
  /** No result and no error is published. */
  readonly silent: boolean
  /** Whether the front end can be asked for input. */
  readonly allowStdin: boolean
  /** Modules that have changed since they were loaded. */
  readonly reload: readonly ModuleSource[]
  /** What to print to stderr before the cell runs: type errors as warnings, a refused edit of a module. */
  readonly warnings: readonly string[]
}

/** A module of the project (not of a package), compiled. */
export interface ModuleSource {
  /** Absolute path. */
  readonly file: string
  /** TypeScript's output in the form `System.register([…], function (exports, context) {…})`; for JSON its text. */
  readonly code: string
  /** Source map (version 3, JSON) with the module's text in it; empty for JSON. */
  readonly map: string
  /** For every specifier that is a module of the project, its absolute path. The others are packages or Node's own. */
  readonly dependencies: Readonly<Record<string, string>>
}

/** A module with everything of the project that it imports and that was not sent before. */
export type ModulesReply =
  | {
      readonly failure: null /** Absolute path of the module asked for; null when it is a package's or Node's own. */
      readonly file: string | null
      readonly modules: readonly ModuleSource[]
    }
  | { readonly failure: Failure }

/** From the server to `cells`. */
export type ToCells =
  | { readonly type: 'run'; readonly cell: CellRun }
  /** The user wants the running cell to end. */
  | { readonly type: 'stop'; readonly cell: number }
  | {
      readonly type: 'comm'
      readonly parent: Header
      readonly message: 'comm_open' | 'comm_msg' | 'comm_close'
      readonly content: Content
      readonly metadata: Content
      readonly buffers: readonly Uint8Array[]
    }
  /** What the user typed; null when there was no answer and will be none. */
  | { readonly type: 'input'; readonly id: number; readonly value: string | null }
  | { readonly type: 'modules'; readonly id: number; readonly reply: ModulesReply }

/** From `cells` to the server. */
export type FromCells =
  /** It has started. */
  | { readonly type: 'ready' }
  /** Goes out on iopub as it is. */
  | {
      readonly type: 'publish'
      readonly parent: Header | null
      readonly message: string
      readonly content: Content
      readonly metadata?: Content
      readonly buffers?: readonly Uint8Array[]
    }
  /** The cell has ended, and everything that belongs to it was sent before. The error message was published. */
  | { readonly type: 'done'; readonly cell: number; readonly failure: Failure | null }
  | {
      readonly type: 'input'
      readonly id: number
      readonly parent: Header
      readonly prompt: string
      readonly password: boolean
    }
  /** Asks the compiler for a module, `from` the file or folder (ending in `/`) that imports it. */
  | { readonly type: 'modules'; readonly id: number; readonly specifier: string; readonly from: string }
  | { readonly type: 'typeErrors'; readonly mode: TypeErrors }
  /** Open comms by id, told at every change, so that `comm_info` is answered while a cell runs. */
  | { readonly type: 'comms'; readonly open: Readonly<Record<string, string>> }

/** From the server to the thread of `cells` that interrupts. */
export interface StopRequest {
  readonly cell: number
  /** Stop now, whatever goes on: the user asked twice. */
  readonly force: boolean
}

/** What the compiler answers. A call that throws is a fault of the kernel. */
export interface CompilerCalls {
  /**
   * Checks and compiles a cell. Before that it looks whether modules that it handed out have changed.
   * A cell with a failure declares nothing.
   */
  cell(params: { readonly id: number; readonly code: string; readonly typeErrors: TypeErrors }): CellReply
  modules(params: { readonly specifier: string; readonly from: string }): ModulesReply
  /** Content of `complete_reply`, its positions in code points as the protocol has them; `cursor` in UTF-16 units. */
  complete(params: { readonly code: string; readonly cursor: number }): Content
  /** Content of `inspect_reply`. */
  inspect(params: { readonly code: string; readonly cursor: number; readonly detail: number }): Content
  /** Content of `is_complete_reply`. */
  isComplete(params: { readonly code: string }): Content
}

/** A cell, checked and compiled. */
export type CellReply = {
  readonly reload: readonly ModuleSource[]
  readonly warnings: readonly string[]
} & (
  | { readonly failure: Failure }
  | { readonly failure: null; readonly code: string; readonly map: string; readonly declares: readonly string[] }
)

/** What the server can ask the compiler for. */
export type Compiler = {
  [Name in keyof CompilerCalls]: (
    params: Parameters<CompilerCalls[Name]>[0],
  ) => Promise<ReturnType<CompilerCalls[Name]>>
} & {
  /** The version of TypeScript. */
  readonly version: string
  close(): void
}

/**
 * What compiled cells call, as the global `$rl` of `cells`.
 *
 * The compiler writes `await x` as `$rl.resumed(await x)`, the last line's value as `$rl.result(x)`, and an import as
 * `let a; await $rl.import('m', { a: ['a', ($) => a = $] })`.
 */
export interface CellRuntime {
  /** Keeps the value of the cell's last expression. */
  result(value: unknown): void
  /** Gives the value back; throws the stop where the cell that this code belongs to was stopped. */
  resumed<T>(value: T): T
  /** The first call in every `catch` block: throws the stop on, so that no cell can catch it. */
  caught(error: unknown): void
  /**
   * Imports a module, and calls each setter with the export of that name (`*` is the namespace, `default` the default):
   * now, when a live export changes, and when the module is reloaded.
   */
  import(
    specifier: string,
    bindings: Readonly<Record<string, readonly [name: string, set: (value: unknown) => void]>>,
  ): Promise<void>
  /** `import(specifier)` in a cell. */
  load(specifier: string, options?: unknown): Promise<unknown>
  /** `import.meta` of cells. */
  readonly meta: {
    readonly url: string
    readonly dirname: string
    readonly filename: string
    resolve(specifier: string): string
  }
}
