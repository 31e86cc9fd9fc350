import { existsSync } from 'node:fs'
import { type Args, type Command, wrongUse } from '../../lib/cli/command.js'
import { countOf, oneOf, onlyKeys } from '../../lib/cli/keys.js'
import { projectFolder } from '../../lib/files/places.js'
import { formatTable } from '../../lib/results/text.js'
import type { CompilerMeasurement } from '../kernel/compilers.js'
import { KERNELS, kernelProgram } from '../kernel/kernels.js'
import { type KernelMeasurement, measureKernels, type SoakMeasurement, soak } from '../kernel/measure.js'

/** `recurlab bench kernel`. */
export const command: Command = {
  help: [
    `NAME is one or more of ${KERNELS.join(', ')}; without one, all that are installed. The notebook kernels are started alternately, so that all see the same load: seconds from the start to the first result and of the first import of lib, milliseconds of a trivial cell before and after importing tfjs, Arrow and arquero (median and 95th percentile), seconds of 100,000 printed lines; then how many times as long as Recurlab each took.`,
    {
      title: 'Options',
      rows: [
        ['starts=N', 'Starts of each notebook kernel. Default: 5.'],
        ['cells=N', 'Trivial cells before and after the imports of each start. Default: 40.'],
        ['deno=FILE', 'The program deno; npm install --prefix DIR deno installs one. Default: the first on the PATH.'],
        [
          'soak=N',
          'Instead: runs N cells in one Recurlab kernel, and measures the memory of its processes after a tenth and at the end.',
        ],
        [
          'compilers=N',
          "Instead: checks and completes N cells by Recurlab's compiler and by TypeScript's published language service: milliseconds of the 1st, 10th, 50th and 100th cell (the 1st imports lib, tfjs and arquero), and the memory that the cells leave.",
        ],
        ['--json', 'Prints the table as JSON.'],
      ],
    },
  ],
  example: 'bench kernel recurlab starts=2',
  flags: { json: false },
  run: bench,
}

async function bench({ words, pairs, flags }: Args): Promise<number> {
  const keys = onlyKeys(pairs, ['starts', 'cells', 'deno', 'soak', 'compilers'])
  if (keys.deno !== undefined && !existsSync(keys.deno)) throw wrongUse('deno=FILE, an existing file', keys.deno)
  const names = words.length > 0 ? words.map((word) => oneOf('', word, KERNELS)) : KERNELS
  const print = (rows: object[], table: Record<string, unknown>[]): void => {
    process.stdout.write(flags.has('json') ? `${JSON.stringify(rows)}\n` : `${formatTable(table)}\n`)
  }
  if (keys.soak !== undefined) {
    const cells = countOf('soak', keys.soak, 10_000)
    const measured = await soak(kernelProgram('recurlab', projectFolder)!, cells)
    print([measured], [readableSoak(measured)])
    return 0
  }
  if (keys.compilers !== undefined) {
    // TypeScript is loaded only here.
    const { measureCompilers } = await import('../kernel/compilers.js')
    const measured = measureCompilers(projectFolder, countOf('compilers', keys.compilers, 100))
    print(measured, measured.map(readableCompiler))
    return 0
  }
  const kernels = names.flatMap((name) => {
    const program = kernelProgram(name, projectFolder, keys.deno)
    if (program) return [{ name, program }]
    if (words.length > 0) throw wrongUse(`an installed notebook kernel`, name, 'Name its program with deno=FILE.')
    return []
  })
  const rows = await measureKernels(kernels, {
    starts: countOf('starts', keys.starts, 5),
    cells: countOf('cells', keys.cells, 40),
  })
  print(rows, readable(rows))
  if (!flags.has('json'))
    for (const { kernel, notes } of rows) for (const note of notes) console.log(`${kernel}: ${note}`)
  return 0
}

function readable(rows: readonly KernelMeasurement[]): Record<string, unknown>[] {
  const base = rows.find(({ kernel }) => kernel === 'recurlab')
  const ratio = (of: (row: KernelMeasurement) => number, row: KernelMeasurement): string =>
    base && base !== row ? `${(of(row) / of(base)).toFixed(1)}×` : ''
  const first = (row: KernelMeasurement): number => quantile(row.firstResultSeconds, 0.5)
  const trivial = (row: KernelMeasurement): number => quantile(row.trivialMs, 0.5)
  const after = (row: KernelMeasurement): number => quantile(row.trivialAfterImportsMs, 0.5)
  return rows.map((row) => ({
    kernel: row.kernel,
    'first result (s)': round(first(row)),
    '×': ratio(first, row),
    'import lib (s)': row.libSeconds.length > 0 ? round(quantile(row.libSeconds, 0.5)) : '',
    'trivial cell (ms)': round(trivial(row)),
    '95 % (ms)': round(quantile(row.trivialMs, 0.95)),
    '× ': ratio(trivial, row),
    'after imports (ms)': round(after(row)),
    '95 % (ms) ': round(quantile(row.trivialAfterImportsMs, 0.95)),
    '×  ': ratio(after, row),
    '100,000 lines (s)': Number.isNaN(row.linesSeconds) ? 'lines lost' : round(row.linesSeconds),
  }))
}

function readableSoak({ cells, bytesBefore, bytesAfter, seconds }: SoakMeasurement): Record<string, unknown> {
  return {
    cells,
    seconds: Math.round(seconds),
    'after a tenth (MB)': Math.round(bytesBefore / 1e6),
    'at the end (MB)': Math.round(bytesAfter / 1e6),
    'growth (MB)': Math.round((bytesAfter - bytesBefore) / 1e6),
  }
}

/** Cells that are shown, from 1. */
const SHOWN_CELLS = [1, 10, 50, 100]

function readableCompiler({ compiler, cellMs, completionMs, heapBytes }: CompilerMeasurement): Record<string, unknown> {
  const shown = SHOWN_CELLS.filter((cell) => cell <= cellMs.length)
  /** The first cell differs from the others; for later ones, the median of five cells around the named one. */
  const at = (times: readonly number[], cell: number): number =>
    cell === 1 ? times[0]! : quantile(times.slice(Math.max(1, cell - 3), cell + 2), 0.5)
  return {
    compiler,
    ...Object.fromEntries(shown.map((cell) => [`cell ${cell} (ms)`, round(at(cellMs, cell))])),
    ...Object.fromEntries(shown.map((cell) => [`completion ${cell} (ms)`, round(at(completionMs, cell))])),
    'heap (MB)': Math.round(heapBytes / 1e6),
  }
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
