import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { root } from './cells-driver.js'

/** The one place from which the project reaches parts of TypeScript that its published types leave out. */
const INTERNALS = path.join(root, 'lib', 'kernel', 'compiler', 'internals')

/** The tests of those parts. */
const TESTED = path.join(root, 'tests', 'kernel', 'typescript-internals.test.ts')

const PUBLISHED = path.join(root, 'node_modules', 'typescript', 'lib', 'typescript.d.ts')

/** The project's files that use TypeScript, without those of {@link INTERNALS}. */
function users(): string[] {
  return ['lib', 'bench', 'tests']
    .map((folder) => path.join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)),
    )
    .filter((file) => /\.m?ts$|\.mjs$/.test(file) && !file.startsWith(INTERNALS) && file !== TESTED)
    .filter((file) => /['"](?:typescript|node_modules\/typescript[^'"]*)['"]/.test(readFileSync(file, 'utf8')))
}

/** A program of files, one of which may be given as text. */
function programOf(files: readonly string[], texts: Readonly<Record<string, string>> = {}): ts.Program {
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, { ...ts.sys, readDirectory: () => [] }, root)
  const all = { ...options, allowJs: true, checkJs: true, noEmit: true }
  const base = ts.createCompilerHost(all, true)
  return ts.createProgram(files, all, {
    ...base,
    fileExists: (name) => name in texts || base.fileExists(name),
    readFile: (name) => texts[name] ?? base.readFile(name),
    getSourceFile: (name, options) =>
      name in texts ? ts.createSourceFile(name, texts[name]!, options, true) : base.getSourceFile(name, options),
  })
}

/**
 * Finds what can only be a use of a private part: a value of one of TypeScript's published types that is taken for
 * something else, given other fields, or asked for a field that these types do not have.
 */
function privateUses(program: ts.Program, files: readonly string[]): string[] {
  const checker = program.getTypeChecker()
  const published = new Set<string>()
  const collect = (node: ts.Node): void => {
    if (ts.isPropertySignature(node) || ts.isMethodSignature(node)) published.add(node.name.getText())
    ts.forEachChild(node, collect)
  }
  const declarations = program.getSourceFile(PUBLISHED)
  assert.ok(declarations, 'the files do not use TypeScript')
  collect(declarations)

  const isDeclaredThere = (symbol: ts.Symbol | undefined): boolean =>
    symbol?.declarations?.some((one) => one.getSourceFile() === declarations) === true
  const partsOf = (type: ts.Type): readonly ts.Type[] => {
    if (type.isUnionOrIntersection()) return type.types.flatMap(partsOf)
    const element = checker.isArrayLikeType(type) ? checker.getTypeArguments(type as ts.TypeReference)[0] : undefined
    return element ? partsOf(element) : [type]
  }
  const isPublished = (type: ts.Type): boolean => isDeclaredThere(type.symbol) || isDeclaredThere(type.aliasSymbol)
  const isTypeScripts = (type: ts.Type): boolean => isPublished(type) || partsOf(type).some(isPublished)
  const isOnlyTypeScripts = (type: ts.Type): boolean =>
    isPublished(type) || partsOf(type).every((one) => isPublished(one) || (one.flags & ts.TypeFlags.Undefined) !== 0)
  const typeOf = (node: ts.Node): ts.Type => checker.getTypeAtLocation(node)
  const innermost = (node: ts.Expression): ts.Expression =>
    ts.isAsExpression(node) || ts.isTypeAssertionExpression(node) || ts.isParenthesizedExpression(node)
      ? innermost(node.expression)
      : node

  /** The type that an expression is taken for: by `as`, or by a type in a comment before its parentheses. */
  const takenFor = (node: ts.Node): ts.TypeNode | undefined => {
    if (ts.isAsExpression(node) || ts.isTypeAssertionExpression(node)) return node.type
    return ts.isParenthesizedExpression(node) ? ts.getJSDocType(node) : undefined
  }

  const isPrivateUse = (node: ts.Node): boolean => {
    const wanted = takenFor(node)
    if (wanted) {
      const isConst = ts.isTypeReferenceNode(wanted) && wanted.typeName.getText() === 'const'
      const value = innermost(node as ts.AsExpression)
      return !isConst && isTypeScripts(typeOf(value)) && !isOnlyTypeScripts(checker.getTypeFromTypeNode(wanted))
    }
    if (ts.isInterfaceDeclaration(node) || ts.isClassLike(node))
      return node.heritageClauses?.some(({ types }) => types.some((type) => isTypeScripts(typeOf(type)))) === true
    if (ts.isIntersectionTypeNode(node)) return isTypeScripts(typeOf(node)) && !isOnlyTypeScripts(typeOf(node))
    if (ts.isElementAccessExpression(node)) {
      const { argumentExpression: key } = node
      const isText = (typeOf(key).flags & ts.TypeFlags.StringLike) !== 0
      return isText && isTypeScripts(typeOf(node.expression)) && !published.has((key as ts.StringLiteral).text)
    }
    if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InKeyword)
      return isTypeScripts(typeOf(node.right)) && !published.has((node.left as ts.StringLiteral).text)
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const [target] = node.arguments
      const isReflection = ['Object', 'Reflect'].includes(node.expression.expression.getText())
      const changes = isReflection && CHANGING.includes(node.expression.name.text)
      return changes && target !== undefined && isTypeScripts(typeOf(target))
    }
    return false
  }
  return files.flatMap((name) => {
    const file = program.getSourceFile(name)
    assert.ok(file, name)
    const found: string[] = []
    const visit = (node: ts.Node): void => {
      if (isPrivateUse(node)) {
        const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
        found.push(`${path.relative(root, name)}:${line + 1}: ${node.getText(file).split('\n')[0]}`)
      } else ts.forEachChild(node, visit)
    }
    visit(file)
    return found
  })
}

