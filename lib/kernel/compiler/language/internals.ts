import type ts from 'typescript'
import type { CellSession } from '../session.js'

/**
 * Parts of TypeScript 5.9 that it does not export to everybody. Its public language service makes a program of its own
 * from files, so it could never see the names of earlier cells; these functions take a program and a file as they are.
 */
export type Internals = typeof ts & {
  readonly Completions: {
    getCompletionsAtPosition(
      host: ServiceHost,
      program: ts.Program,
      log: (message: string) => void,
      sourceFile: ts.SourceFile,
      position: number,
      preferences: ts.UserPreferences,
      triggerCharacter: undefined,
      completionKind: ts.CompletionTriggerKind | undefined,
      cancellation: Cancellation,
      formatContext: unknown,
      includeSymbol: true,
    ): { readonly isGlobalCompletion: boolean; readonly entries: readonly Entry[] } | undefined
  }
  readonly SignatureHelp: {
    getSignatureHelpItems(
      program: ts.Program,
      sourceFile: ts.SourceFile,
      position: number,
      reason: ts.SignatureHelpTriggerReason,
      cancellation: Cancellation,
    ): ts.SignatureHelpItems | undefined
  }
  readonly SymbolDisplay: {
    getSymbolKind(checker: ts.TypeChecker, symbol: ts.Symbol, location: ts.Node): string
    getSymbolDisplayPartsDocumentationAndSymbolKind(
      checker: ts.TypeChecker,
      symbol: ts.Symbol,
      sourceFile: ts.SourceFile,
      enclosing: ts.Node | undefined,
      location: ts.Node,
      meaning: number | undefined,
      alias?: undefined,
      maximumLength?: number,
    ): {
      readonly displayParts: readonly ts.SymbolDisplayPart[]
      readonly documentation: readonly ts.SymbolDisplayPart[]
      readonly tags: readonly ts.JSDocTagInfo[] | undefined
    }
  }
  getTouchingPropertyName(sourceFile: ts.SourceFile, position: number): ts.Node
  findPrecedingToken(position: number, sourceFile: ts.SourceFile): ts.Node | undefined
  isInString(sourceFile: ts.SourceFile, position: number, previous?: ts.Node): boolean
  isInComment(sourceFile: ts.SourceFile, position: number): unknown
  getContainerNode(node: ts.Node): ts.Node | undefined
  getContainingObjectLiteralElement(node: ts.Node): ts.ObjectLiteralElementLike | undefined
  getPropertySymbolsFromContextualType(
    node: ts.ObjectLiteralElementLike,
    checker: ts.TypeChecker,
    contextualType: ts.Type,
    unionSymbolOk: boolean,
  ): readonly ts.Symbol[]
}

/** The checker with what it hides. */
export interface Checker extends ts.TypeChecker {
  isUnknownSymbol(symbol: ts.Symbol): boolean
  resolveName(
    name: string,
    location: ts.Node | undefined,
    meaning: ts.SymbolFlags,
    excludeGlobals: boolean,
  ): ts.Symbol | undefined
}

/** A completion, with the symbol that it stands for where there is one. */
export type Entry = ts.CompletionEntry & { readonly symbol?: ts.Symbol }

/** What TypeScript's services ask of the file system. */
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

/** Nothing of ours is cancelled: every answer takes milliseconds. */
export const never = { isCancellationRequested: () => false, throwIfCancellationRequested: () => {} }
type Cancellation = typeof never

/** The session's TypeScript with what it hides. */
export function internals(session: CellSession): Internals {
  return session.ts as Internals
}
