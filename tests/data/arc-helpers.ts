import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Batch } from '../../lib/data/dataset.js'
import type { FlatGrid } from '../../lib/tasks/arc/grid.js'
import fc from '../fast-check.js'

/** A task as the files have it. */
export interface JsonTask {
  train: { input: number[][]; output: number[][] }[]
  test: { input: number[][]; output?: number[][] }[]
}

/** A task that no other of these is like: `n` tells them apart. */
export function jsonTask(n: number, tests = 1): JsonTask {
  const grid = (k: number): number[][] => [
    [n % 10, k, 1],
    [Math.floor(n / 10) % 10, 2, k],
  ]
  const pair = (k: number): { input: number[][]; output: number[][] } => ({ input: grid(k), output: [[k, n % 10]] })
  return { train: [pair(3), pair(4), pair(5)], test: Array.from({ length: tests }, (_, i) => pair(6 + i)) }
}

/** Writes a subset in the combined layout, test outputs in a file of their own. */
export function writeCombined(
  dir: string,
  subset: string,
  tasks: Record<string, JsonTask>,
  options: { solutions?: boolean } = {},
): void {
  mkdirSync(dir, { recursive: true })
  const hidden = Object.entries(tasks).map(([name, { train, test }]) => [
    name,
    { train, test: test.map(({ input }) => ({ input })) },
  ])
  const solutions = Object.entries(tasks).map(([name, { test }]) => [name, test.map(({ output }) => output)])
  const file = (what: string): string => path.join(dir, `arc-agi_${subset}_${what}.json`)
  writeFileSync(file('challenges'), JSON.stringify(Object.fromEntries(hidden)))
  if (options.solutions !== false) writeFileSync(file('solutions'), JSON.stringify(Object.fromEntries(solutions)))
}

/** Writes a subset as a file a task. */
export function writeFolder(dir: string, subset: string, tasks: Record<string, JsonTask>): void {
  mkdirSync(path.join(dir, subset), { recursive: true })
  for (const [name, task] of Object.entries(tasks))
    writeFileSync(path.join(dir, subset, `${name}.json`), JSON.stringify(task))
}

/** Any grid of at most `largest` rows and columns. */
export function anyGrid(largest = 30): fc.Arbitrary<FlatGrid> {
  return fc
    .tuple(fc.integer({ min: 1, max: largest }), fc.integer({ min: 1, max: largest }))
    .chain(([rows, columns]) =>
      fc
        .uint8Array({ min: 0, max: 9, minLength: rows * columns, maxLength: rows * columns })
        .map((cells) => ({ rows, columns, cells: Uint8Array.from(cells) })),
    )
}

/** A row's tokens. */
export function tokensOf(tokens: Int32Array, { seqLen }: Batch, row: number): Int32Array {
  return tokens.slice(row * seqLen, (row + 1) * seqLen)
}
