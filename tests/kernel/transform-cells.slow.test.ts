import assert from 'node:assert/strict'
import { SourceMap } from 'node:module'
import { test } from 'node:test'
import { Repl, STOP } from './repl.js'

/** Runs cells one after the other in a kernel of their own; the value of the last one. */
async function lastOf(...cells: string[]): Promise<unknown> {
  const repl = new Repl()
  let value: unknown
  for (const cell of cells) value = await repl.value(cell)
  return value
}

test('the last expression is the result, also an awaited one, a string and a default export', async () => {
  assert.equal(await lastOf('const a1 = 2; a1 * 3'), 6)
  assert.equal(await lastOf("'use strict'"), 'use strict')
  assert.equal(await lastOf('await Promise.resolve(4)'), 4)
  assert.equal(await lastOf('export default 5'), 5)
  assert.equal(await lastOf('6; interface Shape {}; type Alias = Shape;'), 6)
  assert.equal(await lastOf('({ a: 7 }).a'), 7)
  assert.equal(await lastOf('8; const after = 1'), undefined)
  assert.equal(((await lastOf('export default function () {}')) as { name: string }).name, '')
})

test('nothing runs twice where TypeScript parses a statement anew, because `await` was no name in it', async () => {
  const pattern =
    'let { a1, b: { c1 = (await [...once(0)].length) }, ...d1 } = { a1: 1, b: {}, e: 4 } as object; told.push(d1)'
  const cell = `const told = []; function* once(x: number = 0) { yield x }\n${pattern}\n`
  assert.deepEqual(await lastOf(cell, '[told, a1, c1]'), [[{ e: 4 }], 1, 1])
})

test('closures, methods and shorthand properties see the new value of an earlier cell’s name', async () => {
  const value = await lastOf(
    'let rate = 1e-3; function train() { return rate } const arrow = () => rate; class Trainer { rate() { return rate } }',
    'rate = 1e-4; [train(), arrow(), new Trainer().rate(), { rate }.rate]',
  )
  assert.deepEqual(value, [1e-4, 1e-4, 1e-4, 1e-4])
  assert.equal(await lastOf('let rate2 = 1; const read = () => rate2', 'let rate2 = 2', 'read()'), 2)
})

test('a function sees what a later cell declares under its own name', async () => {
  assert.deepEqual(
    await lastOf(
      'function count(n: number): number { return n === 0 ? 0 : count(n - 1) }; const first = count',
      'function count(n: number): number { return 100 }',
      '[first(3), count.name, first.name]',
    ),
    [100, 'count', 'count'],
  )
})

test('one name can be a const, a class, a function, an enum, a namespace, an import and a var, one after the other', async () => {
  const repl = new Repl()
  const seen: unknown[] = []
  for (const cell of [
    'const thing = 1; typeof thing',
    'class thing {}; typeof thing',
    'function thing() {} typeof thing',
    'enum thing { A } typeof thing',
    "let thing = 'text'; typeof thing",
    'namespace thing { export const x = 1 } typeof thing',
    "import thing from 'node:path'; typeof thing.join",
    'var thing = 2; typeof thing',
    'async function* thing() {} typeof thing',
    'interface thing {} typeof thing',
  ])
    seen.push(await repl.value(cell))
  assert.deepEqual(seen, [
    'number',
    'function',
    'function',
    'object',
    'string',
    'object',
    'function',
    'number',
    'function',
    'function',
  ])
})

test('an enum and a namespace that are declared again hold nothing of the earlier ones', async () => {
  assert.deepEqual(await lastOf('enum Mode { Train }', 'enum Mode { Test = 3 }', 'Object.keys(Mode)'), ['3', 'Test'])
  assert.deepEqual(
    await lastOf(
      'namespace Spare { export const a = 1 }',
      'namespace Spare { export const b = 1 }',
      'Object.keys(Spare)',
    ),
    ['b'],
  )
})

