import ts from 'typescript'

/**
 * What TypeScript does not publish, yet the kernel needs, so that a cell is checked in a millisecond: binding a file
 * that belongs to no program, and names that come from other files. Its version is fixed in package.json, and the
 * tests of the compiler notice when one of these changes.
 */
interface Internals {
  bindSourceFile(file: ts.SourceFile, options: ts.CompilerOptions): void
  getTokenAtPosition(file: ts.SourceFile, position: number): ts.Node
  getSpellingSuggestion<T>(
    name: string,
    candidates: Iterable<T>,
    nameOf: (candidate: T) => string | undefined,
  ): T | undefined
}

interface FileInternals {
  path: string
  resolvedPath: string
  originalFileName: string
  impliedNodeFormat: ts.ModuleKind | undefined
  externalModuleIndicator: unknown
  locals?: ts.SymbolTable
  symbol?: { readonly exports?: ts.SymbolTable }
  imports?: readonly ts.StringLiteralLike[]
  moduleAugmentations?: readonly ts.Node[]
  ambientModuleNames?: readonly string[]
  identifiers: ReadonlyMap<string, string>
  parseDiagnostics: readonly ts.DiagnosticWithLocation[]
}

type ResolvedModule = (
  file: ts.SourceFile,
  name: string,
  mode: ts.ResolutionMode,
) => ts.ResolvedModuleWithFailedLookupLocations | undefined

interface ProgramInternals {
  getResolvedModule: ResolvedModule
}

const internals = ts as unknown as Internals

/** Makes the symbols of a file, as a program does with its own files. */
export function bind(file: ts.SourceFile, options: ts.CompilerOptions): void {
  internals.bindSourceFile(file, options)
}

/** A file's fields that are not published. */
export function insideOf(file: ts.SourceFile): FileInternals {
  return file as unknown as FileInternals
}

/** The candidate that was probably meant, by TypeScript's own measure. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  return internals.getSpellingSuggestion(name, candidates, (candidate) => candidate)
}

/** What a module name in a file stands for. */
export function resolvedModule(program: ts.Program, file: ts.SourceFile, name: string): string | undefined {
  const { getResolvedModule } = program as unknown as ProgramInternals
  return (getResolvedModule(file, name, ts.ModuleKind.ESNext) ?? getResolvedModule(file, name, undefined))
    ?.resolvedModule?.resolvedFileName
}

/**
 * Lets the program's checker resolve the imports of files that are not the program's.
 *
 * @param resolve what a name stands for there
 */
export function resolveForeign(
  program: ts.Program,
  isForeign: (fileName: string) => boolean,
  resolve: (name: string) => ts.ResolvedModuleWithFailedLookupLocations | undefined,
): void {
  const inside = program as unknown as ProgramInternals
  const own = inside.getResolvedModule
  inside.getResolvedModule = (file, name, mode) => (isForeign(file.fileName) ? resolve(name) : own(file, name, mode))
}

/** The innermost token at a place. */
export function tokenAt(file: ts.SourceFile, position: number): ts.Node {
  return internals.getTokenAtPosition(file, position)
}
