import { createRequire } from 'node:module'
import type ts from '@tslab/typescript-for-tslab'
import type * as ConverterModule from 'tslab/dist/converter.js'
import type * as ExecutorModule from 'tslab/dist/executor.js'
import type * as JupyterModule from 'tslab/dist/jupyter.js'
import { overlayFiles, type TypesFolder } from './overlay.js'

const require = createRequire(import.meta.url)

/** tslab's parts, set up for this project. */
export interface Tslab {
  readonly ts: typeof ts
  readonly createExecutor: typeof ExecutorModule.createExecutor
  readonly createConverter: typeof ConverterModule.createConverter
  readonly JupyterHandlerImpl: typeof JupyterModule.JupyterHandlerImpl
  /** Tells `tslab.display` where to send. */
  setDisplay(write: typeof JupyterModule.lastWriteDisplayData): void
}

/**
 * Loads tslab. Its compiler is given {@link overlayFiles}, and options that it has no setting for: strict null checks,
 * package `exports`, this Node's library.
 */
export function loadTslab(root: string, cwd: string, types: TypesFolder): Tslab {
  const compiler = require('@tslab/typescript-for-tslab') as typeof ts
  Object.assign(compiler.sys, overlayFiles(compiler.sys, root, cwd, types))
  // tslab's modules take the compiler from the module cache, where this copy now stands in for it.
  const cached = require.cache[require.resolve('@tslab/typescript-for-tslab')]
  if (cached) cached.exports = { ...compiler, createWatchCompilerHost: withOptions(compiler) }
  const { createConverter } = require('tslab/dist/converter.js') as typeof ConverterModule
  const { createExecutor } = require('tslab/dist/executor.js') as typeof ExecutorModule
  const jupyter = require('tslab/dist/jupyter.js') as typeof JupyterModule
  return {
    ts: compiler,
    createConverter,
    createExecutor,
    JupyterHandlerImpl: jupyter.JupyterHandlerImpl,
    setDisplay: (write) => {
      ;(jupyter as { lastWriteDisplayData: typeof write }).lastWriteDisplayData = write
    },
  }
}

function withOptions(compiler: typeof ts): (...args: readonly unknown[]) => unknown {
  const create = compiler.createWatchCompilerHost as (...args: readonly unknown[]) => unknown
  return (rootFiles, options, ...rest) =>
    create(
      rootFiles,
      {
        ...(options as ts.CompilerOptions),
        strictNullChecks: true,
        strictFunctionTypes: true,
        strictBindCallApply: true,
        moduleResolution: compiler.ModuleResolutionKind.Bundler,
        lib: ['lib.es2023.d.ts'],
        types: ['node'],
      },
      ...rest,
    )
}
