import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { unescapeXml } from '../lib/escape/xml.js'

/** An odd machine, simulated on this one. `{}` in a value stands for an empty folder of the trial. */
export interface Machine {
  readonly name: string
  /** Changes of the environment; undefined unsets a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** A program with its arguments that makes the machine and runs what follows in it. */
  readonly within?: readonly string[]
  /** Prepares the trial's folder. */
  readonly prepare?: (folder: string) => void
  /** Programs that the simulation needs; without them the case counts as tried on no machine. */
  readonly needs?: 'root'
  /** The one sentence in which the machine is refused; default: everything works. */
  readonly refused?: RegExp
  /** Program that draws the figures; default: either. */
  readonly drawnBy?: RegExp
  /** Backend that trains; default: the best that is set up. */
  readonly backend?: string
}

/** The outcome of a program. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, at most some minutes. */
export function run(
  command: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv; readonly seconds?: number },
): Promise<Ended> {
  const [program = '', ...args] = command
  const { NODE_TEST_CONTEXT: _, ...env } = { ...process.env, ...options.env }
  const child = spawn(program, args, { cwd: options.cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const limit = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), (options.seconds ?? 300) * 1000)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(limit)
      resolve({ code, stdout, stderr })
    })
  })
}

/** The work of an odd machine: a notebook that generates data, trains, prints a table, draws two files and has a report. */
export interface Probe {
  readonly ended: Ended
  /** Files of the probe that are there and not empty. */
  readonly files: readonly string[]
  readonly backend: string | null
  readonly drawnBy: string | null
}

const PRODUCTS = ['probe.ipynb', 'probe.html', 'figure.svg', 'figure.pdf']

/**
 * Runs the probe in a checkout.
 *
 * @param root the checkout
 * @param folder where the notebook, its runs and figures go; a folder of the trial
 */
export async function probe(
  root: string,
  folder: string,
  { env = {}, within = [], node = process.execPath }: Pick<Machine, 'env' | 'within'> & { readonly node?: string } = {},
): Promise<Probe> {
  const notebooks = path.join(folder, 'notebook')
  mkdirSync(notebooks, { recursive: true })
  const out = path.join(folder, 'out')
  mkdirSync(out, { recursive: true })
  const source = path.join(notebooks, 'probe.ipynb')
  writeFileSync(source, JSON.stringify(notebook(path.join(root, 'lib', 'index.js'), out)))
  const cli = path.join(root, 'lib', 'cli', 'recurlab.mjs')
  const ended = await run([...within, node, cli, 'run', source, '--out', path.join(out, 'probe.ipynb'), '--report'], {
    cwd: root,
    env,
  })
  const files = PRODUCTS.filter((name) => (statSync(path.join(out, name), { throwIfNoEntry: false })?.size ?? 0) > 0)
  return {
    ended,
    files,
    backend: backendOf(path.join(out, 'results')),
    drawnBy: drawerOf(path.join(out, 'figure.svg')),
  }
}

function notebook(lib: string, out: string): object {
  const cells = [
    `import { saveFigure, show, sudoku, sweep } from ${JSON.stringify(lib)}
const data = await sudoku({ box: [2, 2], clues: 8, train: 20, test: 8, seed: 0 })`,
    `const base = { hidden: 16, heads: 2, layers: 1, T: 1, n: 1, K: 2, batch: 8, lr: 2e-3, trainSteps: 3 }
const runs = await sweep(base, { seed: [0] }, data, { resultsDir: ${JSON.stringify(path.join(out, 'results'))} })
show(runs.table())`,
    ...['svg', 'pdf'].map(
      (format) => `await saveFigure(runs.curves('test.cells'), ${JSON.stringify(path.join(out, `figure.${format}`))})`,
    ),
  ]
  const kernelspec = { name: 'recurlab', display_name: 'TypeScript (Recurlab)', language: 'typescript' }
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec },
    cells: cells.map((code, i) => ({
      cell_type: 'code',
      id: `cell-${i}`,
      metadata: {},
      source: code,
      outputs: [],
      execution_count: null,
    })),
  }
}

function backendOf(results: string): string | null {
  const runs = path.join(results, 'runs')
  const [run] = existsSync(runs) ? readdirSync(runs) : []
  if (run === undefined) return null
  const record = JSON.parse(readFileSync(path.join(runs, run, 'provenance.json'), 'utf8')) as {
    readonly backend: { readonly name: string }
  }
  return record.backend.name
}

function drawerOf(figure: string): string | null {
  if (!existsSync(figure)) return null
  return /"drawnBy":"([^"]*)"/.exec(unescapeXml(readFileSync(figure, 'utf8')))?.[1] ?? null
}

/** Returns the lines of a stack trace in what a program printed. */
export function stackLines(text: string): readonly string[] {
  return text.split('\n').filter((line) => /^\s+at .*(:\d+:\d+|\(native|<anonymous>)/.test(line))
}
