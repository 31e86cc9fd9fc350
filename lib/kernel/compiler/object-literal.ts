import type ts from 'typescript'
import { syntaxErrorsOf } from './internals/source-file.js'
import { hasStrayTokens, takeOutOperator } from './internals/tree.js'

/** Code parsed as one object literal. */
export interface ReadLiteral {
  /** The file, whose one statement is the literal. */
  readonly file: ts.SourceFile
  /** Position where the code stops being an object literal; infinite if all of it is one. */
  readonly complaint: number
}

/**
 * Parses code that begins with a brace as a lone object literal; returns null if more code follows it. All positions
 * are those in the code, so that errors, completion and source maps need no correction.
 *
 * @param at position of the brace
 * @param parse parses statements, with the parents set
 */
export function readObjectLiteral(
  compiler: typeof ts,
  code: string,
  at: number,
  parse: (code: string) => ts.SourceFile,
): ReadLiteral | null {
  // A brace after an operator begins an object. The operator is removed again below.
  const file = parse(`${code.slice(0, at)}!${code.slice(at)}`)
  const statements = file.statements.filter((statement) => !compiler.isEmptyStatement(statement))
  const [only] = statements
  if (statements.length !== 1 || !only || !compiler.isExpressionStatement(only)) return null
  const { expression } = only
  if (!compiler.isPrefixUnaryExpression(expression) || !compiler.isObjectLiteralExpression(expression.operand))
    return null
  const literal = expression.operand
  takeOutOperator(file, only, literal, at, code)
  const complaints = syntaxErrorsOf(file).map(({ start }) => start)
  return { file, complaint: Math.min(...complaints, ...literal.properties.flatMap((one) => fault(compiler, one))) }
}

/**
 * Returns the end of a member that the parser accepts, although a literal cannot have it: a statement of a block looks
 * like one.
 */
function fault(compiler: typeof ts, member: ts.ObjectLiteralElementLike): number[] {
  const isWrong =
    hasStrayTokens(member) ||
    (compiler.isShorthandPropertyAssignment(member)
      ? member.objectAssignmentInitializer !== undefined
      : 'body' in member && member.body === undefined)
  return isWrong ? [member.end] : []
}
