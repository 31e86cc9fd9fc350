import assert from 'node:assert/strict'
import { test } from 'node:test'
import ts from 'typescript'
import { bind, exportedOf, exportsOf, localsOf } from '../../lib/kernel/compiler/internals/binder.js'
import { isTypeOnly } from '../../lib/kernel/compiler/internals/checker.js'
import { inventedId } from '../../lib/kernel/compiler/internals/emitter.js'
import { part } from '../../lib/kernel/compiler/internals/part.js'
import { importsOf, resolvedModule, resolveForeign, withFile } from '../../lib/kernel/compiler/internals/program.js'
import { completionsAt, displayOf, kindOf, signaturesAt } from '../../lib/kernel/compiler/internals/services.js'
import {
  markAsAlone,
  markAsModule,
  mentions,
  setPaths,
  syntaxErrorsOf,
} from '../../lib/kernel/compiler/internals/source-file.js'
import {
  containerOf,
  isInComment,
  isInString,
  literalMemberAt,
  nameAt,
  propertiesMeant,
  tokenAt,
  tokenBefore,
} from '../../lib/kernel/compiler/internals/tokens.js'
import { hasStrayTokens, replaceStatements, takeOutOperator } from '../../lib/kernel/compiler/internals/tree.js'

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.Preserve,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  noLib: true,
  types: [],
}

/**
 * Tests one private part of TypeScript.
 *
 * @param name of the part
 * @param does completes the sentence "it …" with what the notebook kernel relies on
 */
function privatePart(name: string, does: string, check: () => void): void {
  test(`${name} ${does}`, () => {
    try {
      check()
    } catch (error) {
      const told = error instanceof Error ? error.message : String(error)
      throw new Error(
        `TypeScript ${ts.version} changed ${name}, which the notebook kernel needs: it no longer ${does}.\n${told}`,
      )
    }
  })
}

function parse(text: string, name = '/cell.ts'): ts.SourceFile {
  const file = ts.createSourceFile(
    name,
    text,
    {
      languageVersion: ts.ScriptTarget.ES2023,
      impliedNodeFormat: ts.ModuleKind.ESNext,
      setExternalModuleIndicator: markAsModule,
    },
    true,
  )
  setPaths(file, name)
  return file
}

/** A program of files that exist only here; none of them is a cell. */
function programOf(texts: Readonly<Record<string, string>>, made: readonly ts.SourceFile[] = []): ts.Program {
  const files = new Map(made.map((file) => [file.fileName, file]))
  const host: ts.CompilerHost = {
    ...ts.createCompilerHost(OPTIONS, true),
    getSourceFile: (name, options) =>
      files.get(name) ?? (name in texts ? ts.createSourceFile(name, texts[name]!, options, true) : undefined),
    fileExists: (name) => name in texts || files.has(name),
    directoryExists: () => true,
    readFile: (name) => texts[name],
  }
  return ts.createProgram([...Object.keys(texts), ...files.keys()], OPTIONS, host)
}

/** A bound file that is in no program, as a cell is. */
function cell(text: string, name = '/cell.ts'): ts.SourceFile {
  const file = parse(text, name)
  bind(file, OPTIONS)
  markAsAlone(file)
  return file
}

/** The first node in a file that holds. */
function find<T extends ts.Node>(root: ts.Node, holds: (node: ts.Node) => node is T): T {
  const search = (node: ts.Node): T | undefined => (holds(node) ? node : ts.forEachChild(node, search))
  const found = search(root)
  assert.ok(found)
  return found
}

const firstName = (root: ts.Node, text: string): ts.Identifier =>
  find(root, (node): node is ts.Identifier => ts.isIdentifier(node) && node.text === text)

const key = (name: string): ts.__String => name as ts.__String

test('a private part that TypeScript does not have is named, with what it is needed for', () => {
  assert.throws(
    () => part({}, 'ts.countCells', 'count cells'),
    new RegExp(
      `^Error: TypeScript ${ts.version} no longer has ts.countCells: the notebook kernel needs it to count cells`,
    ),
  )
})

privatePart('ts.bindSourceFile', 'gives a file that is in no program its symbols', () => {
  const file = cell('const a = 1')
  assert.equal(localsOf(file).get(key('a'))?.valueDeclaration?.getText(), 'a = 1')
})

