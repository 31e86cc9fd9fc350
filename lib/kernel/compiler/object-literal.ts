import type ts from 'typescript'

/** A code that was read as one object literal. */
export interface ReadLiteral {
  /** The file, with one statement: the literal. */
  readonly file: ts.SourceFile
  /** Where the code first is no object literal; infinite where all of it is. */
  readonly complaint: number
}

/** Fields of parsed files and nodes that are not published, or that only the parser sets. */
type Moved = { pos: number; end: number; parent?: ts.Node; jsDoc?: readonly ts.Node[] }
type ParsedFile = Omit<ts.SourceFile, 'statements' | 'text'> & {
  statements: ts.NodeArray<ts.Statement>
  text: string
  lineMap?: unknown
  parseDiagnostics: { start: number }[]
}

/**
 * Reads code that begins with a brace as an object literal that stands alone; null where it is followed by more. All
 * positions are those in the code, so that errors, completion and source maps need not know.
 *
 * @param at where the brace is
 * @param parse parses statements, with the parents set
 */
export function readObjectLiteral(
  compiler: typeof ts,
  code: string,
  at: number,
  parse: (code: string) => ts.SourceFile,
): ReadLiteral | null {
  // Behind an operator a brace begins an object. The operator is taken out again below.
  const file = parse(`${code.slice(0, at)}!${code.slice(at)}`)
  const statements = file.statements.filter((statement) => !compiler.isEmptyStatement(statement))
  const [only] = statements
  if (statements.length !== 1 || !only || !compiler.isExpressionStatement(only)) return null
  const { expression } = only
  if (!compiler.isPrefixUnaryExpression(expression) || !compiler.isObjectLiteralExpression(expression.operand))
    return null
  const literal = expression.operand
  Object.assign(only, { expression: literal })
  Object.assign(literal, { parent: only, pos: expression.pos })
  const parsed = file as unknown as ParsedFile
  const own = file.statements
  parsed.statements = compiler.setTextRange(compiler.factory.createNodeArray([only as ts.Statement]), own)
  moveBack(compiler, file, at)
  parsed.text = code
  delete parsed.lineMap
  for (const found of parsed.parseDiagnostics) found.start = moved(found.start, at)
  const complaints = parsed.parseDiagnostics.map(({ start }) => start)
  return { file, complaint: Math.min(...complaints, ...literal.properties.flatMap((one) => fault(compiler, one))) }
}

/** Where a member ends that the parser lets pass, though a literal cannot have it: a statement of a block looks so. */
function fault(compiler: typeof ts, member: ts.ObjectLiteralElementLike): number[] {
  const { exclamationToken } = member as { exclamationToken?: ts.Node }
  const isWrong =
    exclamationToken !== undefined ||
    (compiler.isShorthandPropertyAssignment(member)
      ? member.objectAssignmentInitializer !== undefined || compiler.getModifiers(member as never) !== undefined
      : 'body' in member && member.body === undefined)
  return isWrong ? [member.end] : []
}

/** Moves everything behind the operator one place to the left. */
function moveBack(compiler: typeof ts, file: ts.SourceFile, at: number): void {
  const move = (range: Moved): void => {
    range.pos = moved(range.pos, at)
    range.end = moved(range.end, at)
  }
  const visit = (node: ts.Node): void => {
    move(node as unknown as Moved)
    for (const comment of (node as unknown as Moved).jsDoc ?? []) visit(comment)
    compiler.forEachChild(node, visit, (nodes) => {
      move(nodes as unknown as Moved)
      nodes.forEach(visit)
    })
  }
  visit(file)
  const { commentDirectives = [] } = file as { commentDirectives?: readonly { readonly range: Moved }[] }
  for (const { range } of commentDirectives) move(range)
}

function moved(position: number, at: number): number {
  return position > at ? position - 1 : position
}
