import type ts from 'typescript'
import { withFile } from '../internals/program.js'
import type { ServiceHost } from '../internals/services.js'
import type { CellSession } from '../session.js'

/** A cell in the form that TypeScript's services expect. */
export interface View {
  readonly ts: typeof ts
  readonly code: string
  readonly cursor: number
  readonly sourceFile: ts.SourceFile
  /** The session's program, with the cell among its files. */
  readonly program: ts.Program
  readonly checker: ts.TypeChecker
  readonly host: ServiceHost
  /** Folder of the notebook. */
  readonly cwd: string
}

/** Opens code with a cursor in UTF-16 units. A cursor outside the code is moved to its nearer end. */
export function view(session: CellSession, code: string, cursor: number): View {
  const { sourceFile, program, checker } = session.open(code)
  return {
    ts: session.ts,
    code,
    cursor: Math.min(Math.max(0, Math.trunc(cursor) || 0), code.length),
    sourceFile,
    program: withFile(program, sourceFile, checker),
    checker,
    host: hostOf(session, program),
    cwd: session.cwd,
  }
}

function hostOf({ ts, cwd }: CellSession, program: ts.Program): ServiceHost {
  const { sys } = ts
  return {
    getCompilationSettings: () => program.getCompilerOptions(),
    getCurrentDirectory: () => cwd,
    useCaseSensitiveFileNames: () => sys.useCaseSensitiveFileNames,
    fileExists: (name) => sys.fileExists(name),
    readFile: (name) => sys.readFile(name),
    directoryExists: (name) => sys.directoryExists(name),
    getDirectories: (name) => sys.getDirectories(name),
    readDirectory: (...search) => sys.readDirectory(...search),
  }
}

/**
 * Returns the symbol that an imported name stands for; the symbol itself if it is no import or its module is missing.
 */
export function resolved({ ts, checker }: View, symbol: ts.Symbol): ts.Symbol {
  if (!(symbol.flags & ts.SymbolFlags.Alias)) return symbol
  const target = checker.getAliasedSymbol(symbol)
  return target.declarations ? target : symbol
}

/** Returns the displayed meanings of a name that has several: its value, or all meanings if it is no value. */
export function meaningOf(typescript: typeof ts, symbol: ts.Symbol): number {
  return symbol.flags & typescript.SymbolFlags.Value ? VALUE : VALUE | TYPE | NAMESPACE
}

const VALUE = 1
const TYPE = 2
const NAMESPACE = 4
