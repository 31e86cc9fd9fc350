import ts from 'typescript'
import { part } from './part.js'

type Resolved = ts.ResolvedModuleWithFailedLookupLocations | undefined
type Resolve = (file: ts.SourceFile, name: string, mode: ts.ResolutionMode) => Resolved

const RESOLVE = 'Program.getResolvedModule'

/** Returns the file that a module name resolves to in a file of the program; undefined if it resolves to none. */
export function resolvedModule(program: ts.Program, file: ts.SourceFile, name: string): string | undefined {
  const resolve = part<Resolve>(program, RESOLVE, 'find the importers of an edited module')
  return (resolve(file, name, ts.ModuleKind.ESNext) ?? resolve(file, name, undefined))?.resolvedModule?.resolvedFileName
}

/**
 * Makes the checker of a program resolve the imports of files outside the program.
 *
 * @param isForeign returns whether a file name is that of such a file
 * @param resolve returns the resolution of a module name in it
 */
export function resolveForeign(
  program: ts.Program,
  isForeign: (fileName: string) => boolean,
  resolve: (name: string) => Resolved,
): void {
  const own = part<Resolve>(program, RESOLVE, 'resolve the imports of a cell')
  const replaced: Resolve = (file, name, mode) => (isForeign(file.fileName) ? resolve(name) : own(file, name, mode))
  Object.assign(program, { getResolvedModule: replaced })
}

/**
 * Returns the program as the language services see it: with a file that it does not have, and the checker that knows
 * it.
 */
export function withFile(program: ts.Program, file: ts.SourceFile, checker: ts.TypeChecker): ts.Program {
  const seen = Object.create(program) as ts.Program
  seen.getTypeChecker = () => checker
  seen.getSourceFile = (name) => (name === file.fileName ? file : program.getSourceFile(name))
  return seen
}

/** Returns the imports that a program has found in one of its files. */
export function importsOf(file: ts.SourceFile): readonly ts.StringLiteralLike[] {
  return part(file, 'SourceFile.imports', 'find the importers of an edited module')
}
