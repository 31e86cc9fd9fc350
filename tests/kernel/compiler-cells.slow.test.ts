import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Folder, makeFolder, makeNotebook, type Notebook } from './compiler-folder.js'

let folder: Folder
let notebook: Notebook
before(() => {
  folder = makeFolder({
    'tool.ts': 'export class Tool {\n  size = 1\n}\nexport default 5\n',
    'tool-kit/index.ts': "export * from '../tool.js'\n",
    'plain.js': 'export const plain = 1\n',
    'data.json': '{ "rows": [{ "a": 1 }] }',
  })
  notebook = makeNotebook(folder.path)
})
after(() => folder.close())

/** Each cell is right, given those before it. */
function right(...cells: string[]): void {
  for (const cell of cells) assert.deepEqual(notebook.complaints(cell), [], cell)
}

/** The cell has one complaint, like this. */
function wrong(cell: string, complaint: RegExp): void {
  const found = notebook.complaints(cell)
  assert.equal(found.length, 1, `${cell}: ${found.join('; ')}`)
  assert.match(found[0] ?? '', complaint)
}

describe('names of earlier cells', () => {
  test('keep their types', () => {
    right('let lr = 1e-3; function train() { return lr }', 'lr = 2; train().toFixed()')
    wrong("lr = 'a'", /^line 1:1 - Type 'string' is not assignable to type 'number'\. \(TS2322\)$/)
    wrong('train().foo', /^line 1:9 - Property 'foo' does not exist on type 'number'\. \(TS2339\)$/)
  })

  test('can be declared again as anything', () => {
    right('const n = 1', "const n = 'text'", 'n.toUpperCase()', 'function n() { return 1 }', 'n().toFixed()')
    right(
      'class n { x = 1 }',
      'new n().x',
      'enum n { A }',
      'n.A',
      "import n from './tool'",
      'n.toFixed()',
      'let n: n2; type n2 = 3',
    )
    wrong('n.x', /Property 'x' does not exist/)
  })

  test('keep a type beside a value of the same name', () => {
    right('type Both = { a: number }', 'const Both = 3', 'const both: Both = { a: Both }')
    right(
      'interface Both { b: string }',
      "const other: Both = { b: 'x' }; Both.toFixed()",
      'class Both { c = 1 }',
      'const c: Both = new Both()',
    )
    wrong("const bad: Both = { b: 'x' }", /'b' does not exist in type 'Both'/)
  })

  test('of an earlier class are told from those of a new one', () => {
    right('class Net { private a = 1 }; const net = new Net()')
    wrong(
      'class Net { private a = 1 }; const again: Net = net',
      /'Net' is not assignable to type 'Net'\. Two different types with this name exist.*separate declarations of a private property 'a'/,
    )
  })

  test('are not declared by a cell with an error', () => {
    wrong('const unborn = 1; const x: string = unborn', /TS2322/)
    wrong('unborn', /^line 1:1 - Cannot find name 'unborn'\. \(TS2304\)$/)
  })

  test('may be exported, imported and types of modules', () => {
    right('export const ex = 3; export interface Ex { a: number }; export default 5', 'const e: Ex = { a: ex }')
    right("import { Tool } from './tool.js'", 'let tool: Tool = new Tool()', "export { Tool as Renamed } from './tool'")
    right("let lazy: typeof import('./tool') | null = null", "lazy = await import('./tool')")
    wrong("(await import('./tool')).nothing", /Property 'nothing' does not exist/)
  })

  test('may be declared without a type or a value', () => {
    right('let best', 'best = 3', 'best', 'let count: number', 'count + 1')
    wrong('{ let inner: number; inner + 1 }', /used before being assigned/)
  })

  test('hold for all when they are declared so', () => {
    right('declare global { interface Array<T> { second(): T } }; [1].second()', '[1].second().toFixed()')
    wrong('declare global { interface Array<T> { third(): T } }; [1].fourth()', /fourth/)
    wrong('[1].third()', /Property 'third' does not exist/)
  })

  test('stay known after many cells', () => {
    right('const kept = { deep: { value: 1 } }')
    for (let i = 0; i < 320; i++) notebook.calls.cell({ id: i, code: `let passing = ${i}`, typeErrors: 'error' })
    right('kept.deep.value.toFixed()', 'passing.toFixed()', 'new Tool().size')
  })
})