test('a namespace merges with the class, function or enum of the same cell', async () => {
  assert.deepEqual(
    await lastOf(
      `class Net {} namespace Net { export const layers = 2 }
       function build() { return 1 } namespace build { export const depth = 3 }
       enum Kind { A } namespace Kind { export const all = 1 }`,
      '[Net.layers, build(), build.depth, Kind.A, Kind.all]',
    ),
    [2, 1, 3, 0, 1],
  )
})

test('what a cell declared before it failed stays, and the name that failed can be declared again', async () => {
  const repl = new Repl()
  const failed = await repl.run(
    "let kept = 1; await null; function also() { return kept }; let broken = fail('no'); let never = 2\nfunction fail(m: string): number { throw new Error(m) }",
  )
  assert.equal(String(failed.error), 'Error: no')
  assert.equal(await repl.value('kept + also()'), 2)
  assert.equal(await repl.value('let broken = 3; broken'), 3)
})

test('functions can be called above their declaration', async () => {
  assert.deepEqual(
    await lastOf(
      'const early = [plain(), (await later()), ...many()]; function plain() { return 1 }; async function later() { return 2 }; function* many() { yield 3 }',
      'early',
    ),
    [1, 2, 3],
  )
})

test('var in blocks, loops, switch and try belongs to the top of the cell', async () => {
  const value = await lastOf(
    `{ { var va = 1 } } for (var vb = 0, vc; vb < 3; vb++) { var { vd, ...ve } = { vd: vb, q: 4 } }
     for (var vf of [5, 6]) ; for (var vg in { key: 1 }) ;
     switch (1) { case 1: var vh = 7 } try { var [vi = 8] = [] as number[]; throw 1 } catch { var vj = 9 } finally { var vk = 10 }
     label: while (true) { var vl = 11; break label }
     if (false) var vm = 12; else var vn = 13; do var vo = 14; while (false)`,
    '[va, vb, vc, vd, ve, vf, vg, vh, vi, vj, vk, vl, vm, vn, vo]',
  )
  assert.deepEqual(value, [1, 3, undefined, 2, { q: 4 }, 6, 'key', 7, 8, 9, 10, 11, undefined, 13, 14])
})

test('names that a cell takes from Node keep theirs everywhere else', async () => {
  const timeout = globalThis.setTimeout
  const repl = new Repl()
  assert.equal(
    await repl.value("import { setTimeout } from 'node:timers/promises'; await setTimeout(1, 'slept')"),
    'slept',
  )
  assert.equal(globalThis.setTimeout, timeout)
  assert.equal(await new Promise((resolve) => timeout(() => resolve('library'), 1)), 'library')
  assert.equal(await repl.value("(await Promise.all([setTimeout(1, 'again')]))[0]"), 'again')
  assert.equal(await repl.value('globalThis.setTimeout === setTimeout'), false)
  assert.deepEqual(repl.compile('let process = 1; function URL() {}; const mine = 2').declares, [
    'process$',
    'URL$',
    'mine',
  ])
})

test('a renamed name is renamed in every form of use, and only where it means the cell’s', async () => {
  const value = await lastOf(
    `let fetch = 1, Event = [2]
     class URL { static first = URL.name; self() { return URL } }
     function performance() { return 3 }
     const process = () => 4
     enum File { A = 5 }
     namespace Storage { export const fetch = 6; export const read = () => fetch }`,
    `const { fetch: plain = 0 } = { fetch }
     ;({ fetch } = { fetch: 10 })
     fetch++
     const shadow = (fetch: number) => ({ fetch })
     const { Blob = 7, ...File2 } = {} as { Blob?: number }
     const local = (() => { const performance = 8; { let fetch = 9; return [performance, fetch, typeof process] } })()
     const labelled = (() => { fetch: for (;;) break fetch; return { fetch: 1, ['fetch2']: fetch } })()
     ;[plain, fetch, shadow(12), Blob, local, labelled, Event[0], File.A, Storage.read(), performance(), process(),
       [URL.name, URL.first, performance.name, process.name], new URL().self() === URL, typeof fetch, \`\${fetch}\`]`,
  )
  assert.deepEqual(value, [
    1,
    11,
    { fetch: 12 },
    7,
    [8, 9, 'function'],
    { fetch: 1, fetch2: 11 },
    2,
    5,
    6,
    3,
    4,
    ['URL', 'URL', 'performance', 'process'],
    true,
    'number',
    '11',
  ])
})

