import { createRequire } from 'node:module'

const load = createRequire(import.meta.url)

/** @typedef {typeof import('typescript')} TypeScript */

/**
 * Returns the CommonJS of a TypeScript module, with its source map at the end.
 *
 * @param {string} filename
 * @param {string} source
 * @returns {string}
 * @throws {SyntaxError} which names the line
 */
export function toCommonJs(filename, source) {
  // Loading TypeScript takes half a second, and is needed only after a change.
  /** @type {TypeScript} */
  const ts = load('typescript')
  const { outputText, diagnostics } = ts.transpileModule(source, {
    fileName: filename,
    reportDiagnostics: true,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2023,
      esModuleInterop: true,
      inlineSourceMap: true,
      inlineSources: true,
    },
    transformers: { before: [replaceImportMeta(ts), renameReserved(ts)] },
  })
  const first = diagnostics?.find((diagnostic) => diagnostic.category === ts.DiagnosticCategory.Error)
  if (first?.file) {
    const { line, character } = first.file.getLineAndCharacterOfPosition(first.start ?? 0)
    const text = ts.flattenDiagnosticMessageText(first.messageText, '\n')
    throw new SyntaxError(`${filename}:${line + 1}:${character + 1} - ${text}`)
  }
  return outputText
}

/** The names that Node gives to every CommonJS module. */
const RESERVED = ['require', 'module', 'exports', '__filename', '__dirname']

/**
 * Returns a transformer that renames names which CommonJS reserves: a module may declare `const require = createRequire(…)`. It
 * runs after {@link replaceImportMeta}, whose `require` is the real one and carries no source position.
 *
 * @param {TypeScript} ts
 * @returns {import('typescript').TransformerFactory<import('typescript').SourceFile>}
 */
function renameReserved(ts) {
  const declared = (/** @type {import('typescript').SourceFile} */ file) => {
    /** @type {Set<string>} */
    const names = new Set()
    for (const statement of file.statements)
      if (ts.isVariableStatement(statement))
        for (const { name } of statement.declarationList.declarations)
          if (ts.isIdentifier(name) && RESERVED.includes(name.text)) names.add(name.text)
    return names
  }
  return (context) => (file) => {
    const names = declared(file)
    if (names.size === 0) return file
    const { factory } = context
    /** @type {(node: import('typescript').Node) => import('typescript').Node} */
    const visit = (node) => {
      if (ts.isIdentifier(node))
        return node.pos >= 0 && names.has(node.text) ? factory.createIdentifier(`${node.text}_own`) : node
      if (ts.isPropertyAccessExpression(node))
        return factory.updatePropertyAccessExpression(node, expression(visit(node.expression)), node.name)
      if (ts.isPropertyAssignment(node))
        return factory.updatePropertyAssignment(node, node.name, expression(visit(node.initializer)))
      return ts.visitEachChild(node, visit, context)
    }
    return ts.visitEachChild(file, visit, context)
  }
}

/** Casts a transformed expression, which is still an expression. @param {import('typescript').Node} node */
function expression(node) {
  return /** @type {import('typescript').Expression} */ (node)
}

/**
 * Returns a transformer that replaces `import.meta`, which CommonJS does not have, by an object with url, filename and dirname.
 *
 * @param {TypeScript} ts
 * @returns {import('typescript').TransformerFactory<import('typescript').SourceFile>}
 */
function replaceImportMeta(ts) {
  return (context) => (file) => {
    const { factory: f } = context
    const required = f.createCallExpression(f.createIdentifier('require'), undefined, [
      f.createStringLiteral('node:url'),
    ])
    const url = f.createCallExpression(f.createPropertyAccessExpression(required, 'pathToFileURL'), undefined, [
      f.createIdentifier('__filename'),
    ])
    const meta = f.createObjectLiteralExpression([
      f.createPropertyAssignment('url', f.createPropertyAccessExpression(url, 'href')),
      f.createPropertyAssignment('filename', f.createIdentifier('__filename')),
      f.createPropertyAssignment('dirname', f.createIdentifier('__dirname')),
    ])
    /** @type {(node: import('typescript').Node) => import('typescript').Node} */
    const visit = (node) =>
      ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword
        ? meta
        : ts.visitEachChild(node, visit, context)
    return ts.visitEachChild(file, visit, context)
  }
}
