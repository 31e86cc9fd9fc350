import ts from 'typescript'
import { part } from './part.js'

/** Returns the innermost token at a place in a file. */
export function tokenAt(file: ts.SourceFile, position: number): ts.Node {
  return part<(file: ts.SourceFile, position: number) => ts.Node>(
    ts,
    'ts.getTokenAtPosition',
    'find the name that an error is about',
  )(file, position)
}

/** Returns the name at a place in a file, or ending there; another node if there is none. */
export function nameAt(file: ts.SourceFile, position: number): ts.Node {
  return part<(file: ts.SourceFile, position: number) => ts.Node>(
    ts,
    'ts.getTouchingPropertyName',
    'find the name to explain',
  )(file, position)
}

/** Returns the last token before a place in a file. */
export function tokenBefore(file: ts.SourceFile, position: number): ts.Node | undefined {
  return part<(position: number, file: ts.SourceFile) => ts.Node | undefined>(
    ts,
    'ts.findPrecedingToken',
    'complete paths in strings',
  )(position, file)
}

/** Returns whether a place in a file is inside a string. */
export function isInString(file: ts.SourceFile, position: number, previous: ts.Node): boolean {
  return part<(file: ts.SourceFile, position: number, previous: ts.Node) => boolean>(
    ts,
    'ts.isInString',
    'complete paths in strings',
  )(file, position, previous)
}

/** Returns whether a place in a file is inside a comment. */
export function isInComment(file: ts.SourceFile, position: number): boolean {
  const comment = part<(file: ts.SourceFile, position: number) => unknown>(
    ts,
    'ts.isInComment',
    'explain nothing in comments',
  )(file, position)
  return comment !== undefined
}

/** Returns the declaration around a node: a function, class, module or file. */
export function containerOf(node: ts.Node): ts.Node | undefined {
  return part<(node: ts.Node) => ts.Node | undefined>(
    ts,
    'ts.getContainerNode',
    'explain names as seen from their scope',
  )(node)
}

/** Returns the member of an object literal whose name a node is; undefined for every other node. */
export function literalMemberAt(node: ts.Node): ts.ObjectLiteralElementLike | undefined {
  return part<(node: ts.Node) => ts.ObjectLiteralElementLike | undefined>(
    ts,
    'ts.getContainingObjectLiteralElement',
    'explain keys of object literals',
  )(node)
}

/** Returns the properties of the literal's expected type that a member of an object literal stands for. */
export function propertiesMeant(
  member: ts.ObjectLiteralElementLike,
  checker: ts.TypeChecker,
  expected: ts.Type,
): readonly ts.Symbol[] {
  type Find = (
    member: ts.ObjectLiteralElementLike,
    checker: ts.TypeChecker,
    expected: ts.Type,
    unionSymbolOk: boolean,
  ) => readonly ts.Symbol[]
  const find = part<Find>(ts, 'ts.getPropertySymbolsFromContextualType', 'explain keys of object literals')
  return find(member, checker, expected, true)
}
