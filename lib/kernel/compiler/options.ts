import path from 'node:path'
import ts from 'typescript'

/**
 * How cells, and the modules that they import, are checked: the project's tsconfig with all its strictness, apart from
 * what would be wrong in a cell. A name that is not used yet is no mistake there, `../lib/x` means the same as
 * `../lib/x.js`, and nothing is written.
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
    // What Node itself looks for in a package's `exports`, beside `import`.
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
    // `import './x.js'` of a file that is not there is a mistake.
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

/** The project's own options; without a readable tsconfig, TypeScript's strict ones. */
function projectOptions(root: string): ts.CompilerOptions {
  const host: ts.ParseConfigFileHost = {
    ...ts.sys,
    getCurrentDirectory: () => root,
    // Which files the project has does not matter here, and looking costs time.
    readDirectory: () => [],
    onUnRecoverableConfigFileDiagnostic: () => {},
  }
  const parsed = ts.getParsedCommandLineOfConfigFile(path.join(root, 'tsconfig.json'), {}, host)
  const { configFilePath: _, tsBuildInfoFile: __, ...options } = parsed?.options ?? { strict: true }
  return options
}
