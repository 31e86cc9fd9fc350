import type ts from 'typescript'
import { asCell } from '../parse-cell.js'
import { cellCalls } from './cell.js'
import { planCell } from './plan.js'
import { type Declared, replScope } from './scope.js'

export { type CompiledModule, compileModule, ModuleSyntaxError } from './module.js'
export { emittedName } from './names.js'

/** A cell to compile. */
export interface CellSource {
  readonly code: string
  /** The name of the cell in stack traces, different for every cell. */
  readonly url: string
  /** The cell that the checker knows: parsed from `code`, bound, with the names of earlier cells in its scope. */
  readonly sourceFile: ts.SourceFile
  readonly checker: ts.TypeChecker
  /** Returns whether a file that the checker knows is a cell, this one or an earlier one. */
  readonly isCellFile: (fileName: string) => boolean
}

/** A compiled cell. */
export interface CompiledCell {
  /** JavaScript for V8's REPL mode. */
  readonly code: string
  /** Source map (version 3, JSON) from `code` to the cell. */
  readonly map: string
  /** Names that the cell declares at its top level, as spelled in `code`, without imported names. */
  readonly declares: readonly string[]
}

/**
 * Compiles a cell without syntax errors. The code that runs calls the cells' runtime (`$rl`) for imports, results and after
 * every `await`. A top-level name that is the name of a global is renamed to `name$`, so that libraries keep the global.
 */
export function compileCell(compiler: typeof ts, cell: CellSource): CompiledCell {
  const plan = planCell(compiler, cell.checker, cell.sourceFile, cell.isCellFile)
  const declared: Declared = { names: new Set() }
  const imported = new Set<string>()
  const suffix = cell.url.replace(/\W+/g, '_')
  const { outputText, sourceMapText } = compiler.transpileModule(cell.code, {
    fileName: 'cell.mts',
    compilerOptions: {
      target: compiler.ScriptTarget.ES2022,
      module: compiler.ModuleKind.ESNext,
      moduleDetection: compiler.ModuleDetectionKind.Force,
      sourceMap: true,
      newLine: compiler.NewLineKind.LineFeed,
    },
    transformers: {
      before: [asCell(compiler), cellCalls(compiler, plan, imported)],
      after: [replScope(compiler, suffix, declared)],
    },
  })
  const code = outputText.replace(/\n\/\/# sourceMappingURL=[^\n]*\s*$/, '\n')
  const map = { ...(JSON.parse(sourceMapText ?? '{}') as object), file: cell.url, sources: [cell.url], sourceRoot: '' }
  return {
    code: `${code}//# sourceURL=${cell.url}\n`,
    map: JSON.stringify(map),
    declares: [...declared.names].filter((name) => !imported.has(name)),
  }
}