describe('cells', () => {
  test('may use what is new in the language, and what Node has', () => {
    right(
      'using file = { [Symbol.dispose]() {} }',
      'await using stream = { async [Symbol.asyncDispose]() {} }',
      'for await (const x of (async function* () { yield 1 })()) console.log(x.toFixed())',
      'const checked = { a: 1 } satisfies Record<string, number>',
      'function logged(value: unknown, context: ClassMethodDecoratorContext) {}; class Logged { @logged run() {} }',
      'namespace Space { export const a = 1 }; Space.a',
      'import.meta.url.length; import.meta.dirname.length',
      "require('fs'); setTimeout(() => {}, 1); performance.now(); new AbortController().signal.aborted",
      "import fs = require('node:fs'); fs.existsSync('a')",
      'await new Promise<void>((resolve) => setTimeout(resolve, 1))',
    )
  })

  test('import modules with and without an ending, folders, JSON, JavaScript and packages', () => {
    right(
      "import { Tool as T1 } from './tool'; import { Tool as T2 } from './tool.js'; import { Tool as T3 } from './tool.ts'; const t: T1 = new T2(); const u: T3 = t",
      "import { Tool as T4 } from './tool-kit'; new T4().size",
      "import { plain } from './plain.js'; plain.toFixed()",
      "import data from './data.json'; data.rows[0]?.a.toFixed()",
      "import { z } from 'zod/v4'; z.string().parse('a').length",
      "import { readFile } from 'node:fs/promises'; (await readFile('a', 'utf8')).length",
    )
    wrong("import data2 from './data.json'; data2.row", /Property 'row' does not exist on type '\{ rows: /)
  })

  test('hear the name of the module that was meant', () => {
    wrong("import x from './tol'", /^line 1:15 - Cannot find module '\.\/tol' .* Did you mean '\.\/tool'\? \(TS2307\)$/)
    wrong("import './plian.js'", /Did you mean '\.\/plain\.js'\?/)
    wrong("import x from './tol-kit/index.js'", /Did you mean '\.\/tool-kit\/index\.js'\?/)
    wrong("import x from 'zodd'", /Did you mean 'zod'\?/)
    folder.write('later.ts', 'export const later = 1\n')
    right("import { later } from './later'; later.toFixed()")
  })

  test('may ask TypeScript not to look', () => {
    right(
      "// @ts-nocheck\nlet q: number = 'a'",
      "// @ts-ignore\nlet r: number = 'a'",
      "// @ts-expect-error\nlet s: number = 'a'",
    )
    wrong('// @ts-expect-error\n1', /^line 1:1 - Unused '@ts-expect-error' directive\. \(TS2578\)$/)
  })
})

describe('errors of a cell', () => {
  const failureOf = (code: string) => notebook.calls.cell({ id: 1, code, typeErrors: 'error' }).failure

  test('show the line and what in it is wrong', () => {
    assert.deepEqual(failureOf('const a = 1\n\tconst b: string = a'), {
      ename: 'TypeScriptError',
      evalue: "line 2:8 - Type 'number' is not assignable to type 'string'. (TS2322)",
      traceback: [
        'TypeScriptError: the cell was not run',
        "line 2:8 - Type 'number' is not assignable to type 'string'. (TS2322)\n  \tconst b: string = a\n  \t      ~",
      ],
    })
  })

  test('point at the key of a configuration, and leave out headlines that say less', () => {
    right('function sweep(grid: { hidden?: number; net?: { kind: "mlp" | "attention" } }) {}')
    wrong('sweep({ hiden: 3 })', /^line 1:9 - .*'hiden' does not exist in type .* Did you mean to write 'hidden'\?/)
    wrong(
      "sweep({ net: { kind: 'mlpp' } })",
      /^line 1:16 - Type '"mlpp"' is not assignable to type '"mlp" \| "attention"'/,
    )
    wrong(
      'const grid = { net: { kind: 3 } }; sweep(grid)',
      /^line 1:42 - The types of 'net\.kind' are incompatible .* Type 'number' is not/,
    )
  })

  test('of syntax hide those of types', () => {
    wrong("let wrong: number = 'a'; let b = ;", /^line 1:34 - Expression expected\. \(TS1109\)$/)
  })

  test('of syntax are those of the cell alone, where TypeScript parses a statement anew', () => {
    const code = 'let { p, b: { q = (await [...[0]].length) }, ...r } = { p: 1, b: {}, e: 4 } as object; show(r'
    wrong(`${code} +)`, /^line 1:96 - Expression expected\. \(TS1109\)$/)
    wrong(code, /^line 1:94 - '\)' expected\. \(TS1005\)$/)
  })

  test('are ten at most, and each is short', () => {
    const { traceback = [] } = failureOf(Array.from({ length: 13 }, (_, i) => `missing${i}()`).join('\n')) ?? {}
    assert.equal(traceback.length, 12)
    assert.equal(traceback.at(-1), '… and 3 more')
    const keys = Array.from({ length: 90 }, (_, i) => `a_long_key_${i}: { kind: 'one' | 'two', of: string[] }`)
    const [, long = ''] =
      failureOf(`const big = {} as { ${keys.join('; ')} }; const n: string[] = big`)?.traceback ?? []
    assert.ok(
      long.split('\n').every((line) => line.length < 500),
      long,
    )
  })

  test('are warnings where that is wished, and not looked for where they are off', () => {
    const warned = notebook.calls.cell({ id: 1, code: "let w: number = 'a'", typeErrors: 'warning' })
    assert.equal(warned.failure, null)
    assert.match(warned.warnings.join('\n'), /^line 1:5 - Type 'string' is not .*\n {2}let w: number = 'a'\n {6}~$/)
    assert.deepEqual(notebook.complaints("w = 'b'; let off: number = 'a'", 'off'), [])
    assert.equal(notebook.complaints('let off: = 1', 'off').length, 1)
  })
})

describe('code that is only looked at', () => {
  test('declares nothing, and knows imports that no cell had', () => {
    right('const seen = 1')
    assert.match(JSON.stringify(notebook.calls.complete({ code: 'const unseen = 2; see', cursor: 21 })), /"seen"/)
    wrong('unseen', /Cannot find name 'unseen'/)
    const { matches } = notebook.calls.complete({ code: "import { stringify } from 'yaml'; stringify.len", cursor: 47 })
    assert.deepEqual(matches, ['length'])
  })
})
