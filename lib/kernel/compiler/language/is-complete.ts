import type ts from 'typescript'
import type { Content } from '../../protocol.js'
import { markAsModule, syntaxErrorsOf } from '../internals/source-file.js'
import { parseCell } from '../parse-cell.js'
import type { CellSession } from '../session.js'
import { indentOf } from './indent.js'

type TypeScript = typeof ts

/**
 * Returns the content of `is_complete_reply`: whether code can run unchanged, is incomplete, or is wrong whatever
 * follows. It is incomplete if the parser's first error is about the end of the code.
 */
export function isComplete({ ts }: Pick<CellSession, 'ts'>, code: string): Content {
  const file = parsed(ts, code)
  const complaint = firstComplaint(file)
  if (!complaint)
    return lacksValue(ts, file) ? { status: 'incomplete', indent: indentOf(ts, code, true) } : { status: 'complete' }
  if (!isAtEnd(ts, code, complaint.start) || endedByLine(complaint.code, code)) return { status: 'invalid' }
  return { status: 'incomplete', indent: indentOf(ts, code, LACKS_OPERAND.has(complaint.code)) }
}

function parsed(ts: TypeScript, code: string): ts.SourceFile {
  const options: ts.CreateSourceFileOptions = {
    languageVersion: ts.ScriptTarget.ESNext,
    setExternalModuleIndicator: markAsModule,
  }
  return parseCell(ts, 'cell.ts', code, options)
}

function firstComplaint(file: ts.SourceFile): ts.DiagnosticWithLocation | undefined {
  return syntaxErrorsOf(file).toSorted((a, b) => a.start - b.start)[0]
}

/** Returns whether only white space and comments follow, or a lone `import` or `export`. */
function isAtEnd({ createScanner, ScriptTarget, SyntaxKind }: TypeScript, code: string, start: number): boolean {
  const scanner = createScanner(ScriptTarget.ESNext, true, undefined, code, undefined, start)
  const token = scanner.scan()
  const begins = token === SyntaxKind.ImportKeyword || token === SyntaxKind.ExportKeyword
  return (begins ? scanner.scan() : token) === SyntaxKind.EndOfFileToken
}

/** Codes of the errors "Expression expected", "Identifier expected" and "Type expected". */
const LACKS_OPERAND: ReadonlySet<number> = new Set([1109, 1003, 1110])
const UNTERMINATED_STRING = 1002
const UNTERMINATED_REGULAR_EXPRESSION = 1161

/**
 * Returns whether an error is about something that cannot continue on the next line. A string can, after a backslash.
 */
function endedByLine(complaint: number, code: string): boolean {
  if (complaint === UNTERMINATED_STRING) return !code.trimEnd().endsWith('\\')
  return complaint === UNTERMINATED_REGULAR_EXPRESSION
}

/** Returns whether the code ends in `const`, or in a constant without a value, which the parser accepts. */
function lacksValue(ts: TypeScript, file: ts.SourceFile): boolean {
  const last = file.statements.at(-1)
  if (!last || !ts.isVariableStatement(last) || file.text.trimEnd().endsWith(';')) return false
  if (last.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword)) return false
  const { declarations, flags } = last.declarationList
  const declaration = declarations.at(-1)
  if (!declaration) return true
  const needed = (flags & ts.NodeFlags.Constant) !== 0 || !ts.isIdentifier(declaration.name)
  return needed && !declaration.initializer
}
