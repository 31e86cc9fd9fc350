import assert from 'node:assert/strict'
import { test } from 'node:test'
import ts from 'typescript'
import { compileModule, ModuleSyntaxError } from '../../lib/kernel/compiler/transform/compile-cell.js'

/** What `System.register` is given. */
type Register = (
  dependencies: string[],
  make: (
    put: (name: string | Record<string, unknown>, value?: unknown) => unknown,
    context: { meta: object; import(specifier: string): Promise<unknown> },
  ) => { setters: ((module: object) => void)[]; execute(): void | Promise<void> },
) => void

/** Runs a module whose imports are given; its exports as they stand, which may still change. */
async function run(file: string, text: string, modules: Record<string, object> = {}): Promise<Record<string, unknown>> {
  const { code, specifiers } = compileModule(ts, file, text)
  const exported: Record<string, unknown> = {}
  const started: (void | Promise<void>)[] = []
  const register: Register = (dependencies, make) => {
    assert.deepEqual(dependencies, specifiers)
    const { setters, execute } = make(
      (name, value) => {
        if (typeof name === 'string') exported[name] = value
        else Object.assign(exported, name)
        return value
      },
      { meta: { url: `file://${file}` }, import: async (specifier) => modules[specifier] },
    )
    for (const [index, dependency] of dependencies.entries()) setters[index]!(modules[dependency] ?? {})
    started.push(execute())
  }
  new Function('System', code)({ register })
  await Promise.all(started)
  return exported
}

test('exports of every form are set, and follow what is assigned later', async () => {
  const exported = await run(
    '/p/a.ts',
    `export let count = 0; export function more() { count++ }; export const { a, b: [c] } = { a: 1, b: [2] }
     class Net {}; export { Net as Model }; export default function named() {}; export enum Mode { A = 3 }
     export * from './star.js'; export * as all from './all.js'; export { x as y } from './x.js'`,
    { './star.js': { one: 1, default: 2 }, './all.js': { two: 2 }, './x.js': { x: 4 } },
  )
  ;(exported.more as () => void)()
  const { more, Model, default: named, Mode, ...rest } = exported
  assert.deepEqual(rest, { count: 1, a: 1, c: 2, one: 1, all: { two: 2 }, y: 4 })
  assert.deepEqual([(Model as { name: string }).name, (named as { name: string }).name], ['Net', 'named'])
  assert.equal((Mode as { A: number }).A, 3)
})

test('imports are read where they are used, so that cycles and reloads are seen', async () => {
  const state = { value: 1 }
  const exported = await run('/p/a.mts', "import { value } from './b.js'; export const read = () => value", {
    './b.js': state,
  })
  state.value = 2
  assert.equal((exported.read as () => number)(), 2)
})

test('await at the top, import(), import.meta and using work', async () => {
  const exported = await run(
    '/p/a.ts',
    `export const log: string[] = []
     export const here = import.meta.url
     export const late = await import('./late.js')
     { using open = { [Symbol.dispose]() { log.push('closed') } } }`,
    { './late.js': { ok: true } },
  )
  assert.deepEqual(exported, { log: ['closed'], here: 'file:///p/a.ts', late: { ok: true } })
})

test('only imports that are called types are left out, as verbatimModuleSyntax says', () => {
  const { specifiers } = compileModule(
    ts,
    '/p/a.ts',
    `import type { A } from './types.js'; import { type B } from './kept.js'; import { C } from './unused.js'
     import './side.js'; import data from './d.json' with { type: 'json' }; export type { D } from './more-types.js'`,
  )
  assert.deepEqual(specifiers, ['./kept.js', './unused.js', './side.js', './d.json'])
})

test('JavaScript is taken as it is', async () => {
  for (const file of ['/p/a.js', '/p/a.mjs'])
    assert.deepEqual(await run(file, 'export const a = 1; export class B { #x = 1 }').then(Object.keys), ['a', 'B'])
})

test('a fault of syntax names its file, line and column', () => {
  assert.throws(() => compileModule(ts, '/p/a.ts', 'let a = 1\nlet b = +;'), {
    name: 'ModuleSyntaxError',
    file: '/p/a.ts',
    line: 2,
    column: 10,
    problem: 'Expression expected.',
    message: '/p/a.ts:2:10: Expression expected.',
  })
  assert.throws(() => compileModule(ts, '/p/a.js', 'let a: number = 1'), ModuleSyntaxError)
})

test('the source map leads to the module’s lines', () => {
  const { map } = compileModule(ts, '/p/a.ts', 'interface A {}\nexport const a = 1')
  assert.deepEqual(JSON.parse(map).sources, ['/p/a.ts'])
})
