import ts from 'typescript'
import { part } from './part.js'

interface Bound {
  locals?: ts.SymbolTable
  readonly symbol?: ts.Symbol
}

/**
 * Creates the symbols of a file, as a program does for its own files. A file that is in no program is bound in well
 * under a millisecond; a new program with it would take a hundred times as long.
 */
export function bind(file: ts.SourceFile, options: ts.CompilerOptions): void {
  part<(file: ts.SourceFile, options: ts.CompilerOptions) => void>(
    ts,
    'ts.bindSourceFile',
    'bind a cell, which belongs to no program',
  )(file, options)
}

/** Returns the names in the scope of a bound module, including those that it exports. A change affects the checker. */
export function localsOf(file: ts.SourceFile): ts.SymbolTable {
  const bound = file as Bound
  bound.locals ??= new Map()
  return bound.locals
}

/** Returns the names that a bound module exports, where the checker looks after its locals. */
export function exportsOf(file: ts.SourceFile): ts.SymbolTable | undefined {
  return (file as Bound).symbol?.exports
}

/** Returns the symbol that a module exports for one of its locals; the local's own if it is not exported. */
export function exportedOf(local: ts.Symbol): ts.Symbol {
  return (local as { exportSymbol?: ts.Symbol }).exportSymbol ?? local
}
