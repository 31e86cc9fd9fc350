import type ts from 'typescript'
import { type ImportedName, importedValues, importStatements } from './imports.js'
import { emittedName } from './names.js'
import type { CellPlan } from './plan.js'

/**
 * Returns a transformer that turns imports, results and awaits into calls of the cells' runtime, and renames names of
 * globals, before TypeScript removes the types. Top-level declarations stay, except that nothing is exported.
 *
 * @param imported receives the names that the cell imports, as spelled in the code that runs
 */
export function cellCalls(
  compiler: typeof ts,
  plan: CellPlan,
  imported: Set<string>,
): ts.TransformerFactory<ts.SourceFile> {
  const { factory, SyntaxKind } = compiler

  const runtime = (name: string, args: readonly ts.Expression[], origin: ts.Node): ts.CallExpression =>
    compiler.setTextRange(
      factory.createCallExpression(
        factory.createPropertyAccessExpression(factory.createIdentifier('$rl'), name),
        undefined,
        args,
      ),
      origin,
    )

  const isRenamed = (name: ts.Node): name is ts.Identifier => compiler.isIdentifier(name) && plan.renamed.has(name.pos)

  const renamed = (name: ts.Identifier): ts.Identifier => {
    const next = factory.createIdentifier(emittedName(name.text))
    return compiler.setTextRange(compiler.setOriginalNode(next, name), name)
  }

  /** Gives an anonymous function or class the name of its variable, before that name was changed. */
  const named = (name: string, value: ts.Expression): ts.Expression => {
    let inner = value
    while (compiler.isParenthesizedExpression(inner)) inner = inner.expression
    const anonymous =
      compiler.isArrowFunction(inner) ||
      ((compiler.isFunctionExpression(inner) || compiler.isClassExpression(inner)) && inner.name === undefined)
    return anonymous
      ? factory.createPropertyAccessExpression(
          factory.createParenthesizedExpression(
            factory.createObjectLiteralExpression([factory.createPropertyAssignment(name, value)]),
          ),
          name,
        )
      : value
  }

  return (context) => {
    const visit = (node: ts.Node): ts.Node => {
      if (compiler.isIdentifier(node)) return isRenamed(node) ? renamed(node) : node
      if (compiler.isShorthandPropertyAssignment(node) && isRenamed(node.name)) {
        const target = renamed(node.name)
        const fallback = node.objectAssignmentInitializer
        const value = fallback === undefined ? target : factory.createAssignment(target, expression(fallback))
        return compiler.setTextRange(factory.createPropertyAssignment(node.name.text, value), node)
      }
      if (compiler.isBindingElement(node) && isRenamed(node.name) && isShorthand(node))
        return factory.updateBindingElement(
          node,
          undefined,
          factory.createIdentifier(node.name.text),
          renamed(node.name),
          node.initializer && expression(node.initializer),
        )
      if (compiler.isVariableDeclaration(node) && isRenamed(node.name) && node.initializer !== undefined)
        return factory.updateVariableDeclaration(
          node,
          renamed(node.name),
          undefined,
          undefined,
          named(node.name.text, expression(node.initializer)),
        )
      if (
        compiler.isBinaryExpression(node) &&
        node.operatorToken.kind === SyntaxKind.EqualsToken &&
        isRenamed(node.left)
      )
        return factory.updateBinaryExpression(
          node,
          renamed(node.left),
          node.operatorToken,
          named(node.left.text, expression(node.right)),
        )
      if (compiler.isAwaitExpression(node))
        return runtime('resumed', [compiler.visitEachChild(node, visit, context)], node)
      if (compiler.isForOfStatement(node) && node.awaitModifier !== undefined) return forAwait(node)
      if (compiler.isCatchClause(node)) return catchClause(node)
      if (compiler.isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword)
        return runtime('load', node.arguments.map(expression), node)
      if (compiler.isMetaProperty(node) && node.keywordToken === SyntaxKind.ImportKeyword)
        return compiler.setTextRange(
          factory.createPropertyAccessExpression(factory.createIdentifier('$rl'), 'meta'),
          node,
        )
      return compiler.visitEachChild(node, visit, context)
    }

    const expression = (node: ts.Expression): ts.Expression => compiler.visitNode(node, visit, compiler.isExpression)

    const isShorthand = (node: ts.BindingElement): boolean =>
      node.propertyName === undefined &&
      node.dotDotDotToken === undefined &&
      node.parent.kind === SyntaxKind.ObjectBindingPattern

    const forAwait = (node: ts.ForOfStatement): ts.Node => {
      const loop = compiler.visitEachChild(node, visit, context)
      const body = loop.statement
      const check = factory.createExpressionStatement(runtime('resumed', [factory.createVoidZero()], node.statement))
      return factory.updateForOfStatement(
        loop,
        loop.awaitModifier,
        loop.initializer,
        loop.expression,
        compiler.setTextRange(
          factory.createBlock([check, ...(compiler.isBlock(body) ? body.statements : [body])], true),
          body,
        ),
      )
    }

    const catchClause = (node: ts.CatchClause): ts.Node => {
      const clause = compiler.visitEachChild(node, visit, context)
      const declared = clause.variableDeclaration
      const taken =
        declared !== undefined && compiler.isIdentifier(declared.name)
          ? declared.name
          : factory.createUniqueName('error')
      const head: ts.Statement[] = [factory.createExpressionStatement(runtime('caught', [taken], node.block))]
      if (declared !== undefined && taken !== declared.name)
        head.push(
          factory.createVariableStatement(
            undefined,
            factory.createVariableDeclarationList(
              [factory.createVariableDeclaration(declared.name, undefined, undefined, taken)],
              compiler.NodeFlags.Let,
            ),
          ),
        )
      return factory.updateCatchClause(
        clause,
        factory.createVariableDeclaration(taken),
        compiler.setTextRange(factory.createBlock([...head, ...clause.block.statements], true), clause.block),
      )
    }

    /** Returns a top-level statement without `export`. */
    const topLevel = (node: ts.Statement): ts.Statement[] => {
      if (compiler.isExportAssignment(node)) return [bare(node.expression, node)]
      if (compiler.isFunctionDeclaration(node) && node.name === undefined && node.body !== undefined)
        return [bare(anonymousFunction(node), node)]
      if (compiler.isClassDeclaration(node) && node.name === undefined) return [bare(classValue(node, undefined), node)]
      if (compiler.isClassDeclaration(node) && node.name !== undefined && isRenamed(node.name)) {
        const declaration = factory.createVariableDeclaration(
          renamed(node.name),
          undefined,
          undefined,
          expression(classValue(node, factory.createIdentifier(node.name.text))),
        )
        const list = factory.createVariableDeclarationList([declaration], compiler.NodeFlags.Let)
        return [compiler.setTextRange(factory.createVariableStatement(undefined, list), node)]
      }
      if (compiler.isImportEqualsDeclaration(node) && compiler.isEntityName(node.moduleReference)) {
        if (node.isTypeOnly || plan.types.has(node.name.pos)) return []
        const name = isRenamed(node.name) ? renamed(node.name) : node.name
        const value = expression(entity(node.moduleReference))
        const list = factory.createVariableDeclarationList(
          [factory.createVariableDeclaration(name, undefined, undefined, value)],
          compiler.NodeFlags.Let,
        )
        return [compiler.setTextRange(factory.createVariableStatement(undefined, list), node)]
      }
      return [
        compiler.canHaveModifiers(node)
          ? compiler.visitEachChild(node, withoutExport, context)
          : compiler.visitNode(node, visit, compiler.isStatement),
      ]
    }

    const withoutExport = (node: ts.Node): ts.Node | undefined =>
      node.kind === SyntaxKind.ExportKeyword || node.kind === SyntaxKind.DefaultKeyword ? undefined : visit(node)

    const bare = (value: ts.Expression, origin: ts.Statement): ts.Statement =>
      compiler.setTextRange(factory.createExpressionStatement(expression(value)), origin)

    const entity = (name: ts.EntityName): ts.Expression =>
      compiler.isIdentifier(name)
        ? name
        : compiler.setTextRange(factory.createPropertyAccessExpression(entity(name.left), name.right), name)

    const anonymousFunction = (node: ts.FunctionDeclaration): ts.Expression =>
      compiler.setTextRange(
        factory.createFunctionExpression(
          node.modifiers?.filter((modifier) => modifier.kind === SyntaxKind.AsyncKeyword) as ts.Modifier[] | undefined,
          node.asteriskToken,
          undefined,
          node.typeParameters,
          node.parameters,
          node.type,
          node.body as ts.Block,
        ),
        node,
      )

    const classValue = (node: ts.ClassDeclaration, name: ts.Identifier | undefined): ts.ClassExpression =>
      compiler.setTextRange(
        factory.createClassExpression(
          node.modifiers?.filter((modifier) => modifier.kind === SyntaxKind.Decorator),
          name,
          node.typeParameters,
          node.heritageClauses,
          node.members,
        ),
        node,
      )

    const load = (specifier: ts.Expression, names: readonly ImportedName[], node: ts.Statement): ts.Statement[] => {
      for (const { local } of names) imported.add(emittedName(local.text))
      return importStatements(compiler, specifier, names, node)
    }

    /** Returns the statements that load the names of an import or a re-export; null for every other statement. */
    const loads = (node: ts.Statement): ts.Statement[] | null => {
      if (compiler.isImportDeclaration(node)) {
        const names = importedValues(compiler, node, plan)
        return names === null ? [] : load(node.moduleSpecifier, names, node)
      }
      if (compiler.isImportEqualsDeclaration(node) && compiler.isExternalModuleReference(node.moduleReference)) {
        if (node.isTypeOnly || plan.types.has(node.name.pos)) return []
        return load(node.moduleReference.expression, [{ local: node.name, name: 'default' }], node)
      }
      if (compiler.isExportDeclaration(node))
        return node.moduleSpecifier === undefined || node.isTypeOnly ? [] : load(node.moduleSpecifier, [], node)
      return compiler.isNamespaceExportDeclaration(node) ? [] : null
    }

    return (sourceFile) => {
      const imports: ts.Statement[] = []
      const rest: ts.Statement[] = []
      const last = sourceFile.statements.findLast(
        (node) =>
          !compiler.isEmptyStatement(node) &&
          !compiler.isInterfaceDeclaration(node) &&
          !compiler.isTypeAliasDeclaration(node),
      )
      for (const node of sourceFile.statements) {
        const loaded = loads(node)
        if (loaded !== null) {
          imports.push(...loaded)
          continue
        }
        const statements = topLevel(node)
        const [only] = statements
        if (node === last && only !== undefined && compiler.isExpressionStatement(only))
          rest.push(
            compiler.setTextRange(
              factory.createExpressionStatement(runtime('result', [only.expression], only.expression)),
              only,
            ),
          )
        else rest.push(...statements)
      }
      return factory.updateSourceFile(
        sourceFile,
        compiler.setTextRange(factory.createNodeArray([...imports, ...rest]), sourceFile.statements),
      )
    }
  }
}
