import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

import { CompileFailure } from '../../lib/kernel/cells/loader/index.js'
import { bindings, project } from './loader-project.js'

test('A cell gets named exports, the default and the namespace of a module of the project', async (t) => {
  const { cell } = project(t, {
    'lib/x.ts': 'export const a: number = 1\nexport default class Net {}\nexport enum E { A }',
  })
  const x = await cell('../lib/x', 'a', 'default', '*')
  assert.equal(x.a, 1)
  assert.equal((x.default as { name: string }).name, 'Net')
  const namespace = x['*'] as Record<string, unknown>
  assert.deepEqual(Object.keys(namespace), ['E', 'a', 'default'])
  assert.equal(namespace.a, 1)
})

test('A namespace looks like one: its own sorted names, no prototype, a tag, and nobody else can write to it', async (t) => {
  const { cell } = project(t, {
    'lib/x.ts': 'export const b = 1, a = 2, B = 3\nexport let later: number\nexport function set() { later = 4 }',
  })
  const namespace = (await cell('../lib/x.js', '*'))['*'] as Record<string, unknown>
  assert.deepEqual(Reflect.ownKeys(namespace), ['B', 'a', 'b', 'later', 'set', Symbol.toStringTag])
  assert.equal(Object.getPrototypeOf(namespace), null)
  assert.equal(Object.prototype.toString.call(namespace), '[object Module]')
  assert.throws(() => Object.assign(namespace, { a: 5 }), TypeError)
  assert.throws(() => Object.assign(namespace, { c: 5 }), TypeError)
  assert.deepEqual([namespace.a, namespace.later], [2, undefined])
  ;(namespace.set as () => void)()
  assert.equal(namespace.later, 4)
})

test('What a cell has imported follows the module, also through modules that pass it on', async (t) => {
  const { cell } = project(t, {
    'lib/counter.ts': 'export let count = 0\nexport function up() { count++ }\nexport { count as also }',
    'lib/named.ts': "export { count as named } from './counter'",
    'lib/index.ts': "export * from './counter'\nexport * from './named'\nexport * as counter from './counter'",
  })
  const direct = await cell('../lib/counter', 'count', 'also')
  const passed = await cell('../lib', 'count', 'named', 'counter', 'up')
  assert.deepEqual([direct.count, direct.also, passed.count, passed.named], [0, 0, 0, 0])
  ;(passed.up as () => void)()
  assert.deepEqual([direct.count, direct.also, passed.count, passed.named], [1, 1, 1, 1])
  assert.equal((passed.counter as { count: number }).count, 1)
})

test('Modules that import each other in a circle see functions at once and everything else once it has run', async (t) => {
  const { cell } = project(t, {
    'lib/even.ts':
      "import { isOdd, ODD } from './odd'\nexport function isEven(n: number): boolean { return n === 0 || isOdd(n - 1) }\nexport const EVEN = 'even'\nexport const both = () => EVEN + ODD",
    'lib/odd.ts':
      "import { isEven } from './even'\nexport function isOdd(n: number): boolean { return n !== 0 && isEven(n - 1) }\nexport const ODD = 'odd' + isEven(2)",
  })
  const { isEven, both } = (await cell('../lib/even', 'isEven', 'both')) as Record<string, (n?: number) => unknown>
  assert.equal(isEven?.(7), false)
  assert.equal(both?.(), 'evenoddtrue')
})

test('Names come through "export *" in a circle, and the names of a module itself have precedence', async (t) => {
  const { cell } = project(t, {
    'lib/a.ts': "export * from './b'\nexport const a = 'a', same = 'of a'\nexport default 1",
    'lib/b.ts': "export * from './c'\nexport const b = 'b'",
    'lib/c.ts': "export * from './a'\nexport const c = 'c', same = 'of c'\nexport default 2",
  })
  const a = (await cell('../lib/a', '*'))['*'] as Record<string, unknown>
  const b = (await cell('../lib/b', '*'))['*'] as Record<string, unknown>
  assert.deepEqual({ ...a }, { a: 'a', b: 'b', c: 'c', default: 1, same: 'of a' })
  assert.deepEqual({ ...b }, { a: 'a', b: 'b', c: 'c', same: 'of c' })
})