test('a global that no cell declares stays the global, also where an earlier cell only declares its type', async () => {
  assert.equal(
    await lastOf('interface URL { x: 1 } declare const fetch: number', 'new URL("a:b").href + typeof fetch'),
    'a:bfunction',
  )
})

test('exports are plain declarations, and re-exports only load', async () => {
  const repl = new Repl()
  const compiled = repl.compile(
    "export const ea = 1; export function eb() {} export class ec {} export { ea as ed }; export {}; export default class ee {}; export type { T } from './t.js'; export * from 'node:os'; export enum ef { A }",
  )
  assert.deepEqual([...compiled.declares].sort(), ['ea', 'eb', 'ec', 'ee', 'ef'])
  assert.match(compiled.code, /\$rl\.import\('node:os', \{\}\)/)
  assert.doesNotMatch(compiled.code, /export|t\.js/)
  assert.deepEqual(await repl.evaluate(compiled.code), {})
  assert.equal(await repl.value('ea + ee.name + typeof eb'), '1eefunction')
})

test('imports of every form set their names, and no name that is imported counts as declared', async () => {
  const repl = new Repl()
  const compiled = repl.compile(
    "const before = sep; import def, * as all from 'node:path'; import { sep, join as glue, default as again } from 'node:path'; import 'node:os'; import old = require('node:fs'); import { 'resolve' as quoted } from 'node:path'; const after = 1",
  )
  assert.deepEqual(compiled.declares, ['before', 'after'])
  assert.deepEqual(await repl.evaluate(compiled.code), {})
  assert.equal(
    await repl.value(
      "[before, sep, glue('a', 'b'), def === again, all.default === def, typeof old.readFileSync, typeof quoted].join()",
    ),
    '/,/,a/b,true,true,function,function',
  )
})

test('import() and import.meta are the runtime’s', async () => {
  assert.equal(
    await lastOf("const os = await import('node:os'); typeof os.cpus + import.meta.url"),
    'functionfile:///notebooks/a.ipynb',
  )
  assert.equal(await lastOf("import data from 'node:path' with { type: 'json' }; typeof data"), 'object')
})

test('using disposes at the end of its cell or block, and cells do not disturb each other’s', async () => {
  const value = await lastOf(
    'const closed: string[] = []; const open = (name: string) => ({ name, [Symbol.dispose]() { closed.push(name) }, async [Symbol.asyncDispose]() { closed.push("async " + name) } })',
    "using u1 = open('a'); { using u2 = open('b') } closed.push('in cell'); export class K1 {}; function fu() { return u1.name }",
    "await using u3 = open('c'); const e_1 = 1, env_1 = 2; using u4 = open('d'); closed.push(fu())",
    '[...closed, env_1, K1.name]',
  )
  assert.deepEqual(value, ['b', 'in cell', 'a', 'a', 'd', 'async c', 2, 'K1'])
})

test('decorators, private names, accessors, parameter properties and satisfies work', async () => {
  const value = await lastOf(
    'const log: string[] = []; function traced(value: any, context: any): any { log.push(context.kind + " " + context.name); return value }',
    `@traced class Layer { static #made = 0; @traced accessor width = 3; @traced size() { return this.width + this.#own } #own = 1; constructor(readonly x = 2) { Layer.#made++ } static made() { return Layer.#made } }
     @traced class Blob { static self = () => Blob }`,
    '[new Layer().size(), new Layer().x, Layer.made(), Layer.name, Blob.name, Blob.self() === Blob, ...log, ({ a: 1 } satisfies object).a]',
  )
  assert.deepEqual(value, [
    4,
    2,
    2,
    'Layer',
    'Blob',
    true,
    'accessor width',
    'method size',
    'class Layer',
    'class Blob',
    1,
  ])
})

