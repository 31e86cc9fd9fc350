import type ts from 'typescript'
import { bind } from './internals/binder.js'
import { markAsModule, syntaxErrorsOf } from './internals/source-file.js'
import { adopt, nodeArray, replaceStatements } from './internals/tree.js'
import { readObjectLiteral } from './object-literal.js'

/**
 * Parses a cell, with the parents set: as statements, or as one object literal, as in Node's own REPL. `{ rate, decay
 * }` is an object, while `{ step(rate) }` is a block. If both are wrong, the reading whose first error comes later is
 * used.
 */
export function parseCell(
  compiler: typeof ts,
  name: string,
  code: string,
  options: ts.CreateSourceFileOptions,
  kind?: ts.ScriptKind,
): ts.SourceFile {
  const file = parseStatements(compiler, name, code, options, kind)
  const [first] = file.statements
  if (!first || !compiler.isBlock(first)) return file
  const literal = readObjectLiteral(compiler, code, first.getStart(file), (text) =>
    parseStatements(compiler, name, text, options, kind),
  )
  const complaint = Math.min(...syntaxErrorsOf(file).map(({ start }) => start))
  const holds = literal?.complaint === Number.POSITIVE_INFINITY
  return literal && (holds || literal.complaint > complaint) ? literal.file : file
}

/**
 * Parses code that may await at its top level, with the parents set. TypeScript first takes `await` for a name, and
 * parses a statement with one again. If the name had split it into several, as in `let { a = await [...b] } = c`,
 * TypeScript can leave those behind with their errors; here they are removed.
 */
function parseStatements(
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
  // With empty statements after the code, TypeScript leaves some of those behind, and they have no errors. If the code
  // leaves a bracket open, they are inside it: then only the errors before the leftovers, and those at the end of the
  // code, hold.
  const whole = compiler.createSourceFile(name, `${code}\n${';'.repeat(statements.length)}`, options, false, kind)
  const open = firstLeftover(whole.statements) < code.length
  const left = firstLeftover(statements)
  const errors = syntaxErrorsOf(whole)
    .filter(({ start }) => !open || start < left || start >= kept.at(-1)!.end)
    .map((complaint) => ({ ...complaint, file, start: Math.min(complaint.start, code.length) }))
  replaceStatements(file, kept, errors)
  return file
}

/** Returns statements without those that begin before the end of an earlier one; see {@link parseStatements}. */
function withoutLeftovers(statements: readonly ts.Statement[]): ts.Statement[] {
  let end = 0
  return statements.filter((statement) => {
    if (statement.pos < end) return false
    end = statement.end
    return true
  })
}

/** Returns the start of the first leftover; infinity without one. */
function firstLeftover(statements: readonly ts.Statement[]): number {
  const kept = new Set(withoutLeftovers(statements))
  return Math.min(...statements.filter((statement) => !kept.has(statement)).map(({ pos }) => pos))
}

/** Returns a transformer that removes leftovers from code that TypeScript parses itself, as in `transpileModule`. */
export function dropLeftovers(compiler: typeof ts): ts.TransformerFactory<ts.SourceFile> {
  return () => (file) => {
    const kept = withoutLeftovers(file.statements)
    return kept.length === file.statements.length ? file : withStatements(compiler, file, kept)
  }
}

/** Returns a transformer that gives a cell that TypeScript has parsed itself the statements of {@link parseCell}. */
export function asCell(compiler: typeof ts): ts.TransformerFactory<ts.SourceFile> {
  return (context) => (file) => {
    const [first] = file.statements
    if (!first || !compiler.isBlock(first)) return dropLeftovers(compiler)(context)(file)
    const options: ts.CreateSourceFileOptions = {
      languageVersion: file.languageVersion,
      setExternalModuleIndicator: markAsModule,
    }
    const cell = parseCell(compiler, file.fileName, file.text, options)
    const { statements } = cell
    // Only a literal differs from TypeScript's own parse, which is bound as well.
    if (statements[0] && compiler.isBlock(statements[0])) return dropLeftovers(compiler)(context)(file)
    bind(cell, context.getCompilerOptions())
    adopt(file, statements)
    return withStatements(compiler, file, statements)
  }
}

function withStatements(compiler: typeof ts, file: ts.SourceFile, statements: readonly ts.Statement[]): ts.SourceFile {
  return compiler.factory.updateSourceFile(file, nodeArray(statements, file))
}
