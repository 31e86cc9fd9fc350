import type ts from 'typescript'
import { inventedId } from '../internals/emitter.js'
import { globalNames } from './names.js'

/** The findings of {@link replScope}. */
export interface Declared {
  /** Names that the cell declares, as spelled in the code that runs, in order. */
  readonly names: Set<string>
}

/**
 * Returns a transformer that turns every top-level declaration of the emitted cell into `let`, the only kind that a
 * later cell can declare again in V8's REPL mode, whatever it was before. Functions and `var` are hoisted.
 *
 * @param suffix distinguishes names invented by the compiler from those of every other cell
 */
export function replScope(
  compiler: typeof ts,
  suffix: string,
  declared: Declared,
): ts.TransformerFactory<ts.SourceFile> {
  const { factory, NodeFlags, SyntaxKind } = compiler

  return (context) => {
    const hoisted = new Map<string, ts.Identifier>()
    const lets = new Set<string>()
    const renamed = new Map<number, string>()

    const key = (name: ts.Identifier): string => {
      const id = inventedId(name)
      if (id === undefined) {
        declared.names.add(name.text)
        return name.text
      }
      const own = renamed.get(id) ?? `$rl_${renamed.size + 1}_${suffix}`
      renamed.set(id, own)
      return own
    }

    const hoist = (name: ts.Identifier): void => {
      hoisted.set(key(name), name)
    }

    const eachName = (name: ts.BindingName, take: (name: ts.Identifier) => void): void => {
      if (compiler.isIdentifier(name)) take(name)
      else for (const element of name.elements) if (compiler.isBindingElement(element)) eachName(element.name, take)
    }

    const isVar = (list: ts.VariableDeclarationList): boolean => !(list.flags & NodeFlags.BlockScoped)

    /** Returns the pattern of a declaration as an assignment target. */
    const target = (name: ts.BindingName): ts.Expression => {
      if (compiler.isIdentifier(name)) return name
      if (compiler.isArrayBindingPattern(name))
        return factory.createArrayLiteralExpression(
          name.elements.map((element) =>
            !compiler.isBindingElement(element)
              ? element
              : element.dotDotDotToken
                ? factory.createSpreadElement(target(element.name))
                : withDefault(element),
          ),
        )
      return factory.createObjectLiteralExpression(
        name.elements.map((element) => {
          if (element.dotDotDotToken) return factory.createSpreadAssignment(target(element.name))
          if (element.propertyName !== undefined)
            return factory.createPropertyAssignment(element.propertyName, withDefault(element))
          return factory.createShorthandPropertyAssignment(element.name as ts.Identifier, element.initializer)
        }),
      )
    }

    const withDefault = (element: ts.BindingElement): ts.Expression =>
      element.initializer === undefined
        ? target(element.name)
        : factory.createAssignment(target(element.name), element.initializer)

    /** Returns the assignments that remain of `var` declarations when the names are hoisted; null for none. */
    const assignments = (list: ts.VariableDeclarationList): ts.Expression | null => {
      const values: ts.Expression[] = []
      for (const declaration of list.declarations) {
        eachName(declaration.name, hoist)
        if (declaration.initializer !== undefined)
          values.push(
            compiler.setTextRange(
              factory.createAssignment(target(declaration.name), declaration.initializer),
              declaration,
            ),
          )
      }
      const [first, ...more] = values
      return first === undefined ? null : more.reduce((left, right) => factory.createComma(left, right), first)
    }

    /** Hoists `var` from nested statements: only statements can contain one that belongs to the top level. */
    const nested = (node: ts.Node): ts.Node => {
      if (compiler.isVariableStatement(node) && isVar(node.declarationList)) {
        const value = assignments(node.declarationList)
        return value === null
          ? factory.createEmptyStatement()
          : compiler.setTextRange(factory.createExpressionStatement(value), node)
      }
      if (compiler.isVariableDeclarationList(node) && isVar(node)) {
        const parentIsFor = assignments(node)
        const [only] = node.declarations
        return parentIsFor ?? (only === undefined ? factory.createOmittedExpression() : target(only.name))
      }
      if (
        compiler.isBlock(node) ||
        (compiler.isStatement(node) && !compiler.isFunctionDeclaration(node) && !compiler.isClassDeclaration(node)) ||
        node.kind === SyntaxKind.CaseBlock ||
        node.kind === SyntaxKind.CaseClause ||
        node.kind === SyntaxKind.DefaultClause ||
        node.kind === SyntaxKind.CatchClause
      )
        return compiler.visitEachChild(node, nested, context)
      return node
    }

    const withoutKind = (list: ts.VariableDeclarationList): ts.VariableDeclarationList =>
      compiler.setTextRange(factory.createVariableDeclarationList(list.declarations, NodeFlags.Let), list)

    const letOf = (name: ts.Identifier, value: ts.Expression, origin: ts.Node): ts.Statement => {
      lets.add(key(name))
      const list = factory.createVariableDeclarationList(
        [factory.createVariableDeclaration(name, undefined, undefined, value)],
        NodeFlags.Let,
      )
      return compiler.setTextRange(factory.createVariableStatement(undefined, list), origin)
    }

    /** Returns the name of a function for the user, if the emitted name differs. */
    const ownName = (name: ts.Identifier): ts.Identifier | undefined =>
      name.text.endsWith('$') && globalNames.has(name.text.slice(0, -1))
        ? factory.createIdentifier(name.text.slice(0, -1))
        : undefined

    return (sourceFile) => {
      const functions: ts.Statement[] = []
      const rest: ts.Statement[] = []
      for (const node of sourceFile.statements) {
        if (compiler.isExportDeclaration(node)) continue
        if (compiler.isFunctionDeclaration(node) && node.name !== undefined && node.body !== undefined) {
          hoist(node.name)
          // The function has no name of its own, so that it sees a later cell's declaration of its name.
          const value = factory.createFunctionExpression(
            node.modifiers as readonly ts.Modifier[] | undefined,
            node.asteriskToken,
            ownName(node.name),
            undefined,
            node.parameters,
            undefined,
            node.body,
          )
          const assignment = factory.createAssignment(node.name, compiler.setTextRange(value, node))
          functions.push(compiler.setTextRange(factory.createExpressionStatement(assignment), node))
        } else if (compiler.isClassDeclaration(node) && node.name !== undefined) {
          const value = factory.createClassExpression(
            undefined,
            node.name,
            undefined,
            node.heritageClauses,
            node.members,
          )
          compiler.setTextRange(compiler.setOriginalNode(value, node), node)
          rest.push(letOf(node.name, value, node))
        } else if (compiler.isVariableStatement(node) && !isVar(node.declarationList)) {
          for (const declaration of node.declarationList.declarations)
            eachName(declaration.name, (name) => lets.add(key(name)))
          rest.push(factory.updateVariableStatement(node, node.modifiers, withoutKind(node.declarationList)))
        } else rest.push(nested(node) as ts.Statement)
      }
      for (const name of lets) hoisted.delete(name)
      const names = [...hoisted.values()].map((name) => factory.createVariableDeclaration(name))
      const head: ts.Statement[] = [factory.createExpressionStatement(factory.createStringLiteral('use strict'))]
      if (names.length > 0)
        head.push(
          factory.createVariableStatement(undefined, factory.createVariableDeclarationList(names, NodeFlags.Let)),
        )
      const emitted = factory.updateSourceFile(
        sourceFile,
        compiler.setTextRange(factory.createNodeArray([...head, ...functions, ...rest]), sourceFile.statements),
      )
      keepHelpersLet(emitted)
      return renamed.size === 0 ? emitted : own(emitted)
    }

    /** Renames the top-level names invented by the compiler to names that no other cell uses. */
    function own(sourceFile: ts.SourceFile): ts.SourceFile {
      const visit = (node: ts.Node): ts.Node => {
        const id = compiler.isIdentifier(node) ? inventedId(node) : undefined
        const name = id === undefined ? undefined : renamed.get(id)
        return name === undefined ? compiler.visitEachChild(node, visit, context) : factory.createIdentifier(name)
      }
      return compiler.visitEachChild(sourceFile, visit, context)
    }

    /** Turns the `var` of TypeScript's helpers into `let`: otherwise they would become properties of the global object. */
    function keepHelpersLet(sourceFile: ts.SourceFile): void {
      for (const helper of [...(compiler.getEmitHelpers(sourceFile) ?? [])]) {
        if (typeof helper.text !== 'string') continue
        compiler.removeEmitHelper(sourceFile, helper)
        compiler.addEmitHelper(sourceFile, {
          ...helper,
          text: helper.text.replace(/^(\s*)var /, '$1let '),
        } as ts.EmitHelper)
      }
    }
  }
}
