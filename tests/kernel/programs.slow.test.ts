import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { inspect } from 'node:util'
import ts from 'typescript'
import { dropLeftovers } from '../../lib/kernel/compiler/parse-cell.js'
import fc from '../fast-check.js'
import { type Program, writeProgram } from './programs.js'
import { Repl } from './repl.js'

/** More calls than this end a program, as cells and as a module at the same one. */
const MOST_CALLS = 2_000

/** Node's own import(). */
const importModule: (specifier: string) => Promise<unknown> = createRequire(import.meta.url)('./import-module.cjs')

let programs = 0
let modules = 0

test('1,000 random programs, split into cells anywhere, behave as the whole program run as one module', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(10_000), { minLength: 10, maxLength: 90, size: 'max' }), async (choices) => {
      const program = writeProgram(choices, ++programs)
      const asModule = await observed(() => runModule(program))
      const asCells = await observed(() => runCells(program))
      assert.deepEqual(asCells, asModule, shown(program))
    }),
    { numRuns: 1_000, includeErrorInReport: true },
  )
})

/** All that the program told, and the error that ended it. */
async function observed(run: () => Promise<void>): Promise<string[]> {
  const log: string[] = []
  let calls = 0
  // A cell's variable with the name of a global is called fetch$ inside, which shows in the text of a function only.
  const told = (value: unknown): string =>
    (value instanceof Error ? String(value) : inspect(value, { depth: 4 })).replace(/(\w)\$/g, '$1')
  Object.assign(globalThis, {
    observe: (value: unknown) => log.push(told(value)),
    tick: () => {
      if (++calls > MOST_CALLS) throw new Error('too many calls')
    },
  })
  await run().catch((error: unknown) => {
    if (error instanceof assert.AssertionError) throw error
    log.push(`ended by ${told(error)}`)
  })
  return log
}

async function runModule(program: Program): Promise<void> {
  const text = program.statements.map((statement) => statement.text).join('\n')
  const { outputText, diagnostics } = ts.transpileModule(text, {
    fileName: 'program.mts',
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    transformers: { before: [dropLeftovers(ts)] },
  })
  assert.deepEqual(
    diagnostics?.map((each) => each.messageText),
    [],
    text,
  )
  // A text of its own: Node runs a module of the same text once.
  await importModule(`data:text/javascript,${encodeURIComponent(`${outputText}\n// ${++modules}`)}`)
}

async function runCells(program: Program): Promise<void> {
  const repl = new Repl()
  for (const cell of cellsOf(program)) await repl.value(cell)
}

function cellsOf(program: Program): string[] {
  const cells: string[][] = []
  for (const { text, begins } of program.statements) {
    if (begins || cells.length === 0) cells.push([])
    cells.at(-1)!.push(text)
  }
  return cells.map((cell) => cell.join('\n'))
}

function shown(program: Program): string {
  return cellsOf(program).join('\n// ---- next cell ----\n')
}
