import ts from 'typescript'

/** A syntax tree as its parser sees it: the published types are read-only and omit some fields. */
interface MutableRange {
  pos: number
  end: number
}
interface MutableNode extends MutableRange {
  readonly jsDoc?: readonly ts.Node[]
}
interface MutableFile {
  statements: ts.NodeArray<ts.Statement>
  text: string
  lineMap?: unknown
  parseDiagnostics: (ts.DiagnosticWithLocation | { start: number })[]
  readonly commentDirectives?: readonly { readonly range: MutableRange }[]
}

function mutable(file: ts.SourceFile): MutableFile {
  return file as unknown as MutableFile
}

/** Replaces the statements of a parsed file and its syntax errors. */
export function replaceStatements(
  file: ts.SourceFile,
  statements: readonly ts.Statement[],
  errors: readonly ts.DiagnosticWithLocation[],
): void {
  mutable(file).statements = nodeArray(statements, file)
  mutable(file).parseDiagnostics = [...errors]
}

/** Returns statements as an array of nodes at the position of the statements of a file. */
export function nodeArray(statements: readonly ts.Statement[], file: ts.SourceFile): ts.NodeArray<ts.Statement> {
  return ts.setTextRange(ts.factory.createNodeArray(statements), file.statements)
}

/** Sets the parent of statements to a file that did not parse them. */
export function adopt(file: ts.SourceFile, statements: readonly ts.Statement[]): void {
  for (const statement of statements) Object.assign(statement, { parent: file })
}

/**
 * Removes the operator of one character from a file with a single statement, `!{ … }`, so that the file is the operand
 * alone. All positions are then those in `code`.
 *
 * @param statement the statement; the operand replaces its expression
 * @param at position of the operator
 * @param code the text without the operator
 */
export function takeOutOperator(
  file: ts.SourceFile,
  statement: ts.ExpressionStatement,
  operand: ts.ObjectLiteralExpression,
  at: number,
  code: string,
): void {
  Object.assign(operand, { parent: statement, pos: statement.expression.pos })
  Object.assign(statement, { expression: operand })
  const parsed = mutable(file)
  parsed.statements = nodeArray([statement], file)
  moveBack(file, at)
  parsed.text = code
  delete parsed.lineMap
  for (const found of parsed.parseDiagnostics) found.start = moved(found.start, at)
}

/** Moves everything after a place by one character to the left. */
function moveBack(file: ts.SourceFile, at: number): void {
  const move = (range: MutableRange): void => {
    range.pos = moved(range.pos, at)
    range.end = moved(range.end, at)
  }
  const visit = (node: ts.Node): void => {
    const own = node as MutableNode
    move(own)
    for (const comment of own.jsDoc ?? []) visit(comment)
    ts.forEachChild(node, visit, (nodes) => {
      move(nodes as MutableRange)
      nodes.forEach(visit)
    })
  }
  visit(file)
  for (const { range } of mutable(file).commentDirectives ?? []) move(range)
}

function moved(position: number, at: number): number {
  return position > at ? position - 1 : position
}

/**
 * Returns whether a member of an object literal has a `!` or modifiers that only the checker reports: `{ a! }`, `{
 * readonly a }`.
 */
export function hasStrayTokens(member: ts.ObjectLiteralElementLike): boolean {
  const { exclamationToken, modifiers } = member as {
    readonly exclamationToken?: ts.Node
    readonly modifiers?: readonly ts.ModifierLike[]
  }
  return (
    exclamationToken !== undefined ||
    (ts.isShorthandPropertyAssignment(member) && modifiers?.some(ts.isModifier) === true)
  )
}
