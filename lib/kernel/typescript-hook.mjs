// Lets Node's require() load the project's TypeScript as it is, so that every cell and every module of lib share one
// instance of each module. tsx does the same, but leaves import() to Node's other loader, which would load a second
// instance of a module that is already there; here import() is a require() too.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import Module, { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)

/**
 * Registers the hook for the whole process.
 *
 * @param {string} root the project's folder
 */
export function registerTypeScript(root) {
  process.setSourceMapsEnabled(true)
  const cache = path.join(root, '.recurlab', 'cache', 'kernel')
  mkdirSync(cache, { recursive: true })

  const resolveFilename = Module._resolveFilename
  Module._resolveFilename = function (request, parent, ...rest) {
    return typescriptFile(request, parent) ?? resolveFilename.call(this, request, parent, ...rest)
  }
  Module._extensions['.ts'] = (module, filename) => {
    module._compile(compiled(filename, cache), filename)
  }
}

/** `./x.js` means `./x.ts` where only that exists, as TypeScript has it. */
function typescriptFile(request, parent) {
  if (!/^(\.{0,2}\/)/.test(request) || !request.endsWith('.js')) return undefined
  const file = path.resolve(parent?.filename ? path.dirname(parent.filename) : process.cwd(), request)
  if (existsSync(file)) return undefined
  const typescript = file.replace(/\.js$/, '.ts')
  return existsSync(typescript) ? typescript : undefined
}

/** The CommonJS of a file: compiled once, then kept under the hash of its text. */
function compiled(filename, cache) {
  const source = readFileSync(filename, 'utf8')
  const key = createHash('sha256').update(`${FORMAT}\0${filename}\0${source}`).digest('hex').slice(0, 32)
  const kept = path.join(cache, `${key}.cjs`)
  if (existsSync(kept)) return readFileSync(kept, 'utf8')
  const code = compile(filename, source)
  const temporary = `${kept}.${process.pid}.tmp`
  writeFileSync(temporary, code)
  renameSync(temporary, kept)
  return code
}

/** Changes when compile() changes, so that nothing kept from before is used. */
const FORMAT = `2 ${process.versions.node}`

function compile(filename, source) {
  const ts = require('typescript')
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

/**
 * A module of our own may declare `const require = createRequire(…)`; in CommonJS that name is taken, so it is
 * renamed. It comes after {@link replaceImportMeta}, whose `require` is the real one and carries no source position.
 */
function renameReserved(ts) {
  const declared = (file) => {
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
    const visit = (node) => {
      if (ts.isIdentifier(node))
        return node.pos >= 0 && names.has(node.text) ? factory.createIdentifier(`${node.text}_own`) : node
      if (ts.isPropertyAccessExpression(node))
        return factory.updatePropertyAccessExpression(node, visit(node.expression), node.name)
      if (ts.isPropertyAssignment(node))
        return factory.updatePropertyAssignment(node, node.name, visit(node.initializer))
      return ts.visitEachChild(node, visit, context)
    }
    return ts.visitEachChild(file, visit, context)
  }
}

/** Names that Node gives to every CommonJS module. */
const RESERVED = ['require', 'module', 'exports', '__filename', '__dirname']

/** CommonJS has no `import.meta`: an object with the same url, filename and dirname takes its place. */
function replaceImportMeta(ts) {
  const meta = (f) =>
    f.createObjectLiteralExpression([
      f.createPropertyAssignment('url', call(f, 'node:url', 'pathToFileURL', 'href')),
      f.createPropertyAssignment('filename', f.createIdentifier('__filename')),
      f.createPropertyAssignment('dirname', f.createIdentifier('__dirname')),
    ])
  const call = (f, module, name, property) => {
    const required = f.createCallExpression(f.createIdentifier('require'), undefined, [f.createStringLiteral(module)])
    const called = f.createCallExpression(f.createPropertyAccessExpression(required, name), undefined, [
      f.createIdentifier('__filename'),
    ])
    return f.createPropertyAccessExpression(called, property)
  }
  return (context) => (file) => {
    const visit = (node) =>
      ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword
        ? meta(context.factory)
        : ts.visitEachChild(node, visit, context)
    return ts.visitEachChild(file, visit, context)
  }
}
