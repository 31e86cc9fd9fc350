import path from 'node:path'
import type { CompilerService } from './calls.js'
import type { Cells } from './cells.js'

/**
 * Uses a compiler as notebooks do, so that its knowledge of the libraries, and TypeScript's own code, are ready for the
 * first cell.
 */
export function warmUp(root: string, cells: Cells, service: CompilerService): void {
  const ask = (code: string): void => {
    const { failure } = service.cell({ id: 0, code, typeErrors: 'error' })
    if (failure) throw new Error(`a warm-up cell has errors: ${code}\n${failure.traceback.join('\n')}`)
  }
  // The declarations of packages are read, but a notebook that does not import them sees nothing of them.
  const { state } = cells.programs
  ask(PACKAGES)
  cells.programs.restore(state)
  readLib(root, cells, service)
  for (const code of TYPICAL) ask(code)
}

/**
 * Reads the project's lib, and checks it as the first cells of a notebook do. The program is set aside: a notebook that
 * imports lib takes it if nothing has changed since, and its first import takes a tenth of the time. A lib with errors
 * is read when it is imported.
 */
function readLib(root: string, cells: Cells, service: CompilerService): void {
  const before = cells.programs.state
  cells.begin(path.join(root, 'notebooks'))
  for (const code of WITH_LIB) if (service.cell({ id: 0, code, typeErrors: 'error' }).failure) break
  cells.programs.setAside(before)
  cells.begin(root)
}

const WITH_LIB = [
  "import { preset, show, sudoku, sweep, train } from '../lib'",
  "const data = await sudoku({ box: '2x2', train: 20, test: 8 })",
  "const one = await train({ ...preset('sudoku-pocket'), trainSteps: 5 }, data); one",
  "const runs = await sweep({ ...preset('sudoku-pocket'), trainSteps: 5 }, { seed: [0, 1] }, data); show(runs.table())",
]

/**
 * The packages that notebooks of this project import. Reading them takes two seconds; in the snapshot they slow the
 * start by 0.15 s.
 */
const PACKAGES = [
  "import * as tf from '@tensorflow/tfjs-core'",
  "import * as aq from 'arquero'",
  "import * as arrow from 'apache-arrow'",
  "import { z } from 'zod'",
].join('\n')

const TYPICAL = [
  '1 + 1',
  "console.log('a', 1, [1, 2].map((x) => x * 2), { a: 1 })",
  'let lr = 1e-3; function train(steps: number) { return lr * steps }; train(3)',
  'const wait = await new Promise<number>((resolve) => setTimeout(resolve, 1, 3)); wait.toFixed(2)',
  'class Model { weights = new Float32Array(4); async step() { return this.weights.length } }; await new Model().step()',
  "for (let i = 0; i < 3; i++) { const t = performance.now(); if (t < 0) throw new Error('at ' + i) }",
  'const rows = Object.entries({ a: 1 }).filter(([, n]) => n > 0).sort(); new Map(rows); JSON.stringify(rows)',
  'type Row = { name: string; value?: number }; const row: Row = { name: "a" }; row.value ?? 0',
  'process.memoryUsage().rss; globalThis; Math.max(...[1, 2]); new Date().toISOString()',
  'for await (const x of (async function* () { yield 1 })()) console.log(x)',
  "import { readFileSync } from 'node:fs'; import path from 'node:path'; readFileSync(path.join('a', 'b'), 'utf8')",
]
