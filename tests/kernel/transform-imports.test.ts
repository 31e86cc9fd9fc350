import assert from 'node:assert/strict'
import { test } from 'node:test'
import ts from 'typescript'
import { compileCell } from '../../lib/kernel/compiler/transform/compile-cell.js'

const MODULE = `export interface Shape { x: number }
export type Size = number
export class Net {}
export const depth = 1
export enum Mode { A }
export namespace Only { export type T = 1 }
declare class Hidden {}
export type { Hidden }
export default interface Options { a: 1 }
`

/** The calls of \`$rl.import\` of a cell whose imports the checker can resolve. */
function importsOf(code: string): string[] {
  const files = new Map([
    ['/cells/cell.mts', code],
    ['/cells/m.mts', MODULE],
    ['/cells/types.mts', `import { Net } from './m.mjs'; export type { Net }`],
  ])
  const options: ts.CompilerOptions = {
    noLib: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
  }
  const program = ts.createProgram(['/cells/cell.mts'], options, {
    ...ts.createCompilerHost(options),
    getSourceFile: (name, version) => {
      const text = files.get(name)
      return text === undefined ? undefined : ts.createSourceFile(name, text, version, true)
    },
    fileExists: (name) => files.has(name),
    readFile: (name) => files.get(name),
    directoryExists: () => true,
    getCurrentDirectory: () => '/cells',
  })
  const compiled = compileCell(ts, {
    code,
    url: 'recurlab-cell:1',
    sourceFile: program.getSourceFile('/cells/cell.mts')!,
    checker: program.getTypeChecker(),
    isCellFile: (name) => name === '/cells/cell.mts',
  })
  return [...compiled.code.matchAll(/\$rl\.import\(.*/g)].map(([call]) => call)
}

test('what is a type only is not imported, with and without the word type', () => {
  assert.deepEqual(
    importsOf("import { Shape, Net, type depth, Size, Mode as M, Only } from './m.mjs'; let a: Shape; let b: Size"),
    [`$rl.import('./m.mjs', { Net: ["Net", $ => Net = $], M: ["Mode", $ => M = $] });`],
  )
})

test('an import of nothing but types loads nothing', () => {
  assert.deepEqual(importsOf("import { Shape, Size } from './m.mjs'"), [])
  assert.deepEqual(importsOf("import Options from './m.mjs'"), [])
  assert.deepEqual(importsOf("import type { Net } from './m.mjs'; import type * as all from './m.mjs'"), [])
  assert.deepEqual(importsOf("import { Net } from './types.mjs'; import { Hidden } from './m.mjs'"), [])
})

test('a module that the checker cannot find is imported, and so is one without names', () => {
  assert.deepEqual(importsOf("import { a } from 'unknown'; import './m.mjs'; import {} from './m.mjs'"), [
    `$rl.import('unknown', { a: ["a", $ => a = $] });`,
    `$rl.import('./m.mjs', {});`,
    `$rl.import('./m.mjs', {});`,
  ])
})

test('imports that no line of the cell uses are kept for later cells, in order, above everything', () => {
  assert.deepEqual(
    importsOf(
      "depth; import { depth } from './m.mjs'; import * as all from './m.mjs'; import what, { Net } from './m.mjs'",
    ),
    [
      `$rl.import('./m.mjs', { depth: ["depth", $ => depth = $] });`,
      `$rl.import('./m.mjs', { all: ["*", $ => all = $] });`,
      `$rl.import('./m.mjs', { Net: ["Net", $ => Net = $] });`,
    ],
  )
})
