import { type Runtime, Session } from 'node:inspector'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { bind, exportedOf, localsOf } from '../../lib/kernel/compiler/internals/binder.js'
import { markAsModule, setPaths } from '../../lib/kernel/compiler/internals/source-file.js'
import { parseCell } from '../../lib/kernel/compiler/parse-cell.js'
import { type CompiledCell, compileCell } from '../../lib/kernel/compiler/transform/compile-cell.js'
import type { CellRuntime } from '../../lib/kernel/protocol.js'

/** What came of a cell. */
export interface Outcome {
  /** Value of the last expression; undefined where there is none. */
  readonly result?: unknown
  readonly error?: unknown
}

/** What a stop throws in a cell. */
export const STOP = { stop: true }

const options: ts.CompilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, noLib: true }
const checker = ts
  .createProgram([], options, {
    ...ts.createCompilerHost(options),
    getSourceFile: () => undefined,
    fileExists: () => false,
  })
  .getTypeChecker()
const session = new Session()
session.connect()
let cells = 0

/** Cells compiled and run in V8's REPL mode in this process, with a runtime that only does what the tests look at. */
export class Repl {
  /** While true, the next `await` throws {@link STOP}. */
  stopped = false
  readonly #visible = new Map<ts.__String, ts.Symbol>()

  /** Compiles a cell, and makes its names known to the following ones. */
  compile(code: string): CompiledCell {
    const id = ++cells
    const sourceFile = this.#bind(`/cells/cell-${id}.mts`, code)
    const compiled = compileCell(ts, {
      code,
      url: `recurlab-cell:${id}`,
      sourceFile,
      checker,
      isCellFile: (name) => name.startsWith('/cells/'),
    })
    for (const [name, symbol] of localsOf(sourceFile)) this.#visible.set(name, exportedOf(symbol))
    return compiled
  }

  /** Compiles and runs a cell to its end. */
  async run(code: string): Promise<Outcome> {
    return this.evaluate(this.compile(code).code)
  }

  /** The value of the cell's last expression; throws what the cell throws. */
  async value(code: string): Promise<unknown> {
    const outcome = await this.run(code)
    if ('error' in outcome) throw outcome.error
    return outcome.result
  }

  /** Runs a compiled cell to its end. */
  evaluate(code: string): Promise<Outcome> {
    const outcome: { result?: unknown; error?: unknown } = {}
    const runtime: CellRuntime & { thrown(error: unknown): void } = {
      result: (value) => {
        outcome.result = value
      },
      resumed: (value) => {
        if (this.stopped) throw STOP
        return value
      },
      caught: (error) => {
        if (error === STOP) throw error
      },
      import: async (specifier, bindings) => {
        const module = await load(specifier)
        for (const [name, set] of Object.values(bindings)) set(name === '*' ? module : module[name])
      },
      load,
      meta: {
        url: 'file:///notebooks/a.ipynb',
        dirname: '/notebooks',
        filename: '/notebooks/a.ipynb',
        resolve: (specifier) => pathToFileURL(specifier).href,
      },
      thrown: (error) => {
        outcome.error = error
      },
    }
    Object.assign(globalThis, { $rl: runtime })
    return new Promise((resolve, reject) => {
      session.post(
        'Runtime.evaluate',
        { expression: code, replMode: true, awaitPromise: true, objectGroup: 'cells' },
        (failure, reply) => {
          if (failure !== null) return reject(new Error(failure.message))
          const thrown = (reply as Runtime.EvaluateReturnType).exceptionDetails?.exception
          if (thrown?.objectId !== undefined)
            session.post('Runtime.callFunctionOn', {
              functionDeclaration: 'function (error) { $rl.thrown(error) }',
              objectId: thrown.objectId,
              arguments: [{ objectId: thrown.objectId }],
            })
          else if (thrown !== undefined) runtime.thrown(thrown.value)
          session.post('Runtime.releaseObjectGroup', { objectGroup: 'cells' })
          resolve(outcome)
        },
      )
    })
  }

  #bind(path: string, code: string): ts.SourceFile {
    const file = parseCell(ts, path, code, {
      languageVersion: ts.ScriptTarget.Latest,
      impliedNodeFormat: ts.ModuleKind.ESNext,
      setExternalModuleIndicator: markAsModule,
    })
    setPaths(file, path)
    bind(file, options)
    const locals = localsOf(file)
    for (const [name, symbol] of this.#visible) if (!locals.has(name)) locals.set(name, symbol)
    return file
  }
}

async function load(specifier: string): Promise<Record<string, unknown>> {
  return await import(specifier)
}
