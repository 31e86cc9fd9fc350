import type ts from 'typescript'
import { dropLeftovers } from '../parse-cell.js'

/** A compiled module of the project, in the loader's format. */
export interface CompiledModule {
  /** `System.register([…], function (exports_1, context_1) {…})`. */
  readonly code: string
  /**
   * Source map (version 3, JSON) from `code` to `file`, with the text of `file`, which may differ by the time of an
   * error.
   */
  readonly map: string
  /** The specifiers of static imports as written, in order. */
  readonly specifiers: readonly string[]
}

/** The error about a module whose text is not valid TypeScript. */
export class ModuleSyntaxError extends Error {
  override readonly name = 'ModuleSyntaxError'

  /**
   * @param file absolute path
   * @param line from 1
   * @param column from 1, in UTF-16 units
   * @param problem TypeScript's message, without the place
   */
  constructor(
    readonly file: string,
    readonly line: number,
    readonly column: number,
    readonly problem: string,
  ) {
    super(`${file}:${line}:${column}: ${problem}`)
  }
}

/**
 * Compiles a module of the project. Live bindings, cycles and top-level `await` work as in Node.
 *
 * @param file absolute path, `.ts`, `.mts`, `.js` or `.mjs`
 * @throws ModuleSyntaxError
 */
export function compileModule(compiler: typeof ts, file: string, text: string): CompiledModule {
  let specifiers: readonly string[] = []
  const { outputText, sourceMapText, diagnostics } = compiler.transpileModule(text, {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: {
      target: compiler.ScriptTarget.ES2022,
      module: compiler.ModuleKind.System,
      // TypeScript 6 still emits this format; TypeScript 7 does not.
      ignoreDeprecations: '6.0',
      moduleDetection: compiler.ModuleDetectionKind.Force,
      verbatimModuleSyntax: true,
      allowJs: true,
      sourceMap: true,
      newLine: compiler.NewLineKind.LineFeed,
    },
    transformers: {
      before: [dropLeftovers(compiler)],
      after: [
        () => (sourceFile) => {
          specifiers = registered(compiler, sourceFile)
          return sourceFile
        },
      ],
    },
  })
  for (const { file: where, start, messageText } of diagnostics ?? []) {
    if (where === undefined) continue
    const { line, character } = where.getLineAndCharacterOfPosition(start ?? 0)
    throw new ModuleSyntaxError(file, line + 1, character + 1, compiler.flattenDiagnosticMessageText(messageText, '\n'))
  }
  const map = {
    ...(JSON.parse(sourceMapText ?? '{}') as object),
    file,
    sources: [file],
    sourcesContent: [text],
    sourceRoot: '',
  }
  return {
    code: outputText.replace(/\n\/\/# sourceMappingURL=[^\n]*\s*$/, '\n'),
    map: JSON.stringify(map),
    specifiers,
  }
}

/** Returns the modules that emitted code names in its call of `System.register`. */
function registered(compiler: typeof ts, sourceFile: ts.SourceFile): string[] {
  for (const statement of sourceFile.statements) {
    if (!compiler.isExpressionStatement(statement) || !compiler.isCallExpression(statement.expression)) continue
    const [list] = statement.expression.arguments
    if (list !== undefined && compiler.isArrayLiteralExpression(list))
      return list.elements.filter(compiler.isStringLiteralLike).map((element) => element.text)
  }
  return []
}
