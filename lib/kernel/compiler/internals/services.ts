import ts from 'typescript'
import { part } from './part.js'

/*
 * The published language service makes a program of its own from files, and could see the names of earlier cells only in
 * their text. Its internal functions take an existing program and file.
 */

/** A completion, with its symbol if there is one. */
export type Entry = ts.CompletionEntry & { readonly symbol?: ts.Symbol }

/** The part of a language service's host that completions use. */
export type ServiceHost = Pick<
  ts.LanguageServiceHost,
  | 'getCompilationSettings'
  | 'getCurrentDirectory'
  | 'useCaseSensitiveFileNames'
  | 'fileExists'
  | 'readFile'
  | 'directoryExists'
  | 'getDirectories'
  | 'readDirectory'
>

/** Never cancels: every answer takes milliseconds. */
const NEVER = { isCancellationRequested: () => false, throwIfCancellationRequested: () => {} }

type Completions = (
  host: ServiceHost,
  program: ts.Program,
  log: (message: string) => void,
  file: ts.SourceFile,
  position: number,
  preferences: ts.UserPreferences,
  triggerCharacter: undefined,
  kind: ts.CompletionTriggerKind,
  cancellation: typeof NEVER,
  formatContext: undefined,
  includeSymbol: true,
) => { readonly entries: readonly Entry[] } | undefined

/** Returns the completions at a place in a file, each with its symbol. */
export function completionsAt(
  host: ServiceHost,
  program: ts.Program,
  file: ts.SourceFile,
  position: number,
  preferences: ts.UserPreferences,
): readonly Entry[] {
  const complete = part<Completions>(
    part(ts, 'ts.Completions', 'complete in cells'),
    'ts.Completions.getCompletionsAtPosition',
    'complete in cells',
  )
  const kind = ts.CompletionTriggerKind.Invoked
  const log = (): void => {}
  const found = complete(host, program, log, file, position, preferences, undefined, kind, NEVER, undefined, true)
  return found?.entries ?? []
}

type SignatureHelp = (
  program: ts.Program,
  file: ts.SourceFile,
  position: number,
  reason: ts.SignatureHelpTriggerReason,
  cancellation: typeof NEVER,
) => ts.SignatureHelpItems | undefined

/** Returns the signatures of the call around a place in a file; undefined outside calls. */
export function signaturesAt(
  program: ts.Program,
  file: ts.SourceFile,
  position: number,
): ts.SignatureHelpItems | undefined {
  const help = part<SignatureHelp>(
    part(ts, 'ts.SignatureHelp', 'explain calls'),
    'ts.SignatureHelp.getSignatureHelpItems',
    'explain calls',
  )
  return help(program, file, position, { kind: 'invoked' }, NEVER)
}

/** A symbol in TypeScript's words. */
export interface Display {
  readonly displayParts: readonly ts.SymbolDisplayPart[]
  readonly documentation: readonly ts.SymbolDisplayPart[]
  readonly tags: readonly ts.JSDocTagInfo[] | undefined
}

type DisplayOf = (
  checker: ts.TypeChecker,
  symbol: ts.Symbol,
  file: ts.SourceFile,
  enclosing: ts.Node | undefined,
  location: ts.Node,
  meaning: number,
  alias: undefined,
  maximumLength: number,
) => Display

/** A symbol to describe, and the place from which it is seen. */
export interface Shown {
  readonly checker: ts.TypeChecker
  readonly symbol: ts.Symbol
  readonly file: ts.SourceFile
  readonly enclosing: ts.Node | undefined
  readonly location: ts.Node
  /** 1 a value, 2 a type, 4 a namespace, or a sum of them. */
  readonly meaning: number
  /** Maximum characters of the signature. */
  readonly maximumLength: number
}

/** Returns the signature, documentation and tags of a symbol. */
export function displayOf({ checker, symbol, file, enclosing, location, meaning, maximumLength }: Shown): Display {
  const display = part<DisplayOf>(
    part(ts, 'ts.SymbolDisplay', 'explain names'),
    'ts.SymbolDisplay.getSymbolDisplayPartsDocumentationAndSymbolKind',
    'explain names',
  )
  return display(checker, symbol, file, enclosing, location, meaning, undefined, maximumLength)
}

/** Returns TypeScript's word for the kind of a symbol, such as `const` or `method`. */
export function kindOf(checker: ts.TypeChecker, symbol: ts.Symbol, location: ts.Node): string {
  return part<(checker: ts.TypeChecker, symbol: ts.Symbol, location: ts.Node) => string>(
    part(ts, 'ts.SymbolDisplay', 'explain names'),
    'ts.SymbolDisplay.getSymbolKind',
    'describe a completion',
  )(checker, symbol, location)
}