privatePart('SourceFile.locals', 'is where the checker finds the names that a module sees', () => {
  const program = programOf({ '/a.ts': '' })
  const earlier = cell('const rate: 7 = 7', '/earlier.ts')
  const file = cell('rate', '/later.ts')
  localsOf(file).set(key('rate'), localsOf(earlier).get(key('rate'))!)
  const checker = program.getTypeChecker()
  assert.equal(checker.typeToString(checker.getTypeAtLocation(firstName(file, 'rate'))), '7')
})

privatePart('SourceFile.symbol', 'holds what a module exports', () => {
  assert.ok(exportsOf(cell('export const a = 1'))?.has(key('a')))
})

privatePart(
  'Symbol.exportSymbol',
  'connects the local symbol of an exported name with the one that is exported',
  () => {
    const file = cell('export const a = 1, b = 2')
    const exports = exportsOf(file)!
    const [local, exported, other] = [localsOf(file).get(key('a'))!, exports.get(key('a'))!, exports.get(key('b'))!]
    assert.notEqual(local, exported)
    assert.deepEqual([exportedOf(local) === exported, exportedOf(exported) === exported], [true, true])
    assert.notEqual(exportedOf(local), other)
  },
)

privatePart('TypeChecker.getTypeOnlyAliasDeclaration', 'tells the imports of types', () => {
  const program = programOf({
    '/a.ts': 'export class A {}; export type { A as B }',
    '/b.ts': "import { A, B, type A as C } from './a'",
  })
  const checker = program.getTypeChecker()
  const names = ['A', 'B', 'C'].map((name) => {
    const specifier = find(
      program.getSourceFile('/b.ts')!,
      (node): node is ts.ImportSpecifier => ts.isImportSpecifier(node) && node.name.text === name,
    )
    return isTypeOnly(checker, checker.getSymbolAtLocation(specifier.name)!)
  })
  assert.deepEqual(names, [false, true, true])
})

privatePart('Identifier.emitNode.autoGenerate.id', 'numbers the names that TypeScript invents', () => {
  const invented = ts.factory.createUniqueName('a')
  const other = ts.factory.createTempVariable(undefined)
  assert.equal(typeof inventedId(invented), 'number')
  assert.notEqual(inventedId(invented), inventedId(other))
  assert.equal(inventedId(ts.factory.createIdentifier('a')), undefined)
})

privatePart('Program.getResolvedModule', 'says what a module name stands for', () => {
  const program = programOf({ '/a.ts': "import './b'; import './none'", '/b.ts': '' })
  const file = program.getSourceFile('/a.ts')!
  assert.equal(resolvedModule(program, file, './b'), '/b.ts')
  assert.equal(resolvedModule(program, file, './none'), undefined)
})

privatePart('Program.getResolvedModule', 'is what the checker asks about the imports of any file', () => {
  const program = programOf({ '/b.ts': 'export const rate: 7 = 7' })
  const resolved = { resolvedFileName: '/b.ts', extension: ts.Extension.Ts, isExternalLibraryImport: false }
  const file = cell("import { rate } from 'anything'; const seen = rate")
  resolveForeign(
    program,
    (name) => name === '/cell.ts',
    (name) =>
      (name === 'anything' ? { resolvedModule: resolved } : undefined) as ReturnType<typeof ts.resolveModuleName>,
  )
  const checker = program.getTypeChecker()
  assert.equal(checker.typeToString(checker.getTypeAtLocation(firstName(file, 'seen'))), '7')
  assert.equal(resolvedModule(program, program.getSourceFile('/b.ts')!, 'anything'), undefined)
})

privatePart('SourceFile.imports', 'lists the imports that a program has found in a file', () => {
  const program = programOf({ '/a.ts': "import './b'; export * from './c'", '/b.ts': '', '/c.ts': '' })
  assert.deepEqual(
    importsOf(program.getSourceFile('/a.ts')!).map(({ text }) => text),
    ['./b', './c'],
  )
})