test('no catch of a stopped cell catches the stop; finally blocks run', async () => {
  const repl = new Repl()
  await repl.run(`const trace: string[] = []; const pause = () => new Promise((resolve) => setImmediate(resolve))
    async function loop(): Promise<never> { while (true) { try { await pause(); if (trace.length === 0) trace.push('turn') } catch { trace.push('caught') } } }
    async function* stream() { while (true) yield await pause() }`)
  const stopSoon = (): void => {
    setTimeout(() => {
      repl.stopped = true
    }, 5)
  }
  for (const cell of [
    "try { await loop() } catch (error) { trace.push('caught') } finally { trace.push('finally') }",
    'for await (const turn of stream()) { try { await pause() } catch ({ stop }: any) { trace.push(stop) } }',
    'for await (const turn of { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: await pause(), done: false }) }) }) ;',
  ]) {
    stopSoon()
    assert.equal((await repl.run(cell)).error, STOP)
    repl.stopped = false
  }
  assert.deepEqual(await repl.value('trace'), ['turn', 'finally'])
})

test('the body of for await checks for a stop before each turn', async () => {
  const repl = new Repl()
  repl.stopped = true
  assert.equal((await repl.run('let turns = 0; for await (const x of [1, 2]) turns++')).error, STOP)
  repl.stopped = false
  assert.equal(await repl.value('turns'), 0)
})

test('errors that are not the stop are caught as ever, whatever the form of the catch', async () => {
  assert.deepEqual(
    await lastOf(
      `const caught: unknown[] = []
       try { throw { a: 1 } } catch ({ a, b = 2 }: any) { caught.push(a, b) }
       try { throw 3 } catch { caught.push('none') }
       try { throw 4 } catch (error) { var error2 = error; caught.push(error) }
       try { throw [5] } catch ([first]: any) { try { throw first } catch { caught.push(first) } }
       caught`,
    ),
    [1, 2, 'none', 4, 5],
  )
})

test('the source map leads from every throw and call to the line and column of the cell', async () => {
  const repl = new Repl()
  const source = `import { sep } from 'node:path'
interface Options { depth: number }
function outer(options: Options): number {
  return   inner(options.depth as number)
}
enum Level { Low }
class Model<T> { constructor(readonly value: T) { this.check() }
  check() { if (this.value === 3) throw new RangeError('three') } }
async function inner(depth: number) { await null; return depth > 1 ? new Model<number>(depth).value : missing.there }
declare const missing: any
await   outer({ depth: 3 })`
  const compiled = repl.compile(source)
  const { error } = await repl.evaluate(compiled.code)
  assert.ok(error instanceof RangeError)
  const map = new SourceMap(JSON.parse(compiled.map))
  const lines = source.split('\n')
  const places = [...error.stack!.matchAll(/recurlab-cell:\d+:(\d+):(\d+)/g)].map(([, line, column]) => {
    const { originalLine, originalColumn } = map.findEntry(Number(line) - 1, Number(column) - 1) as {
      originalLine: number
      originalColumn: number
    }
    return `${lines[originalLine]!.slice(originalColumn).split(/[( ]/)[0]} ${originalLine + 1}`
  })
  assert.deepEqual(places.slice(0, 3), ['new 8', 'check 7', 'new 9'])
  assert.match(compiled.code, /\/\/# sourceURL=recurlab-cell:\d+\n$/)
  assert.deepEqual(JSON.parse(compiled.map).sources, [/recurlab-cell:\d+/.exec(compiled.code)![0]])
})

test('an empty cell and one of types only run', async () => {
  assert.equal(await lastOf(''), undefined)
  assert.equal(await lastOf('type A = 1; interface B {} declare let c: A; // nothing'), undefined)
})
