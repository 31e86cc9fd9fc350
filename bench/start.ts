import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../lib/errors.js'
import { temporaryFolder } from '../lib/files/temporary.js'

/** The times of one command, in seconds from its start; one number per round. */
export interface StartMeasurement {
  readonly what: string
  readonly seconds: readonly number[]
}

/** A timed command, and the output lines that end a measurement; without any, its end. */
interface Timed {
  readonly args: (folder: string) => readonly string[]
  readonly marks: readonly { readonly what: string; readonly line?: RegExp; readonly from?: RegExp }[]
}

const TINY = { hidden: 16, heads: 2, batch: 8, T: 1, n: 1, K: 2, trainPuzzles: 20, testPuzzles: 8, trainSteps: 5 }

/**
 * Times commands in fresh processes, alternating so that all see the same load: the help, the list of runs, a training of
 * five tiny steps, and a notebook that imports lib and makes the same steps, with its first line, its import and its first
 * step.
 *
 * @param program the file of the command `recurlab`
 * @param lib the specifier that the notebook imports
 * @throws UserError if a command fails
 */
export async function benchStart(program: string, lib: string, rounds: number): Promise<StartMeasurement[]> {
  const folder = temporaryFolder('start')
  const found = new Map<string, number[]>()
  try {
    const notebook = writeNotebook(folder, lib)
    const timed: readonly Timed[] = [
      { args: () => ['--help'], marks: [{ what: 'recurlab --help' }] },
      { args: () => ['runs', `out=${folder}`], marks: [{ what: 'recurlab runs' }] },
      {
        args: () => ['train', 'sudoku-pocket', ...keys(), `out=${folder}`],
        marks: [{ what: 'train, five tiny steps' }],
      },
      {
        args: () => ['run', notebook, '--out', path.join(folder, 'out.ipynb')],
        marks: [
          { what: 'run: first line', line: /./ },
          { what: 'run: first cell', line: /^── cell 1 / },
          { what: 'run: import of lib (in its cell)', line: /^imported$/, from: /^── cell 1 / },
          { what: 'run: first training step', line: /^step 1$/ },
          { what: 'run: end' },
        ],
      },
    ]
    for (let round = 0; round < rounds; round++)
      for (const { args, marks } of timed) {
        const { lines, end } = await lineTimes(program, args(folder))
        const at = (line: RegExp): number => lines.find(({ text }) => line.test(text))?.seconds ?? Number.NaN
        for (const { what, line, from } of marks) {
          const seconds = (line ? at(line) : end) - (from ? at(from) : 0)
          found.set(what, [...(found.get(what) ?? []), seconds])
        }
      }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return [...found].map(([what, seconds]) => ({ what, seconds }))
}

function keys(): string[] {
  return Object.entries(TINY).map(([key, value]) => `${key}=${value}`)
}

function writeNotebook(folder: string, lib: string): string {
  const { trainPuzzles, testPuzzles, ...config } = TINY
  const cells = [
    `import { preset, sudoku, train } from ${JSON.stringify(lib)}\nconsole.log('imported')`,
    [
      `const data = await sudoku({ train: ${trainPuzzles}, test: ${testPuzzles} })`,
      `const config = { ...preset('sudoku-pocket'), ...${JSON.stringify(config)} }`,
      `const observer = { onStep: ({ step }: { step: number }) => console.log('step ' + step) }`,
      `await train(config, data, { resultsDir: ${JSON.stringify(folder)}, observer })`,
    ].join('\n'),
  ]
  const file = path.join(folder, 'start.ipynb')
  mkdirSync(folder, { recursive: true })
  const kernelspec = { name: 'recurlab', display_name: 'TypeScript (Recurlab)', language: 'typescript' }
  const code = (source: string, i: number) => ({
    cell_type: 'code',
    id: `cell-${i}`,
    metadata: {},
    source,
    outputs: [],
    execution_count: null,
  })
  writeFileSync(
    file,
    JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: { kernelspec }, cells: cells.map(code) }),
  )
  return file
}

interface Lines {
  readonly lines: readonly { readonly text: string; readonly seconds: number }[]
  /** Seconds until the process ended. */
  readonly end: number
}

function lineTimes(program: string, args: readonly string[]): Promise<Lines> {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const now = (): number => (performance.now() - started) / 1000
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    const lines: { text: string; seconds: number }[] = []
    let rest = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const seconds = now()
      const parts = (rest + chunk).split('\n')
      rest = parts.pop() ?? ''
      for (const text of parts) lines.push({ text, seconds })
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors = (errors + chunk).slice(-2000)
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) return resolve({ lines, end: now() })
      const found = errors.trim().split('\n').at(-1) || `exit code ${code}`
      reject(new UserError({ where: `recurlab ${args[0]}`, expected: 'a command that succeeds', found }))
    })
  })
}
