import type { Cells } from './cells.js'
import { typeErrors } from './diagnostics.js'

/** Checks cells as they are typically written, so that what TypeScript finds out about the libraries is known. */
export function warmUp(cells: Cells): void {
  for (const code of TYPICAL) cells.enter(code, (cell) => ({ holds: typeErrors(cell).length === 0, value: undefined }))
}

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
]
