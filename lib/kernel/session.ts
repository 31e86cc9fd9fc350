import { format } from 'node:util'
import type { Diagnostic } from 'tslab/dist/converter.js'
import { diagnosticsFailure, type Failure, thrownFailure } from './failure.js'
import { loadTslab, type Tslab } from './tslab.js'
import type { LibTypes } from './types.js'

/** How a cell ended. */
export type Outcome = { readonly failure: Failure } | { readonly failure: null; readonly result: unknown }

/** What the kernel can do with code. Cells are tslab's; only this file and tslab.ts know. */
export interface Session {
  /** Runs one cell; never rejects. The result is undefined where there is none. */
  run(code: string): Promise<Outcome>
  /** Stops the running cell at its next `await`. */
  interrupt(): void
  /** Contents of `complete_reply`, `inspect_reply` and `is_complete_reply`. */
  complete(code: string, cursor: number): Record<string, unknown>
  inspect(code: string, cursor: number): Record<string, unknown>
  isComplete(code: string): Record<string, unknown>
  /** Version of the compiler that cells are compiled with. */
  readonly compilerVersion: string
  readonly setDisplay: Tslab['setDisplay']
  close(): void
}

/**
 * Starts tslab.
 *
 * @param cwd the notebook's folder
 * @param types lib's declaration files, awaited before the first cell
 */
export function createSession(root: string, cwd: string, types: Promise<LibTypes>): Session {
  let libTypes: LibTypes | null = null
  const tslab = loadTslab(root, cwd, () => libTypes?.folder ?? null)
  const { ts } = tslab
  const node = tslab.createConverter({ isJS: false, isBrowser: false })
  let diagnostics: readonly Diagnostic[] = []
  const watched: typeof node = {
    ...node,
    convert(previous, code) {
      const converted = node.convert(previous, code)
      diagnostics = converted.diagnostics
      return converted
    },
  }
  let result: unknown
  let errors: unknown[][] = []
  const executor = tslab.createExecutor(
    cwd,
    { node: watched, browser: watched, close: () => node.close() },
    {
      log: (value: unknown) => {
        result = value
      },
      error: (...args: unknown[]) => {
        errors.push(args)
      },
    },
  )
  const handler = new tslab.JupyterHandlerImpl(executor, false)

  const awaitTypes = async (): Promise<void> => {
    if (libTypes) return
    libTypes = await types
    if (libTypes.folder === null)
      process.stderr.write(`The types of ../lib are not known in cells (everything is any): ${libTypes.problem}\n`)
  }
  return {
    compilerVersion: ts.version,
    setDisplay: tslab.setDisplay,
    interrupt: () => executor.interrupt(),
    close: () => executor.close(),
    isComplete: (code) => isComplete(ts, code),
    complete: (code, cursor) => ({ ...handler.handleComplete({ code, cursor_pos: codeUnits(code, cursor) }) }),
    inspect: (code, cursor) => ({
      ...handler.handleInspect({ code, cursor_pos: codeUnits(code, cursor), detail_level: 0 }),
    }),
    async run(code) {
      await awaitTypes()
      result = undefined
      errors = []
      diagnostics = []
      let done: boolean
      try {
        done = await executor.execute(code)
      } catch (error) {
        return { failure: thrownFailure(error) }
      }
      if (done) {
        // A cell that defines a module is kept although it has errors.
        for (const error of errors) process.stderr.write(`${format(...error)}\n`)
        return { failure: null, result }
      }
      return { failure: diagnostics.length > 0 ? diagnosticsFailure(diagnostics, code) : thrownFailure(errors[0]?.[0]) }
    },
  }
}

/** Jupyter counts a cursor in characters, JavaScript in UTF-16 units. */
function codeUnits(code: string, characters: number): number {
  return Array.from(code).slice(0, characters).join('').length
}

function isComplete(ts: Tslab['ts'], code: string): Record<string, unknown> {
  const { parseDiagnostics = [] } = ts.createSourceFile('cell.ts', code, ts.ScriptTarget.Latest, true) as unknown as {
    parseDiagnostics?: readonly { start: number; code: number }[]
  }
  if (parseDiagnostics.length === 0) return { status: 'complete' }
  const end = code.trimEnd().length
  const UNTERMINATED = [1010, 1160]
  const open = parseDiagnostics.some((one) => one.start >= end || UNTERMINATED.includes(one.code))
  return open ? { status: 'incomplete', indent: '' } : { status: 'invalid' }
}
