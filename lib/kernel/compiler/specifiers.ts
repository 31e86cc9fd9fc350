import ts from 'typescript'

/** Returns the names of all modules in a file: in imports, exports, types, and `import('x')`. */
export function importedNames(file: ts.SourceFile): string[] {
  // Most cells import nothing, and their tree need not be walked.
  if (!/\b(?:import|export)\b/.test(file.text)) return []
  const names = new Set<string>()
  const visit = (node: ts.Node): void => {
    const name = moduleName(node)
    if (name !== undefined && ts.isStringLiteralLike(name) && name.text !== '') names.add(name.text)
    ts.forEachChild(node, visit)
  }
  visit(file)
  return [...names]
}

function moduleName(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier
  if (ts.isExternalModuleReference(node)) return node.expression
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0]
  return undefined
}
