import type { TypeErrors } from '../notebook/host.js'

/**
 * The messages between the three processes of the notebook kernel.
 *
 * - `server`, started by Jupyter, has the sockets, the protocol and the history. It never runs user code, so it always
 *   answers.
 * - `cells` runs the code of cells and the modules that they import.
 * - `compiler` has TypeScript: it checks and compiles cells and modules, completes and inspects.
 *
 * The server writes to `cells` through Node's IPC channel. `cells` writes frames to file descriptor 3 synchronously, so
 * that nothing is lost or reordered and a fast printer waits for the server. File descriptor 4 carries stops to the
 * thread of `cells` that can interrupt a busy main thread.
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

/** The protocol's description of a failed cell. */
export interface Failure {
  readonly ename: string
  readonly evalue: string
  readonly traceback: readonly string[]
}

/** A compiled cell to run. */
export interface CellRun {
  /** Number of the cell in this kernel, ascending. */
  readonly id: number
  /** The execution count, which the front end shows in brackets. */
  readonly count: number
  readonly parent: Header
  /** JavaScript for V8's REPL mode. */
  readonly code: string
  /** Source map (version 3, JSON) from `code` to `source`. */
  readonly map: string
  /** The cell as the user wrote it. */
  readonly source: string
  /** Names that the cell declares at its top level, as spelled in `code`, without imported names. */
  readonly declares: readonly string[]
  /** Whether results and errors are not published. */
  readonly silent: boolean
  /** Whether the front end can be asked for input. */
  readonly allowStdin: boolean
  /** Modules changed since they were loaded. */
  readonly reload: readonly ModuleSource[]
  /** Warnings printed to stderr before the cell runs: type errors, rejected edits of modules. */
  readonly warnings: readonly string[]
}

/** A compiled module of the project, not of a package. */
export interface ModuleSource {
  /** Absolute path. */
  readonly file: string
  /** TypeScript's output in the form `System.register([…], function (exports, context) {…})`; for JSON its text. */
  readonly code: string
  /** Source map (version 3, JSON) with the module's text in it; empty for JSON. */
  readonly map: string
  /** Absolute paths of the specifiers that are modules of the project. The others are packages or modules of Node. */
  readonly dependencies: Readonly<Record<string, string>>
}

/**
 * The answer to a request for a module: the module, and every module of the project that it imports and that has not
 * been sent yet.
 */
export type ModulesReply =
  | {
      readonly failure: null
      /** Absolute path of the requested module; null when it is a package or a module of Node. */
      readonly file: string | null
      readonly modules: readonly ModuleSource[]
    }
  | { readonly failure: Failure }

/** Messages from the server to `cells`. */
export type ToCells =
  | { readonly type: 'run'; readonly cell: CellRun }
  /** Stops the running cell at the user's request. */
  | { readonly type: 'stop'; readonly cell: number }
  | {
      readonly type: 'comm'
      readonly parent: Header
      readonly message: 'comm_open' | 'comm_msg' | 'comm_close'
      readonly content: Content
      readonly metadata: Content
      readonly buffers: readonly Uint8Array[]
    }
  /** The text typed by the user; null without an answer. */
  | { readonly type: 'input'; readonly id: number; readonly value: string | null }
  | { readonly type: 'modules'; readonly id: number; readonly reply: ModulesReply }

/** Messages from `cells` to the server. */
export type FromCells =
  /** The process has started. */
  | { readonly type: 'ready' }
  /** A message to publish on iopub unchanged. */
  | {
      readonly type: 'publish'
      readonly parent: Header | null
      readonly message: string
      readonly content: Content
      readonly metadata?: Content
      readonly buffers?: readonly Uint8Array[]
    }
  /** The end of a cell, sent after everything that belongs to it, including the error message. */
  | { readonly type: 'done'; readonly cell: number; readonly failure: Failure | null }
  | {
      readonly type: 'input'
      readonly id: number
      readonly parent: Header
      readonly prompt: string
      readonly password: boolean
    }
  /** Asks the compiler for a module; `from` is the file or folder (ending in `/`) that imports it. */
  | { readonly type: 'modules'; readonly id: number; readonly specifier: string; readonly from: string }
  | { readonly type: 'typeErrors'; readonly mode: TypeErrors }
  /** The open comms by id, sent at every change so that `comm_info` is answered while a cell runs. */
  | { readonly type: 'comms'; readonly open: Readonly<Record<string, string>> }

/** Messages from the server to the interrupting thread of `cells`. */
export interface StopRequest {
  readonly cell: number
  /** Whether the cell is stopped now, whatever is going on, because the user asked twice. */
  readonly force: boolean
}

/** The calls that the compiler answers. A call that throws is a fault of the kernel. */
export interface CompilerCalls {
  /**
   * Checks and compiles a cell, after it checks whether modules that it has sent have changed. A failed cell declares
   * nothing.
   */
  cell(params: { readonly id: number; readonly code: string; readonly typeErrors: TypeErrors }): CellReply
  modules(params: { readonly specifier: string; readonly from: string }): ModulesReply
  /**
   * Returns the content of `complete_reply`, with positions in code points as in the protocol; `cursor` is in UTF-16
   * units.
   */
  complete(params: { readonly code: string; readonly cursor: number }): Content
  /** Returns the content of `inspect_reply`. */
  inspect(params: { readonly code: string; readonly cursor: number; readonly detail: number }): Content
  /** Returns the content of `is_complete_reply`. */
  isComplete(params: { readonly code: string }): Content
}

/** A checked and compiled cell. */
export type CellReply = {
  readonly reload: readonly ModuleSource[]
  readonly warnings: readonly string[]
} & (
  | { readonly failure: Failure }
  | { readonly failure: null; readonly code: string; readonly map: string; readonly declares: readonly string[] }
)

/** The compiler as the server calls it. */
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
 * The functions that compiled cells call, as the global `$rl` of `cells`.
 *
 * The compiler writes `await x` as `$rl.resumed(await x)`, the last line's value as `$rl.result(x)`, and an import as
 * `let a; await $rl.import('m', { a: ['a', ($) => a = $] })`.
 */
export interface CellRuntime {
  /** Keeps the value of the cell's last expression. */
  result(value: unknown): void
  /** Returns the value; throws the stop if the cell that this code belongs to was stopped. */
  resumed<T>(value: T): T
  /** Rethrows the stop; called first in every `catch` block, so that no cell can catch a stop. */
  caught(error: unknown): void
  /**
   * Imports a module, and calls each setter with the export of that name (`*` is the namespace, `default` the default export):
   * at once, when a live export changes, and when the module is reloaded.
   */
  import(
    specifier: string,
    bindings: Readonly<Record<string, readonly [name: string, set: (value: unknown) => void]>>,
  ): Promise<void>
  /** `import(specifier)` in a cell. */
  load(specifier: string, options?: unknown): Promise<unknown>
  /** The `import.meta` of cells. */
  readonly meta: {
    readonly url: string
    readonly dirname: string
    readonly filename: string
    resolve(specifier: string): string
  }
}
