import type ts from 'typescript'
import { isInComment, literalMemberAt, nameAt, propertiesMeant } from '../internals/tokens.js'
import { resolved, type View } from './view.js'

/** A word and what it stands for. */
export interface Found {
  readonly node: ts.Node
  readonly symbol: ts.Symbol
}

/** The name at the cursor or ending there, with the symbol behind it; of an imported name, what is imported. */
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

/** A type's name alone in a cell is no value; who asks wants the type. */
function typeNamed({ ts, checker }: View, node: ts.Node): ts.Symbol | undefined {
  if (!ts.isIdentifier(node) || ts.isPropertyAccessExpression(node.parent)) return undefined
  return checker.resolveName(node.text, node, ts.SymbolFlags.Type | ts.SymbolFlags.Namespace, false)
}

/** At a word that is a key's value, the key is what can be explained. */
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

/** `new` and its class are one thing. */
function called({ ts }: View, node: ts.Node): ts.Node {
  return ts.isNewExpression(node.parent) && node.pos === node.parent.pos ? node.parent.expression : node
}

/** A key of an object literal means the property of the type that is expected there; undefined where none is. */
function contextualProperties({ ts, checker }: View, node: ts.Node): readonly ts.Symbol[] | undefined {
  const element = literalMemberAt(node)
  if (!element || !ts.isObjectLiteralExpression(element.parent)) return undefined
  const type = checker.getContextualType(element.parent)
  return type && type.getProperties().length > 0 ? propertiesMeant(element, checker, type) : undefined
}