privatePart('SourceFile.imports', 'keeps a program from looking for the imports of a file when it is there', () => {
  const file = parse("import './b'")
  markAsAlone(file)
  programOf({ '/b.ts': '' }, [file])
  assert.deepEqual(importsOf(file), [])
})

privatePart('SourceFile.path', 'tells files apart that are in no program', () => {
  const program = programOf({ '/a.ts': '' })
  const errorsOf = (file: ts.SourceFile): string[] =>
    program.getSemanticDiagnostics(file).map(({ messageText }) => String(messageText))
  assert.match(errorsOf(cell('none', '/one.ts')).join(), /Cannot find name 'none'/)
  assert.match(errorsOf(cell('other', '/two.ts')).join(), /Cannot find name 'other'/)
})

privatePart('SourceFile.parseDiagnostics', 'holds the syntax errors of a file', () => {
  const [error] = syntaxErrorsOf(parse('const a = '))
  assert.equal(error?.code, 1109)
  assert.deepEqual(syntaxErrorsOf(parse('const a = 1')), [])
})

privatePart('SourceFile.externalModuleIndicator', 'makes a module of a file, which awaits at its top level', () => {
  const file = parse('await 1')
  assert.ok(ts.isExternalModule(file))
  find(file, ts.isAwaitExpression)
})

privatePart('SourceFile.identifiers', 'knows every name in a file', () => {
  const file = parse('const a = { b: c.d }')
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].map((name) => mentions(file, name)),
    [true, true, true, true, false],
  )
})

const CODE = "const text = './x' // a comment\nfunction outer() { return text }"

privatePart('ts.getTokenAtPosition', 'finds the token at a place', () => {
  assert.equal(tokenAt(parse(CODE), 7).getText(), 'text')
})

privatePart('ts.getTouchingPropertyName', 'finds the name that ends at a place', () => {
  assert.equal(nameAt(parse(CODE), 10).getText(), 'text')
})

privatePart('ts.findPrecedingToken', 'finds the token before a place', () => {
  assert.equal(tokenBefore(parse(CODE), 12)?.getText(), '=')
})

privatePart('ts.isInString', 'tells a place inside a string', () => {
  const file = parse(CODE)
  const string = find(file, ts.isStringLiteral)
  assert.deepEqual([isInString(file, 15, string), isInString(file, 12, tokenBefore(file, 12)!)], [true, false])
})

privatePart('ts.isInComment', 'tells a place inside a comment', () => {
  const file = parse(CODE)
  assert.deepEqual([isInComment(file, 25), isInComment(file, 7)], [true, false])
})

privatePart('ts.getContainerNode', 'finds the function around a node', () => {
  assert.ok(ts.isFunctionDeclaration(containerOf(find(parse(CODE), ts.isReturnStatement))!))
})

privatePart('ts.getContainingObjectLiteralElement', 'finds the member whose name a node is', () => {
  const file = parse('const a = { b: c }')
  assert.equal(literalMemberAt(firstName(file, 'b'))?.getText(), 'b: c')
  assert.equal(literalMemberAt(firstName(file, 'a')), undefined)
})

privatePart('ts.getPropertySymbolsFromContextualType', 'finds the property of the expected type', () => {
  const file = parse('type Row = { b: number }; const a: Row = { b: 1 }')
  const checker = programOf({}, [file]).getTypeChecker()
  const literal = find(file, ts.isObjectLiteralExpression)
  const [property] = propertiesMeant(literal.properties[0]!, checker, checker.getContextualType(literal)!)
  assert.equal(property?.valueDeclaration?.getText(), 'b: number')
})

const ASKED = `/** Adds one. */\nfunction step(count: number) { return count }\nstep(\nst`

function asked(): { readonly program: ts.Program; readonly file: ts.SourceFile; readonly checker: ts.TypeChecker } {
  const outer = programOf({ '/a.ts': '' })
  const file = cell(ASKED)
  const checker = outer.getTypeChecker()
  return { program: withFile(outer, file, checker), file, checker }
}

privatePart(
  'ts.Completions.getCompletionsAtPosition',
  'completes in a file that is in no program, with symbols',
  () => {
    const { program, file } = asked()
    const host = { ...ts.sys, getCompilationSettings: () => OPTIONS, useCaseSensitiveFileNames: () => true }
    const entry = completionsAt(host, program, file, ASKED.length, {}).find(({ name }) => name === 'step')
    assert.equal(entry?.kind, 'function')
    assert.equal(entry?.symbol, localsOf(file).get(key('step')))
  },
)

