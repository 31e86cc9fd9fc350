import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createCalls } from '../../lib/kernel/compiler/calls.js'
import { Cells } from '../../lib/kernel/compiler/cells.js'
import { type Folder, makeFolder, makeNotebook, type Notebook, root } from './compiler-folder.js'

const CHAIN = {
  'a.ts': "import { b } from './b.js'\nexport const a = () => b()\n",
  'b.ts': "import { c } from './c'\nexport function b() {\n  return c()\n}\n",
  'c.ts': 'export function c() {\n  return 1\n}\n',
}

describe('modules that a cell asks for', () => {
  let folder: Folder
  let notebook: Notebook
  before(() => {
    folder = makeFolder({
      ...CHAIN,
      'd.ts': "import { c } from './c.js'\nexport const d = c() + 1\n",
      'x/index.ts': 'export const x = 1\n',
      'data.json': '{ "a": [1, 2] }',
      'plain.mjs': "export { c } from './c.ts'\n",
      'old.cjs': 'module.exports = 1\n',
      'uses-json.ts': "import data from './data.json'\nexport const first = data.a[0]\n",
      'wrong.ts': 'export const a = 1\nexport const b = ;\n',
      'wrong.json': '{\n  "a": 1,\n  "b" 2\n}\n',
      'asks.ts': "export const a = 1\nexport { x } from './nowhere.js'\n",
      'typed.js': 'export const t = 1\n',
      'typed.d.ts': 'export const t: number\n',
    })
    notebook = makeNotebook(folder.path)
  })
  after(() => folder.close())

  const ask = (specifier: string, from = `${folder.path}/`) => notebook.calls.modules({ specifier, from })

  test('come with everything of the project that they import, and nothing is sent twice', () => {
    const reply = ask('./a')
    assert.equal(reply.failure, null)
    assert.equal(reply.file, folder.file('a.ts'))
    assert.deepEqual(Object.fromEntries(reply.modules.map(({ file, dependencies }) => [file, dependencies])), {
      [folder.file('a.ts')]: { './b.js': folder.file('b.ts') },
      [folder.file('b.ts')]: { './c': folder.file('c.ts') },
      [folder.file('c.ts')]: {},
    })
    for (const { code, map } of reply.modules) {
      assert.match(code, /^System\.register\(\[/)
      assert.equal(JSON.parse(map).version, 3)
    }
    assert.deepEqual(notebook.delivers('./a.js'), [])
    assert.deepEqual(notebook.delivers('./d'), ['d.ts'])
  })

  test('may be folders, JSON, JavaScript, JavaScript with declarations, and imported by a file', () => {
    assert.deepEqual(notebook.delivers('./x'), ['x/index.ts'])
    assert.deepEqual(notebook.delivers('./uses-json'), ['data.json', 'uses-json.ts'])
    assert.deepEqual(notebook.delivers('./plain.mjs'), ['plain.mjs'])
    assert.deepEqual(notebook.delivers('./typed.js'), ['typed.js'])
    const reply = ask('../data.json', folder.file('x/index.ts'))
    assert.deepEqual(reply, { failure: null, file: folder.file('data.json'), modules: [] })
  })

  test('that are not the project’s are left to Node', () => {
    for (const specifier of ['zod', 'zod/v4', 'node:fs', 'fs/promises', './old.cjs', 'no-such-package'])
      assert.deepEqual(ask(specifier), { failure: null, file: null, modules: [] }, specifier)
  })

  test('that are not there are called by the name that was meant', () => {
    const reply = ask('./dd')
    assert.equal(reply.failure?.ename, 'ModuleNotFound')
    assert.match(
      reply.failure.evalue,
      /^'\.\/dd' does not exist: .* contains none of dd, dd\.ts, dd\.js, dd\/index\.ts\./,
    )
    assert.match(ask('./uses-jsn.js').failure?.evalue ?? '', /Did you mean '\.\/uses-json\.js'\?$/)
    assert.match(ask('./xy/nothing.js').failure?.evalue ?? '', /there is no folder .*\/xy\./)
  })

  test('with an error of syntax fail with its line', () => {
    const { failure } = ask('./wrong')
    assert.equal(failure?.ename, 'SyntaxError')
    assert.match(failure.traceback[0] ?? '', /^SyntaxError: .*wrong\.ts:2:18 - Expression expected\.$/)
    assert.deepEqual(failure.traceback.slice(1), ['  export const b = ;', '                   ~'])
    assert.match(ask('./wrong.json').failure?.traceback.join('\n') ?? '', /wrong\.json:3:7 - .*\n {2} {2}"b" 2\n {8}~/)
  })

  test('that import a missing file fail with the line of the import', () => {
    const { failure } = ask('./asks')
    assert.equal(failure?.ename, 'ModuleNotFound')
    assert.match(failure.evalue, /asks\.ts:2:19 - '\.\/nowhere\.js' does not exist/)
    assert.equal(failure.traceback[1], "  export { x } from './nowhere.js'")
  })
})

describe('an edited module', () => {
  let folder: Folder
  let notebook: Notebook
  before(() => {
    folder = makeFolder({
      ...CHAIN,
      'types.ts': 'export interface T {\n  n: number\n}\n',
      'uses-types.ts': "import type { T } from './types.js'\nexport const make = (): T => ({ n: 1 })\n",
      'data.json': '{ "a": 1 }',
    })
    notebook = makeNotebook(folder.path)
    assert.deepEqual(notebook.complaints("import { a } from './a'; let r: number = a()"), [])
    assert.deepEqual(notebook.complaints("import { make } from './uses-types'; make().n.toFixed()"), [])
    assert.deepEqual(notebook.complaints("import data from './data.json'; data.a.toFixed()"), [])
    for (const name of ['./a', './uses-types', './data.json']) notebook.delivers(name)
  })
  after(() => folder.close())

  test('is reloaded once, and cells see its new types through a chain of imports', () => {
    folder.write('c.ts', "export function c() {\n  return 'text'\n}\n")
    const reply = notebook.calls.cell({ id: 90, code: 'r = a()', typeErrors: 'error' })
    assert.deepEqual(
      reply.reload.map(({ file }) => file),
      [folder.file('c.ts')],
    )
    assert.match(reply.reload[0]?.code ?? '', /'text'|"text"/)
    assert.match(reply.failure?.evalue ?? '', /Type 'string' is not assignable to type 'number'/)
    assert.deepEqual(notebook.reloads('a().toUpperCase()'), [])
    assert.deepEqual(notebook.complaints('a().toUpperCase()'), [])
  })

  test('brings what it newly imports along', () => {
    folder.write('e.ts', 'export const e = 5\n')
    folder.write('c.ts', "import { e } from './e'\nexport function c() {\n  return String(e)\n}\n")
    assert.deepEqual(notebook.reloads(), ['c.ts', 'e.ts'])
    folder.write('e.ts', 'export const e = 6\n')
    assert.deepEqual(notebook.reloads(), ['e.ts'])
  })

  test('with a type error is rejected, and reported once for each version', () => {
    folder.write('b.ts', "import { c } from './c'\nexport function b(): number {\n  return c()\n}\n")
    const reply = notebook.calls.cell({ id: 91, code: 'a().toUpperCase()', typeErrors: 'error' })
    assert.equal(reply.failure, null)
    assert.deepEqual(reply.reload, [])
    assert.equal(reply.warnings.length, 1)
    assert.match(
      reply.warnings[0] ?? '',
      /b\.ts is rejected; the previous code stays in use\.\n.*b\.ts:3:3 - Type 'string' is not assignable to type 'number'\. \(TS2322\)\n {4}return c\(\)\n {4}~~~~~~/,
    )
    assert.deepEqual(notebook.complaints('a().toUpperCase()'), [])
    folder.write('b.ts', "import { c } from './c'\nexport function b(): boolean {\n  return c()\n}\n")
    assert.equal(notebook.complaints('a().toUpperCase()').length, 1)
    folder.write('b.ts', 'export function b() {\n  return 2\n}\n')
    assert.deepEqual(notebook.reloads('a().toFixed()'), ['b.ts'])
    assert.deepEqual(notebook.complaints('a().toFixed()'), [])
  })

  test('that breaks a file that imports it is rejected', () => {
    folder.write('b.ts', 'export function other() {\n  return 2\n}\n')
    const [warning = ''] = notebook.calls.cell({ id: 92, code: '1', typeErrors: 'error' }).warnings
    assert.match(warning, /^The edit of .*b\.ts is rejected/)
    assert.match(warning, /a\.ts:1:10 - .*has no exported member 'b'/)
    folder.write('b.ts', 'export function b() {\n  return 3\n}\n')
    assert.deepEqual(notebook.reloads(), ['b.ts'])
  })

  test('is applied although another one is broken', () => {
    folder.write('b.ts', 'export function b() {\n  return }\n}\n')
    folder.write('e.ts', 'export const e = 7\n')
    const reply = notebook.calls.cell({ id: 93, code: '1', typeErrors: 'error' })
    assert.deepEqual(
      reply.reload.map(({ file }) => file),
      [folder.file('e.ts')],
    )
    assert.match(reply.warnings.join('\n'), /b\.ts:3:1 - Declaration or statement expected\. \(TS1128\)/)
    folder.write('e.ts', 'export const e = 7.5\n')
    assert.deepEqual(notebook.complaints('1'), [], 'of the one that is still broken nothing new is to be said')
    folder.write('e.ts', 'export const e = 7\n')
    assert.deepEqual(notebook.reloads(), ['e.ts'])
    folder.write('b.ts', 'export function b() {\n  return 3\n}\n')
    assert.deepEqual(notebook.reloads(), [])
  })

  test('with a type error is applied when type errors are warnings', () => {
    folder.write('e.ts', "export const e: number = 'x'\n")
    const reply = notebook.calls.cell({ id: 94, code: '1', typeErrors: 'warning' })
    assert.deepEqual(
      reply.reload.map(({ file }) => file),
      [folder.file('e.ts')],
    )
    assert.match(reply.warnings.join('\n'), /e\.ts:1:14 - Type 'string' is not assignable/)
    folder.write('e.ts', 'export const e = 7\n')
    assert.deepEqual(notebook.reloads(), ['e.ts'])
  })

  test('that only declares types changes what cells see, and nothing is reloaded', () => {
    folder.write('types.ts', 'export interface T {\n  n: number\n  m?: string\n}\n')
    assert.deepEqual(notebook.reloads('make().m?.length'), [])
    assert.deepEqual(notebook.complaints('make().m?.length'), [])
  })

  test('may be JSON', () => {
    folder.write('data.json', '{ "b": "x" }')
    assert.deepEqual(notebook.reloads('data.b.length'), ['data.json'])
    assert.match(notebook.complaints('data.a').join(), /Property 'a' does not exist/)
    folder.write('data.json', '{ "b": ')
    assert.match(notebook.complaints('data.b.length').join(), /data\.json is rejected/)
    folder.write('data.json', '{ "b": "y" }')
    assert.deepEqual(notebook.reloads('data.b.length'), ['data.json'])
  })

  test('that is removed stays in use until it is there again', () => {
    assert.deepEqual(notebook.complaints("import { e } from './e'; e.toFixed()"), [])
    folder.remove('e.ts')
    assert.match(notebook.complaints('e.toFixed()').join(), /^[^,]*e\.ts is gone; its previous code stays in use\.$/)
    assert.deepEqual(notebook.complaints('e.toFixed()'), [])
    folder.write('e.ts', "export const e = 'again'\n")
    assert.deepEqual(notebook.reloads('e'), ['e.ts'])
    assert.deepEqual(notebook.complaints('e.toUpperCase()'), [])
  })

  test('that nothing uses may be removed', () => {
    folder.write('h.ts', 'export const h = 1\n')
    folder.write('types.ts', "import { h } from './h'\nexport interface T {\n  n: typeof h\n}\n")
    assert.deepEqual(notebook.complaints('1'), [])
    folder.write('types.ts', 'export interface T {\n  n: number\n}\n')
    folder.remove('h.ts')
    assert.deepEqual(notebook.complaints('1'), [])
  })

  test('is found under its new kind of file', () => {
    folder.write('f.js', 'export const f = 1\n')
    folder.write('g.ts', "import { f } from './f.js'\nexport const g = f\n")
    assert.deepEqual(notebook.complaints("import { g } from './g'; g.toFixed()"), [])
    assert.deepEqual(notebook.delivers('./g'), ['f.js', 'g.ts'])
    folder.write('f.ts', "export const f = 'typed'\n")
    folder.remove('f.js')
    assert.deepEqual(notebook.reloads('g'), ['f.ts', 'g.ts'])
    assert.deepEqual(notebook.complaints('g.toUpperCase()'), [])
  })
})

test('what is read ahead of a lib that nobody has imported is neither watched nor outdated', () => {
  const project = makeFolder({
    'lib/index.ts': "export * from './x'\n",
    'lib/x.ts': 'export const x = 1\n',
    'lib/bad.ts': 'export const = 1\n',
    'notebooks/README.md': '',
  })
  try {
    const calls = createCalls(root, new Cells(root, project.file('notebooks')), 'test')
    const ask = (code: string) => calls.cell({ id: 1, code, typeErrors: 'error' })
    while (calls.readAhead());
    project.write('lib/x.ts', "export const x: number = 'wrong'\n")
    assert.deepEqual(ask('1').warnings, [])
    project.write('lib/x.ts', "export const x = 'new'\nexport * from './bad'\n")
    assert.equal(ask("import { x } from '../lib'\nx.toUpperCase()").failure, null)
    const reply = calls.modules({ specifier: '../lib', from: `${project.file('notebooks')}/` })
    assert.match(reply.failure?.traceback.join('\n') ?? '', /bad\.ts:1:14/)
    project.write('lib/x.ts', 'export const x = 2\n')
    assert.match(ask('x.toFixed()').failure?.evalue ?? 'ok', /^ok$/)
  } finally {
    project.close()
  }
})

test('nothing is read ahead where a notebook has no lib beside its folder', () => {
  const folder = makeFolder({ 'a/b/README.md': '' })
  try {
    assert.equal(createCalls(root, new Cells(root, folder.file('a/b')), 'test').readAhead(), false)
  } finally {
    folder.close()
  }
})
