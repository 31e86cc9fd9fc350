import path from 'node:path'
import ts from 'typescript'

/**
 * Returns the options for checking cells and the modules that they import: the project's tsconfig with all its
 * strictness, except where it does not suit cells. In cells an unused name is no mistake, `../lib/x` means
 * `../lib/x.js`, and no files are written.
 */
export function cellOptions(root: string): ts.CompilerOptions {
  const { lib = ['lib.es2023.d.ts'], types = [], ...project } = projectOptions(root)
  return {
    ...project,
    target: project.target ?? ts.ScriptTarget.ES2023,
    lib: [...new Set([...lib, 'lib.esnext.disposable.d.ts'])],
    types: [...new Set([...types, 'node'])],
    typeRoots: [path.join(root, 'node_modules', '@types')],
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    // The condition that Node itself looks for in a package's `exports`, besides `import`.
    customConditions: ['node'],
    moduleDetection: ts.ModuleDetectionKind.Force,
    esModuleInterop: true,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    allowJs: true,
    checkJs: false,
    verbatimModuleSyntax: false,
    isolatedModules: false,
    erasableSyntaxOnly: false,
    isolatedDeclarations: false,
    experimentalDecorators: false,
    emitDecoratorMetadata: false,
    // `import './x.js'` of a missing file is a mistake.
    noUncheckedSideEffectImports: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    skipLibCheck: true,
    noEmit: true,
    declaration: false,
    composite: false,
    incremental: false,
    sourceMap: false,
  }
}

/** Returns the project's own options; TypeScript's strict ones without a readable tsconfig. */
function projectOptions(root: string): ts.CompilerOptions {
  const host: ts.ParseConfigFileHost = {
    ...ts.sys,
    getCurrentDirectory: () => root,
    // The project's files do not matter here, and listing them costs time.
    readDirectory: () => [],
    onUnRecoverableConfigFileDiagnostic: () => {},
  }
  const parsed = ts.getParsedCommandLineOfConfigFile(path.join(root, 'tsconfig.json'), {}, host)
  const { configFilePath: _, tsBuildInfoFile: __, ...options } = parsed?.options ?? { strict: true }
  return options
}
