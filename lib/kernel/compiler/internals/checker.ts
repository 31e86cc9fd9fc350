import type ts from 'typescript'
import { part } from './part.js'

/**
 * Returns whether an import was declared as types only, where it is written or by a module on the way to its target.
 */
export function isTypeOnly(checker: ts.TypeChecker, symbol: ts.Symbol): boolean {
  const declarationOf = part<(symbol: ts.Symbol) => ts.Node | undefined>(
    checker,
    'TypeChecker.getTypeOnlyAliasDeclaration',
    'leave imports of types out of the code of a cell',
  )
  return declarationOf(symbol) !== undefined
}
