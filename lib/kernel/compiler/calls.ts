import ts from 'typescript'
import type { CellReply, CompilerCalls } from '../protocol.js'
import { readAhead } from './ahead.js'
import { isCellFile } from './cell-file.js'
import type { Cells } from './cells.js'
import { describe, failureOf, type Hint, NO_MODULE, syntaxErrors, typeErrors } from './diagnostics.js'
import { howToKeepLiterals } from './keep-literals.js'
import { languageServices } from './language/index.js'
import { ModuleCache } from './module-cache.js'
import { Modules } from './modules.js'
import { Refresh } from './refresh.js'
import { meantModule } from './resolve.js'
import { compileCell } from './transform/compile-cell.js'

/** The compiler's answers, and its work between questions. */
export interface CompilerService extends CompilerCalls {
  /** Does work that is best done between two questions. */
  rest(): void
  /** Prepares one file that may be imported later. Returns whether there are more. */
  readAhead(): boolean
}

/**
 * Creates the compiler of one notebook.
 *
 * @param salt changes with the compiler, so that modules compiled by another one are not used
 */
export function createCalls(root: string, cells: Cells, salt: string): CompilerService {
  const cache = new ModuleCache(root, salt)
  const modules = new Modules(root, cells.programs, cache)
  const ahead = readAhead(cells.programs, cache)
  const refresh = new Refresh(root, cells.programs, modules)
  const hint: Hint = (found) => {
    if (!NO_MODULE.includes(found.code)) return { below: howToKeepLiterals(found, cells.programs.checker) }
    const name = found.file?.text.slice((found.start ?? 0) + 1, (found.start ?? 0) + (found.length ?? 0) - 1) ?? ''
    const meant = meantModule(name, cells.programs.cellFile)
    return meant === undefined ? {} : { inText: ` Did you mean '${meant}'?` }
  }
  return {
    ...languageServices(cells),
    cell({ id, code, typeErrors: mode }) {
      const { reload, warnings } = refresh.run(mode)
      return cells.enter<CellReply>(code, (cell) => {
        const refuse = (found: readonly ts.Diagnostic[]) => ({
          holds: false,
          value: { failure: failureOf(found, root, hint), reload, warnings },
        })
        const syntax = syntaxErrors(cell.sourceFile)
        if (syntax.length > 0) return refuse(syntax)
        const types = mode === 'off' ? [] : typeErrors(cell)
        if (types.length > 0 && mode === 'error') return refuse(types)
        const { sourceFile, checker } = cell
        const compiled = compileCell(ts, { code, url: `recurlab-cell:${id}`, sourceFile, checker, isCellFile })
        return {
          holds: true,
          value: { failure: null, ...compiled, reload, warnings: [...warnings, ...describe(types, root, hint)] },
        }
      })
    },
    modules: ({ specifier, from }) => modules.request(specifier, from),
    rest: () => cells.tidy(),
    readAhead: () => ahead.next().done !== true,
  }
}
