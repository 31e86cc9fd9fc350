import { readdirSync, readFileSync } from 'node:fs'
import { type KernelProgram, startMeasured } from './client.js'
import type { KernelName } from './kernels.js'

/** The measured times of a notebook kernel. NaN where it could not do the work; `notes` says why. */
export interface KernelMeasurement {
  readonly kernel: KernelName
  /** Seconds from the start of the process to the reply to its first cell, `1 + 1`; one per start. */
  readonly firstResultSeconds: readonly number[]
  /**
   * Seconds of the cell that imports the project's lib; one per start. Empty for notebook kernels that cannot import it.
   */
  readonly libSeconds: readonly number[]
  /** Milliseconds from sending a cell such as `1 + 2` to its reply. */
  readonly trivialMs: readonly number[]
  /** As `trivialMs`, after a cell has imported tfjs, Arrow and arquero. */
  readonly trivialAfterImportsMs: readonly number[]
  /** Seconds until 100,000 lines printed in one loop have arrived; NaN if some never do. */
  readonly linesSeconds: number
  readonly notes: readonly string[]
}

const IMPORTS = [
  `import * as tf from '@tensorflow/tfjs-core'`,
  `import * as arrow from 'apache-arrow'`,
  `import * as aq from 'arquero'`,
].join('\n')

/** Returns the import statement in the first cell of a notebook of the project. */
function importOf(lib: string): string {
  return `import { preset, show, sudoku, sweep, train } from ${JSON.stringify(lib)}`
}

const LINES = 100_000
/** Time limit for the lines: a notebook kernel that loses some never sends them. */
const LINES_MS = 20_000

/** Measures the notebook kernels alternately, `starts` times, so that all see the same load of the machine. */
export async function measureKernels(
  kernels: readonly { readonly name: KernelName; readonly program: KernelProgram }[],
  { starts, cells }: { readonly starts: number; readonly cells: number },
): Promise<KernelMeasurement[]> {
  const found = new Map<
    KernelName,
    { first: number[]; lib: number[]; trivial: number[]; after: number[]; lines: number; notes: string[] }
  >(kernels.map(({ name }) => [name, { first: [], lib: [], trivial: [], after: [], lines: Number.NaN, notes: [] }]))
  for (let start = 0; start < starts; start++)
    for (const { name, program } of kernels) {
      const row = found.get(name)!
      const started = performance.now()
      const kernel = await startMeasured(program)
      try {
        await kernel.run('1 + 1')
        row.first.push((performance.now() - started) / 1000)
        for (let i = 0; i < cells; i++) row.trivial.push(await kernel.run(`1 + ${i}`))
        if (program.lib !== undefined) row.lib.push((await kernel.run(importOf(program.lib))) / 1000)
        await kernel.run(IMPORTS)
        for (let i = 0; i < cells; i++) row.after.push(await kernel.run(`2 + ${i}`))
        if (start === 0) row.lines = await printLines(kernel)
      } catch (error) {
        row.notes.push(error instanceof Error ? error.message : String(error))
      } finally {
        await kernel.close()
      }
    }
  return [...found].map(([kernel, row]) => ({
    kernel,
    firstResultSeconds: row.first,
    libSeconds: row.lib,
    trivialMs: row.trivial,
    trivialAfterImportsMs: row.after,
    linesSeconds: row.lines,
    notes: [...new Set(row.notes)],
  }))
}

async function printLines(kernel: Awaited<ReturnType<typeof startMeasured>>): Promise<number> {
  const expected = Array.from({ length: LINES }, (_, i) => `line ${i}\n`.length).reduce((a, b) => a + b, 0)
  const before = kernel.printed()
  const started = performance.now()
  // A notebook kernel may also never answer the cell that prints.
  void kernel.run(`for (let i = 0; i < ${LINES}; i++) console.log('line ' + i)`).catch(() => {})
  while (kernel.printed() - before < expected) {
    if (performance.now() - started > LINES_MS) return Number.NaN
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return (performance.now() - started) / 1000
}

/** Memory of a long-running notebook kernel. */
export interface SoakMeasurement {
  readonly cells: number
  /** Resident bytes of all processes of the notebook kernel after the first tenth of the cells. */
  readonly bytesBefore: number
  readonly bytesAfter: number
  readonly seconds: number
}

/** Runs many cells that declare, change and show values, and compares the memory of all processes. */
export async function soak(program: KernelProgram, cells: number): Promise<SoakMeasurement> {
  const kernel = await startMeasured(program)
  const started = performance.now()
  try {
    let before = Number.NaN
    for (let i = 0; i < cells; i++) {
      await kernel.run(soakCell(i))
      if (i === Math.floor(cells / 10)) before = residentBytes(kernel.process.pid!)
    }
    const after = residentBytes(kernel.process.pid!)
    return { cells, bytesBefore: before, bytesAfter: after, seconds: (performance.now() - started) / 1000 }
  } finally {
    await kernel.close()
  }
}

/** Returns realistic cells: reused names, new names, output, a result. */
function soakCell(i: number): string {
  return [
    `let lr = ${i}e-6`,
    `const name${i % 100} = { lr, list: [${i}, 'a'] }`,
    `function train${i % 10}(steps: number) { return steps * lr }`,
    `console.log('cell', ${i}, train${i % 10}(3))`,
    `name${i % 100}`,
  ].join('\n')
}

/** Returns the resident memory of a process and all its descendants, on Linux. */
function residentBytes(pid: number): number {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It has ended in the meantime.
    }
  }
  const belongs = (one: number): boolean => {
    for (let at: number | undefined = one; at !== undefined && at > 1; at = parents.get(at)) if (at === pid) return true
    return false
  }
  const resident = (one: number): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0) * 1024
  return [...parents.keys()].filter(belongs).reduce((sum, one) => sum + resident(one), 0)
}
