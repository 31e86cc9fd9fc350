import type ts from 'typescript'

interface Parsed extends Omit<ts.SourceFile, 'statements'> {
  statements: ts.NodeArray<ts.Statement>
  parseDiagnostics: ts.DiagnosticWithLocation[]
}

/**
 * `ts.createSourceFile` for code that may await at its top, with the parents set. TypeScript takes `await` for a name
 * there at first, and parses a statement that had one again. Where the name had parted it into several, as in
 * `let { a = await [...b] } = c`, it can leave those behind, with their complaints: this takes them away.
 */
export function parseCell(
  compiler: typeof ts,
  name: string,
  code: string,
  options: ts.CreateSourceFileOptions,
  kind?: ts.ScriptKind,
): ts.SourceFile {
  const file = compiler.createSourceFile(name, code, options, true, kind)
  const { statements } = file
  const kept = withoutLeftovers(statements)
  if (kept.length === statements.length) return file
  // Statements behind the code, and what TypeScript leaves is some of those, with their complaints: none. Unless the code
  // leaves a bracket open, in which they are: then only what is said before what was left, or of the code's end, holds.
  const whole = compiler.createSourceFile(name, `${code}\n${';'.repeat(statements.length)}`, options, false, kind)
  const own = file as unknown as Parsed
  own.statements = nodeArray(compiler, kept, file)
  const open = firstLeftover(whole.statements) < code.length
  const left = firstLeftover(statements)
  own.parseDiagnostics = (whole as unknown as Parsed).parseDiagnostics
    .filter(({ start }) => !open || start < left || start >= kept.at(-1)!.end)
    .map((complaint) => ({ ...complaint, file, start: Math.min(complaint.start, code.length) }))
  return file
}

/** Statements without those that begin before the end of one before them; see {@link parseCell}. */
function withoutLeftovers(statements: readonly ts.Statement[]): ts.Statement[] {
  let end = 0
  return statements.filter((statement) => {
    if (statement.pos < end) return false
    end = statement.end
    return true
  })
}

/** Where the first of them begins; infinite where there is none. */
function firstLeftover(statements: readonly ts.Statement[]): number {
  const kept = new Set(withoutLeftovers(statements))
  return Math.min(...statements.filter((statement) => !kept.has(statement)).map(({ pos }) => pos))
}

function nodeArray(
  compiler: typeof ts,
  statements: readonly ts.Statement[],
  file: ts.SourceFile,
): ts.NodeArray<ts.Statement> {
  return compiler.setTextRange(compiler.factory.createNodeArray(statements), file.statements)
}

/** {@link withoutLeftovers} for code that TypeScript parses itself, as `transpileModule` does. */
export function dropLeftovers(compiler: typeof ts): ts.TransformerFactory<ts.SourceFile> {
  return () => (file) => {
    const kept = withoutLeftovers(file.statements)
    return kept.length === file.statements.length
      ? file
      : compiler.factory.updateSourceFile(file, nodeArray(compiler, kept, file))
  }
}