test('Names of Object.prototype are names like others', async (t) => {
  const { cell } = project(t, {
    'lib/x.ts': 'const a = { x: 1 }\nexport { a as __proto__, a as constructor, a as toString, a as "two words" }',
    'lib/y.ts':
      "import { __proto__ as p, constructor as c } from './x'\nexport { constructor } from './x'\nexport default [p, c]",
  })
  const x = (await cell('../lib/x', '*'))['*'] as Record<string, unknown>
  assert.deepEqual(Object.keys(x), ['__proto__', 'constructor', 'toString', 'two words'])
  const { __proto__: _, ...y } = await cell('../lib/y', 'constructor', 'default')
  assert.deepEqual(y, { constructor: { x: 1 }, default: [{ x: 1 }, { x: 1 }] })
  await assert.rejects(cell('../lib/y', 'toString'), SyntaxError)
})

test('However its path is written, a module runs once', async (t) => {
  const { loader, root } = project(t, {
    'lib/errors.ts': 'export const made = {}',
    'lib/index.ts': "export { made } from './errors.js'",
  })
  const file = path.join(root, 'lib/errors.ts')
  const all = await Promise.all([
    loader.load('../lib/errors'),
    loader.load('../lib/errors.js'),
    loader.load(file),
    loader.load(file.replace(/\.ts$/, '')),
    loader.load(pathToFileURL(file).href),
    loader.load('./errors', path.join(root, 'lib/other.ts')),
    loader.load('./lib/errors', `${root}/`),
    loader.loadLib('lib/errors.ts'),
  ])
  assert.equal(new Set(all).size, 1)
  const index = (await loader.load('../lib')) as { made: unknown }
  assert.equal(index.made, (all[0] as { made: unknown }).made)
})

test('The compiler is asked once for a module, also by imports at the same time', async (t) => {
  const { loader, requests, root, told } = project(t, {
    'lib/a.ts': "import './b'\nexport const a = 1",
    'lib/b.ts': 'export const b = 1',
  })
  await Promise.all([loader.load('../lib/a'), loader.load('../lib/a'), loader.load('./lib/a', `${root}/`)])
  await loader.load('../lib/a')
  await loader.load(path.join(root, 'lib/b.ts'))
  assert.deepEqual(requests, ['lib/a'])
  assert.deepEqual(told.sort(), ['lib/a.ts', 'lib/b.ts'])
})

test('A module knows where it is and can import by a path that is not written out', async (t) => {
  const { cell, root } = project(t, {
    'lib/x.ts':
      "export const { url, filename, dirname } = import.meta\nexport const y = import.meta.resolve('./y.js'), fs = import.meta.resolve('fs')\nexport const load = (name: string) => import('./' + name)",
    'lib/y.ts': 'export const y = 1',
  })
  const x = await cell('../lib/x', 'url', 'filename', 'dirname', 'y', 'fs', 'load')
  const file = path.join(root, 'lib/x.ts')
  assert.deepEqual([x.url, x.filename, x.dirname], [pathToFileURL(file).href, file, path.dirname(file)])
  assert.deepEqual([x.y, x.fs], [pathToFileURL(path.join(root, 'lib/y.js')).href, 'node:fs'])
  const loaded = await (x.load as (name: string) => Promise<unknown>)('y')
  assert.equal(loaded, (await cell('../lib/y', '*'))['*'])
})

test('A thrown error names the file itself', async (t) => {
  const { cell, root } = project(t, { 'lib/x.ts': 'export function fail() {\n  throw new Error("here")\n}' })
  const { fail } = await cell('../lib/x', 'fail')
  assert.throws(fail as () => void, (error: Error) => error.stack?.includes(`${root}/lib/x.ts:`) === true)
})