privatePart('ts.SignatureHelp.getSignatureHelpItems', 'explains a call in a file that is in no program', () => {
  const { program, file } = asked()
  const help = signaturesAt(program, file, ASKED.indexOf('\nst', ASKED.indexOf('step(\n')))
  assert.deepEqual(
    help?.items.map(({ parameters }) => parameters.map(({ name }) => name)),
    [['count']],
  )
})

privatePart('ts.SymbolDisplay.getSymbolKind', 'says what a symbol is', () => {
  const { file, checker } = asked()
  assert.equal(kindOf(checker, localsOf(file).get(key('step'))!, file), 'function')
})

privatePart(
  'ts.SymbolDisplay.getSymbolDisplayPartsDocumentationAndSymbolKind',
  'gives a signature of bounded length, and the documentation',
  () => {
    const { file, checker } = asked()
    const symbol = localsOf(file).get(key('step'))!
    const shown = { checker, symbol, file, enclosing: file, location: file, meaning: 1 }
    const text = (parts: readonly ts.SymbolDisplayPart[]): string => parts.map(({ text }) => text).join('')
    const { displayParts, documentation } = displayOf({ ...shown, maximumLength: 200 })
    assert.equal(text(displayParts), 'function step(count: number): number')
    assert.equal(text(documentation), 'Adds one.')
    const long = cell(`const long: ${Array.from({ length: 60 }, (_, i) => `'word ${i}'`).join(' | ')} = null!`)
    const wide = { ...shown, symbol: localsOf(long).get(key('long'))!, file: long, enclosing: long, location: long }
    const length = (maximumLength: number): number => text(displayOf({ ...wide, maximumLength }).displayParts).length
    assert.ok(length(100) < length(1000))
  },
)

privatePart('a parsed SourceFile', 'can be given other statements and syntax errors', () => {
  const file = parse('a; b')
  const [first] = file.statements
  const [error] = syntaxErrorsOf(parse('const c = '))
  replaceStatements(file, [first!], [error!])
  assert.deepEqual(
    file.statements.map((statement) => statement.getText()),
    ['a;'],
  )
  assert.deepEqual(syntaxErrorsOf(file), [error])
})

privatePart('the positions of a parsed SourceFile', 'can be moved, those of its comments and errors too', () => {
  const code = ' {\n/** Doc. */ a: 1,\n// @ts-expect-error\nb: 2 }'
  const file = parse(` !${code.slice(1)}`)
  assert.deepEqual(file.getLineAndCharacterOfPosition(3), { line: 0, character: 3 })
  const statement = find(file, ts.isExpressionStatement)
  takeOutOperator(file, statement, find(file, ts.isObjectLiteralExpression), 1, code)
  const literal = find(file, ts.isObjectLiteralExpression)
  assert.equal(literal.getText(), code.trim())
  assert.deepEqual(file.getLineAndCharacterOfPosition(3), { line: 1, character: 0 })
  const [a, b] = literal.properties
  assert.equal(b?.getText(), 'b: 2')
  assert.deepEqual(
    ts.getJSDocCommentsAndTags(a!).map((comment) => code.slice(comment.pos, comment.end)),
    ['/** Doc. */'],
  )
  const { commentDirectives } = file as { commentDirectives?: readonly { readonly range: ts.TextRange }[] }
  assert.deepEqual(
    commentDirectives?.map(({ range }) => code.slice(range.pos, range.end)),
    ['// @ts-expect-error'],
  )
})

privatePart('ObjectLiteralElement.exclamationToken', 'marks a member that only the checker complains of', () => {
  const stray = (code: string): boolean =>
    hasStrayTokens(find(parse(code), ts.isObjectLiteralExpression).properties[0]!)
  assert.deepEqual(
    ['({ a! })', '({ a!: 1 })', '({ readonly a })', '({ a })', '({ a: 1 })', '({ async a() {} })'].map(stray),
    [true, true, true, false, false, false],
  )
})
