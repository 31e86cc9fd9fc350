import type ts from 'typescript'
import { exportedOf, exportsOf, localsOf } from '../internals/binder.js'
import { isTypeOnly } from '../internals/checker.js'
import { globalNames } from './names.js'

/** Facts about a cell that only the checker knows. Numbers are the starts (`pos`) of identifiers. */
export interface CellPlan {
  /** Identifiers of a cell's top-level names that are renamed in the code that runs. */
  readonly renamed: ReadonlySet<number>
  /** Local names of imports that are only types. */
  readonly types: ReadonlySet<number>
}

/** Asks the checker about the identifiers whose meaning decides how they are emitted. */
export function planCell(
  compiler: typeof ts,
  checker: ts.TypeChecker,
  sourceFile: ts.SourceFile,
  isCellFile: (fileName: string) => boolean,
): CellPlan {
  const renamed = new Set<number>()
  const types = new Set<number>()
  const visit = (node: ts.Node): void => {
    if (compiler.isIdentifier(node)) {
      if (globalNames.has(node.text) && meansCellName(node)) renamed.add(node.pos)
    } else if (compiler.isImportDeclaration(node)) {
      for (const name of importedNames(compiler, node)) if (isType(name)) types.add(name.pos)
    } else if (compiler.isImportEqualsDeclaration(node) && isType(node.name)) types.add(node.name.pos)
    compiler.forEachChild(node, visit)
  }

  const symbolOf = (name: ts.Identifier): ts.Symbol | undefined => {
    const parent = name.parent
    const symbol =
      compiler.isShorthandPropertyAssignment(parent) && parent.name === name
        ? checker.getShorthandAssignmentValueSymbol(parent)
        : checker.getSymbolAtLocation(name)
    // The checker misses the default export of an earlier cell there, and finds the global of the same name instead.
    const { Value, ExportValue } = compiler.SymbolFlags
    return symbol !== undefined && symbol === checker.resolveName(name.text, undefined, Value, false)
      ? checker.resolveName(name.text, name, Value | ExportValue, false)
      : symbol
  }

  const meansCellName = (name: ts.Identifier): boolean => {
    const parent = name.parent
    if (compiler.isBindingElement(parent) && parent.propertyName === name) return false
    if (compiler.isImportSpecifier(parent) && parent.propertyName === name) return false
    if (compiler.isPropertyAccessExpression(parent) && parent.name === name) return false
    const symbol = symbolOf(name)
    if (!symbol?.declarations?.some((declaration) => isCellTop(symbol, declaration, name.text))) return false
    // A class keeps its name in its own body, where it is constant and must be readable before the class is.
    return !symbol.declarations.some(
      (declaration) =>
        compiler.isClassDeclaration(declaration) &&
        declaration.name !== name &&
        declaration.getSourceFile() === sourceFile &&
        declaration.pos <= name.pos &&
        name.end <= declaration.end,
    )
  }

  const isCellTop = (symbol: ts.Symbol, declaration: ts.Declaration, name: string): boolean => {
    const file = declaration.getSourceFile()
    if (!isCellFile(file.fileName)) return false
    if (compiler.isInterfaceDeclaration(declaration) || compiler.isTypeAliasDeclaration(declaration)) return false
    if (compiler.getCombinedModifierFlags(declaration) & compiler.ModifierFlags.Ambient) return false
    const key = name as ts.__String
    const local = localsOf(file).get(key)
    return local !== undefined ? local === symbol || exportedOf(local) === symbol : exportsOf(file)?.get(key) === symbol
  }

  const isType = (name: ts.Identifier): boolean => {
    const symbol = checker.getSymbolAtLocation(name)
    if (symbol === undefined || !(symbol.flags & compiler.SymbolFlags.Alias)) return false
    if (isTypeOnly(checker, symbol)) return true
    return !(checker.getAliasedSymbol(symbol).flags & compiler.SymbolFlags.Value)
  }

  visit(sourceFile)
  return { renamed, types }
}

/** Returns the local names that an import declares. */
function importedNames(compiler: typeof ts, node: ts.ImportDeclaration): ts.Identifier[] {
  const clause = node.importClause
  const bindings = clause?.namedBindings
  const names = clause?.name === undefined ? [] : [clause.name]
  if (bindings === undefined) return names
  if (compiler.isNamespaceImport(bindings)) return [...names, bindings.name]
  return [...names, ...bindings.elements.map((element) => element.name)]
}