test('A module with a top-level await holds up those that import it and nobody else', async (t) => {
  const { cell } = project(t, {
    'lib/log.ts': 'export const log: string[] = []',
    'lib/slow.ts':
      "import { log } from './log'\nlog.push('slow begins')\nawait null\nlog.push('slow ends')\nexport const slow = 1",
    'lib/user.ts': "import { slow } from './slow'\nimport { log } from './log'\nlog.push('user has ' + slow)",
    'lib/fast.ts': "import { log } from './log'\nlog.push('fast')",
    'lib/main.ts': "import './user'\nimport './fast'\nimport { log } from './log'\nlog.push('main')\nexport { log }",
  })
  const { log } = await cell('../lib/main', 'log')
  assert.deepEqual(log, ['slow begins', 'fast', 'slow ends', 'user has 1', 'main'])
})

test('A top-level await in a circle comes to its end', async (t) => {
  const { cell } = project(t, {
    'lib/a.ts': "import { b } from './b'\nexport const a = b() + 1",
    'lib/b.ts': "import { a } from './a'\nawait null\nexport const b = () => 1\nexport const ofA = () => a",
  })
  const [a, b] = await Promise.all([cell('../lib/a', 'a'), cell('../lib/b', 'ofA')])
  assert.deepEqual([a.a, (b.ofA as () => unknown)()], [2, 2])
})

test('A module that throws fails all that import it, and runs anew when it is imported again', async (t) => {
  for (const before of ['', 'await null\n']) {
    const { loader, edit } = project(t, {
      'lib/bad.ts': `${before}throw new RangeError('no')`,
      'lib/good.ts': 'export const good = {}',
      'lib/main.ts': "import { good } from './good'\nimport './bad'\nexport { good }",
    })
    await assert.rejects(loader.load('../lib/main'), { name: 'RangeError', message: 'no' })
    await assert.rejects(loader.load('../lib/main'), { name: 'RangeError', message: 'no' })
    const { good } = (await loader.load('../lib/good')) as { good: object }
    assert.deepEqual(await edit({ 'lib/bad.ts': `${before}export {}` }), {
      reloaded: [],
      edited: [],
      refused: [],
      notes: [],
    })
    assert.equal(((await loader.load('../lib/main')) as { good: object }).good, good)
  }
})

test('A module of a circle whose other half has thrown runs anew too', async (t) => {
  const { loader, edit } = project(t, {
    'lib/a.ts': "import { b } from './b'\nthrow new Error('no ' + b)",
    'lib/b.ts': "import * as a from './a'\nexport const b = 1, all = () => Object.keys(a)",
  })
  await assert.rejects(loader.load('../lib/a'), { message: 'no 1' })
  await edit({ 'lib/a.ts': "import { b } from './b'\nexport const a = b" })
  const { all } = (await loader.load('../lib/b')) as { all: () => string[] }
  assert.deepEqual(all(), ['a'])
})

test("The compiler's refusal is what the import fails with, and is not remembered", async (t) => {
  const { loader, write } = project(t, {})
  await assert.rejects(loader.load('../lib/x'), (error) => {
    assert.ok(error instanceof CompileFailure)
    assert.deepEqual(error.failure, { ename: 'TypeScriptError', evalue: error.message, traceback: [] })
    return true
  })
  write({ 'lib/x.ts': 'export const x = 1' })
  assert.deepEqual({ ...(await loader.load('../lib/x')) }, { x: 1 })
})