/** Functions of `Object` and `Reflect` that get at fields whatever an object's type says. */
const CHANGING = [
  'assign',
  'create',
  'defineProperty',
  'get',
  'set',
  'has',
  'getOwnPropertyDescriptor',
  'setPrototypeOf',
]

const SAMPLE = path.join(root, 'lib', 'sample-of-private-uses.ts')

test('the search for private uses of TypeScript finds every kind of them', () => {
  const lines = [
    'const inside = ts as unknown as { bindSourceFile(): void }',
    'const fields = (file as { locals?: unknown }).locals',
    'const nothing = ts.getModifiers(member as never)',
    'interface Generated extends ts.Identifier { readonly emitNode?: object }',
    'type Entry = ts.CompletionEntry & { readonly symbol?: ts.Symbol }',
    "const locals = file['locals']",
    "const has = 'locals' in file",
    'Object.assign(file, { path: "x" })',
    'const seen = Object.create(program)',
    // These use nothing but published parts.
    'const name = node as ts.Identifier',
    'const names = nodes as ts.Identifier[]',
    "const text = file['text']",
    "const body = 'body' in node",
    "const key = 'a' as ts.__String",
    'const copy = Object.assign({}, { kind: node.kind })',
  ]
  const head =
    "import ts from 'typescript'\ndeclare const [file, member, program, node, nodes]: [ts.SourceFile, ts.Node, ts.Program, ts.Node, ts.Node[]]\n"
  const program = programOf([SAMPLE], { [SAMPLE]: head + lines.join('\n') })
  const found = privateUses(program, [SAMPLE]).map((use) => Number(use.split(':')[1]) - 3)
  assert.deepEqual(found, [0, 1, 2, 3, 4, 5, 6, 7, 8])
})

test('nothing outside lib/kernel/compiler/internals uses a private part of TypeScript', () => {
  const files = users()
  assert.ok(files.includes(path.join(root, 'lib', 'typescript', 'transform.mjs')))
  assert.deepEqual(privateUses(programOf(files), files), [])
})
