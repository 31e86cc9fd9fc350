import type ts from 'typescript'

const STEP = '  '

/**
 * Returns the white space at the beginning of the next line: two spaces for every line with an open bracket, and two
 * more if the line lacks an operand. Inside a template or a comment it is empty.
 */
export function indentOf(typescript: typeof ts, code: string, lacksOperand: boolean): string {
  const open = openBrackets(typescript, code)
  if (!open) return ''
  const lines = new Set(open.brackets.map((at) => code.slice(0, at).split('\n').length)).size
  return STEP.repeat(lines + (lacksOperand && !open.endsInside ? 1 : 0))
}

/** Returns the offsets of the brackets that are open at the end; null inside a template or a comment. */
function openBrackets(
  { createScanner, ScriptTarget, SyntaxKind }: typeof ts,
  code: string,
): { readonly brackets: readonly number[]; readonly endsInside: boolean } | null {
  const scanner = createScanner(ScriptTarget.ESNext, false, undefined, code)
  const open: { readonly at: number; readonly template: boolean }[] = []
  let before: ts.SyntaxKind = SyntaxKind.Unknown
  for (let token = scanner.scan(); token !== SyntaxKind.EndOfFileToken; token = scanner.scan()) {
    if (token === SyntaxKind.SlashToken && !endsOperand(before)) token = scanner.reScanSlashToken()
    if (token === SyntaxKind.CloseBraceToken && open.at(-1)?.template) {
      open.pop()
      token = scanner.reScanTemplateToken(false)
    }
    if (scanner.isUnterminated()) return null
    if (token >= SyntaxKind.FirstTriviaToken && token <= SyntaxKind.LastTriviaToken) continue
    if (token === SyntaxKind.TemplateHead || token === SyntaxKind.TemplateMiddle)
      open.push({ at: scanner.getTokenEnd() - 1, template: true })
    else if (OPENING.has(code.slice(scanner.getTokenStart(), scanner.getTokenEnd())))
      open.push({ at: scanner.getTokenStart(), template: false })
    else if (CLOSING.has(code.slice(scanner.getTokenStart(), scanner.getTokenEnd()))) open.pop()
    before = token
  }
  const last = [
    SyntaxKind.OpenBraceToken,
    SyntaxKind.OpenParenToken,
    SyntaxKind.OpenBracketToken,
    SyntaxKind.CommaToken,
  ]
  return { brackets: open.map(({ at }) => at), endsInside: last.includes(before) }

  /** Returns whether a slash after such a token divides. */
  function endsOperand(kind: ts.SyntaxKind): boolean {
    return (
      kind === SyntaxKind.Identifier ||
      kind === SyntaxKind.CloseParenToken ||
      kind === SyntaxKind.CloseBracketToken ||
      kind === SyntaxKind.CloseBraceToken ||
      (kind >= SyntaxKind.FirstLiteralToken && kind <= SyntaxKind.LastLiteralToken)
    )
  }
}

const OPENING: ReadonlySet<string> = new Set(['{', '(', '['])
const CLOSING: ReadonlySet<string> = new Set(['}', ')', ']'])