test('A name that a module does not export is named with those that it has, and no name is bound', async (t) => {
  const { cell, loader } = project(t, { 'lib/x.ts': 'export const train = 1, evaluate = 2' })
  await assert.rejects(cell('../lib/x', 'trian'), {
    name: 'SyntaxError',
    message:
      "The module '../lib/x' does not provide an export named 'trian'. Did you mean 'train'? It exports: evaluate, train.",
  })
  const values = {}
  await assert.rejects(loader.import('../lib/x', bindings(values, ['train', 'default'])), SyntaxError)
  assert.deepEqual(values, {})
  await assert.rejects(cell('node:os', 'cups'), /Did you mean 'cpus'\? It exports: .* and \d+ more\./)
})

test('JSON has a default export', async (t) => {
  const { cell } = project(t, {
    'data.json': '\uFEFF{"a": [1, {"__proto__": 2}]}',
    'lib/x.ts': "import data from '../data.json' with { type: 'json' }\nexport { data }",
    'broken.json': '{"a": }',
  })
  const { default: data, '*': namespace } = await cell('../data.json', 'default', '*')
  assert.equal(JSON.stringify(data), '{"a":[1,{"__proto__":2}]}')
  assert.deepEqual(Object.keys(namespace as object), ['default'])
  assert.equal((await cell('../lib/x', 'data')).data, data)
  await assert.rejects(cell('../broken.json', 'default'), { name: 'SyntaxError', message: /broken\.json: / })
})

test('A name that a later cell declares or imports no longer follows the earlier import', async (t) => {
  const { loader } = project(t, {
    'lib/x.ts': 'export let n = 0\nexport const up = () => ++n',
    'lib/y.ts': 'export const n = "of y"',
  })
  const { up } = (await loader.load('../lib/x')) as { up: () => number }
  const values: Record<string, unknown> = {}
  const set = (value: unknown) => void Object.assign(values, { n: value })
  await loader.import('../lib/x', { n: ['n', set], m: ['n', (value) => void Object.assign(values, { m: value })] })
  up()
  assert.deepEqual(values, { n: 1, m: 1 })
  await loader.import('../lib/y', { n: ['n', set] })
  up()
  assert.deepEqual(values, { n: 'of y', m: 2 })
  loader.release(['m', 'toString'])
  up()
  assert.deepEqual(values, { n: 'of y', m: 2 })
})

test('After a forced stop a module that was waiting for ever can be imported anew', async (t) => {
  const { loader, told } = project(t, {
    'lib/tries.mjs': 'export const tries = []',
    'lib/step.ts':
      "import { tries } from './tries.mjs'\ntries.push(1)\nif (tries.length === 1) await new Promise(() => undefined)",
    'lib/x.ts': "import './step'\nexport { tries } from './tries.mjs'",
  })
  const stuck = loader.load('../lib/x')
  let settled = false
  stuck.then(
    () => (settled = true),
    () => (settled = true),
  )
  while (!told.includes('lib/x.ts')) await setImmediate()
  loader.abandon()
  assert.deepEqual({ ...(await loader.load('../lib/x')) }, { tries: [1, 1] })
  assert.equal(settled, false)
})

test('An answer of the compiler that comes after a forced stop is not lost', async (t) => {
  const { loader, hold, requests } = project(t, { 'lib/a.ts': "export * from './b'", 'lib/b.ts': 'export const b = 1' })
  const answer = hold()
  const first = loader.load('../lib/a')
  loader.abandon()
  await assert.rejects(first, /its cell was stopped/)
  answer()
  assert.deepEqual({ ...(await loader.load('../lib/a')) }, { b: 1 })
  assert.ok(requests.length <= 2)
})

test('The kernel gets a module of lib for itself, or null', async (t) => {
  const { loader } = project(t, { 'lib/x.ts': 'export const x = 1', 'lib/bad.ts': 'throw new Error()' })
  assert.deepEqual({ ...(await loader.loadLib('lib/x.ts')) }, { x: 1 })
  assert.equal(await loader.loadLib('lib/bad.ts'), null)
  assert.equal(await loader.loadLib('lib/none.ts'), null)
})
