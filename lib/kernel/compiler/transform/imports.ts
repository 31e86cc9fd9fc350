import type ts from 'typescript'
import { emittedName } from './names.js'
import type { CellPlan } from './plan.js'

/** A local name and its export; `*` is the namespace, `default` the default export. */
export interface ImportedName {
  readonly local: ts.Identifier
  readonly name: string
}

/**
 * Returns the names that an import needs when the cell runs; null when all of them are types.
 */
export function importedValues(
  compiler: typeof ts,
  node: ts.ImportDeclaration,
  plan: CellPlan,
): readonly ImportedName[] | null {
  const clause = node.importClause
  if (clause === undefined) return []
  if (clause.phaseModifier === compiler.SyntaxKind.TypeKeyword) return null
  const all: ImportedName[] = []
  let none = true
  const add = (local: ts.Identifier, name: string, type: boolean): void => {
    none = false
    if (!type && !plan.types.has(local.pos)) all.push({ local, name })
  }
  if (clause.name !== undefined) add(clause.name, 'default', false)
  const bindings = clause.namedBindings
  if (bindings !== undefined && compiler.isNamespaceImport(bindings)) add(bindings.name, '*', false)
  else
    for (const element of bindings?.elements ?? [])
      add(element.name, (element.propertyName ?? element.name).text, element.isTypeOnly)
  return all.length > 0 || none ? all : null
}

/** Returns `let a; await $rl.import('m', { a: ['a', ($) => a = $] })` with the source position of `origin`. */
export function importStatements(
  compiler: typeof ts,
  specifier: ts.Expression,
  names: readonly ImportedName[],
  origin: ts.Statement,
): ts.Statement[] {
  const { factory } = compiler
  const call = factory.createCallExpression(
    factory.createPropertyAccessExpression(factory.createIdentifier('$rl'), 'import'),
    undefined,
    [
      specifier,
      factory.createObjectLiteralExpression(
        names.map(({ local, name }) => {
          const emitted = emittedName(local.text)
          const value = factory.createIdentifier('$')
          const setter = factory.createArrowFunction(
            undefined,
            undefined,
            [factory.createParameterDeclaration(undefined, undefined, value)],
            undefined,
            undefined,
            factory.createAssignment(factory.createIdentifier(emitted), value),
          )
          return factory.createPropertyAssignment(
            emitted,
            factory.createArrayLiteralExpression([factory.createStringLiteral(name), setter]),
          )
        }),
      ),
    ],
  )
  compiler.setTextRange(call, origin)
  const statement = factory.createExpressionStatement(
    compiler.setTextRange(factory.createAwaitExpression(call), origin),
  )
  const load = compiler.setTextRange(statement, origin)
  if (names.length === 0) return [load]
  const declarations = names.map(({ local }) => factory.createVariableDeclaration(emittedName(local.text)))
  return [
    factory.createVariableStatement(
      undefined,
      factory.createVariableDeclarationList(declarations, compiler.NodeFlags.Let),
    ),
    load,
  ]
}
