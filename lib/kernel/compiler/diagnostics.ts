import path from 'node:path'
import ts from 'typescript'
import type { Failure } from '../protocol.js'
import { isCellFile } from './cell-file.js'
import { syntaxErrorsOf } from './internals/source-file.js'
import { tokenAt } from './internals/tokens.js'
import type { OpenCell } from './session.js'

/** Maximum number of errors to show; further ones are counted. */
const MAX_SHOWN = 10

/** Maximum characters of the text of one error. */
const MAX_MESSAGE = 400

/** Maximum number of reasons below a headline: the first ones name the key, the deepest one names the mistake. */
const MAX_REASONS = 3

/** Returns the syntax errors of a cell. */
export function syntaxErrors(file: ts.SourceFile): readonly ts.Diagnostic[] {
  return syntaxErrorsOf(file)
}

/** Returns the type errors of a cell, without those that are no mistakes in a cell. */
export function typeErrors({ sourceFile, program, checker }: OpenCell): readonly ts.Diagnostic[] {
  return program
    .getSemanticDiagnostics(sourceFile)
    .filter((found) => found.category === ts.DiagnosticCategory.Error && !isNoMistake(found, sourceFile, checker))
}

/**
 * Codes of errors about `let best` without a type, in this cell or an earlier one: a later cell gives it a value, and
 * thereby its type.
 */
const UNTYPED = [7005, 7034]
const USED_BEFORE_ASSIGNED = 2454
/**
 * Code of the error about a package without declarations, which is `any`: a user of a notebook can hardly write them.
 */
const NO_DECLARATIONS = 7016

function isNoMistake(found: ts.Diagnostic, file: ts.SourceFile, checker: ts.TypeChecker): boolean {
  if (found.code === NO_DECLARATIONS) return true
  if (!UNTYPED.includes(found.code) && found.code !== USED_BEFORE_ASSIGNED) return false
  const declaration = checker.getSymbolAtLocation(tokenAt(file, found.start ?? 0))?.valueDeclaration
  if (!declaration) return false
  if (found.code === USED_BEFORE_ASSIGNED) return declaration.getSourceFile() !== file
  return (
    ts.isVariableDeclaration(declaration) &&
    ts.isVariableStatement(declaration.parent.parent) &&
    ts.isSourceFile(declaration.parent.parent.parent)
  )
}

/** Codes of errors about a module that TypeScript does not find. */
export const NO_MODULE = [2307, 2882]

/** Returns the failure of a cell that is not run because of errors. */
export function failureOf(found: readonly ts.Diagnostic[], root: string, hint: Hint = noHint): Failure {
  const [first = '', ...others] = describe(found, root, hint)
  return {
    ename: 'TypeScriptError',
    evalue: first.split('\n')[0] ?? '',
    traceback: ['TypeScriptError: the cell was not run', first, ...others],
  }
}

/** Returns at most ten errors as text, each with its place and the line, in which the place is marked. */
export function describe(found: readonly ts.Diagnostic[], root: string, hint: Hint = noHint): string[] {
  const shown = found.slice(0, MAX_SHOWN).map((one) => describeOne(one, root, hint))
  const more = found.length - shown.length
  return more > 0 ? [...shown, `… and ${more} more`] : shown
}

/** Returns additions to an error, after its text and on a separate line; empty for none. */
export type Hint = (found: ts.Diagnostic) => { readonly inText?: string; readonly below?: string }

const noHint: Hint = () => ({})

function describeOne(found: ts.Diagnostic, root: string, hint: Hint): string {
  const { file, start = 0, length = 0, messageText, code } = found
  const message = messageOf(messageText, code, (text) => readable(text, root))
  const { inText = '', below = '' } = hint(found)
  const text = `${message}${inText} (TS${code})`
  const place = file ? quoted(file, start, length, root, text) : text
  return below === '' ? place : `${place}\n${below}`
}

/** Returns `line 2:5 - text` for a cell or `lib/x.ts:2:5 - text` for a file, and below it the line with the place marked. */
function quoted(file: ts.SourceFile, start: number, length: number, root: string, text: string): string {
  const { line, character } = file.getLineAndCharacterOfPosition(start)
  const content = file.text.split(/\r?\n/)[line] ?? ''
  return quote({ name: placeName(file.fileName, root), line: line + 1, column: character + 1, content, length, text })
}

/** A place in a text, as shown with an error of the compiler. */
export interface Place {
  /** Name of the file; null for a cell. */
  readonly name: string | null
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
  /** The line itself. */
  readonly content: string
  /** Length of the marked part in UTF-16 units. */
  readonly length: number
  readonly text: string
}

/** Returns a message with its place, and below it the line. */
export function quote({ name, line, column, content, length, text }: Place): string {
  const from = column - 1
  // The part around the place is enough of a very long line.
  const first = from > LINE ? from - LINE / 2 : 0
  const part = content.slice(first, first + 2 * LINE)
  const marked = Math.max(1, Math.min(length, part.length - (from - first)))
  const indent = part.slice(0, from - first).replace(/[^\t]/g, ' ')
  return `${name === null ? `line ${line}` : `${name}:${line}`}:${column} - ${text}\n  ${part}\n  ${indent}${'~'.repeat(marked)}`
}

const LINE = 160

/** Returns a file's name for the user: relative to the project's folder if inside it; null for a cell. */
export function placeName(file: string, root: string): string | null {
  if (isCellFile(file)) return null
  const relative = path.relative(root, file)
  return relative.startsWith('..') ? file : relative
}

/** Code of `A is not assignable to B`, which says little if reasons follow that name the key. */
const HEADLINES = [2322, 2345]
/**
 * Codes of messages that repeat whole signatures: `No overload matches this call`, `Overload 2 of 2 … gave the
 * following error`.
 */
const ABOUT_OVERLOADS = [2769, 2770, 2771, 2772]

function messageOf(
  message: string | ts.DiagnosticMessageChain,
  code: number,
  readable: (text: string) => string,
): string {
  if (typeof message === 'string') return readable(message)
  const lines: string[] = []
  let headline = code
  for (let at: ts.DiagnosticMessageChain | undefined = message; at; at = at.next?.at(-1)) {
    if (at.next && ABOUT_OVERLOADS.includes(at.code)) continue
    if (lines.length === 0) headline = at.code
    lines.push(readable(at.messageText))
  }
  const isHeadline = HEADLINES.includes(headline) && lines.length > 1
  const telling = isHeadline ? lines.slice(1) : lines
  const shown = telling.length > MAX_REASONS ? [...telling.slice(0, MAX_REASONS - 1), telling.at(-1) ?? ''] : telling
  return shown.join(' ')
}

/**
 * Returns a message without the file name of a cell and without the project's folder. The type of a configuration fills
 * a page, so a long message is cut in the middle: its beginning and its end are the most informative.
 */
function readable(message: string, root: string): string {
  const plain = message.replace(CELL_TYPE, '').replaceAll(`import("${root}/`, 'import("')
  return plain.length <= MAX_MESSAGE ? plain : `${plain.slice(0, MAX_MESSAGE - 100)} … ${plain.slice(-100)}`
}

/** Matches the file of a cell as TypeScript writes it before the name of a type. */
const CELL_TYPE = /import\("[^"]*\/\.recurlab-cell-\d+"\)\./g
