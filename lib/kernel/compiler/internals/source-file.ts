import type ts from 'typescript'
import { part } from './part.js'

/** Returns the syntax errors of a parsed file, in the order in which the parser found them. */
export function syntaxErrorsOf(file: ts.SourceFile): readonly ts.DiagnosticWithLocation[] {
  return part(file, 'SourceFile.parseDiagnostics', 'report syntax errors of a cell')
}

/** Marks a file as a module whatever its content: cells are modules, and only a module awaits at its top level. */
export function markAsModule(file: ts.SourceFile): void {
  Object.assign(file, { externalModuleIndicator: true })
}

/** Gives a file outside any program the paths that a program gives to its files. */
export function setPaths(file: ts.SourceFile, path: string): void {
  Object.assign(file, { path, resolvedPath: path, originalFileName: path })
}

/** Marks a file as one that needs no other file, which a program would determine by walking through the file. */
export function markAsAlone(file: ts.SourceFile): void {
  Object.assign(file, { imports: [], moduleAugmentations: [], ambientModuleNames: [] })
}

/** Returns whether an identifier, or a string like one, occurs in a file. */
export function mentions(file: ts.SourceFile, name: string): boolean {
  return part<ReadonlyMap<string, string>>(
    file,
    'SourceFile.identifiers',
    'forget the earlier cells that a cell does not use',
  ).has(name)
}
