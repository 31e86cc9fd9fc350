import type ts from 'typescript'
import { isInComment, literalMemberAt, nameAt, propertiesMeant } from '../internals/tokens.js'
import { resolved, type View } from './view.js'

/** A word and its symbol. */
export interface Found {
  readonly node: ts.Node
  readonly symbol: ts.Symbol
}

/** Returns the name at the cursor, or ending there, with its symbol; for an imported name, the imported symbol. */
export function symbolAt(seen: View): Found | undefined {
  const { sourceFile, checker, cursor } = seen
  if (isInComment(sourceFile, cursor)) return undefined
  const node = keyOf(seen, nameAt(sourceFile, cursor))
  if (!isName(seen, node)) return undefined
  const properties = contextualProperties(seen, node)
  const here = properties ? properties[0] : checker.getSymbolAtLocation(called(seen, node))
  const symbol = here && !checker.isUnknownSymbol(here) ? here : typeNamed(seen, node)
  return symbol && { node, symbol: resolved(seen, symbol) }
}

/** Returns the type of a name: a lone name in a cell that is no value means its type. */
function typeNamed({ ts, checker }: View, node: ts.Node): ts.Symbol | undefined {
  if (!ts.isIdentifier(node) || ts.isPropertyAccessExpression(node.parent)) return undefined
  return checker.resolveName(node.text, node, ts.SymbolFlags.Type | ts.SymbolFlags.Namespace, false)
}

/** Returns the key of a property for a string that is its value, because the key can be explained. */
function keyOf({ ts }: View, node: ts.Node): ts.Node {
  const isValue =
    ts.isStringLiteralLike(node) && ts.isPropertyAssignment(node.parent) && node.parent.initializer === node
  return isValue ? node.parent.name : node
}

function isName({ ts }: View, node: ts.Node): boolean {
  return (
    ts.isIdentifier(node) ||
    ts.isPrivateIdentifier(node) ||
    ts.isStringLiteralLike(node) ||
    node.kind === ts.SyntaxKind.ThisKeyword ||
    node.kind === ts.SyntaxKind.SuperKeyword
  )
}

/** Returns the class for the keyword `new` before it. */
function called({ ts }: View, node: ts.Node): ts.Node {
  return ts.isNewExpression(node.parent) && node.pos === node.parent.pos ? node.parent.expression : node
}

/**
 * Returns the properties of the expected type that a key of an object literal stands for; undefined if no type is
 * expected.
 */
function contextualProperties({ ts, checker }: View, node: ts.Node): readonly ts.Symbol[] | undefined {
  const element = literalMemberAt(node)
  if (!element || !ts.isObjectLiteralExpression(element.parent)) return undefined
  const type = checker.getContextualType(element.parent)
  return type && type.getProperties().length > 0 ? propertiesMeant(element, checker, type) : undefined
}
