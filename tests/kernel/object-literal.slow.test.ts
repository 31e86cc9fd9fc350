import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Folder, makeFolder, makeNotebook } from './compiler-folder.js'
import { Writer } from './language-cells.js'
import { Repl } from './repl.js'

let folder: Folder
before(() => {
  folder = makeFolder({})
})
after(() => folder.close())

const FIRST = 'const rate = 0.1, decay = 0.2; function step(x: number) { return x + 1 }'

test('a cell that is one object literal is the object', async () => {
  const repl = new Repl()
  await repl.run('const rate = 0.1, decay = 0.2; const more = { rate: 1, b: 2 }; const key = "k"')
  for (const [code, value] of [
    ['{ rate: 0.1 }', { rate: 0.1 }],
    ['{ rate }', { rate: 0.1 }],
    ['{ rate, decay }', { rate: 0.1, decay: 0.2 }],
    ['{ a: 1, b: 2 }', { a: 1, b: 2 }],
    ['{ a: 1, b: 2 };', { a: 1, b: 2 }],
    [' // before\n\n{ a: 1, // inside\n  b: 2, };; // behind', { a: 1, b: 2 }],
    ['/* é😀 */ { a: "x" + rate + `y`, b: /}/.test("}"), "c d": { e: [1, { rate }] } }', aliens()],
    ['{ ...more, rate }', { rate: 0.1, b: 2 }],
    ['{ [key + 1]: 1, 2: 3 }', { k1: 1, 2: 3 }],
    ['{ a: { rate } }', { a: { rate: 0.1 } }],
    ['{ a: await Promise.resolve(3), b: [1 as number] }', { a: 3, b: [1] }],
    ['{}', {}],
  ] as const)
    assert.deepEqual(await repl.value(code), value, code)
  const methods = (await repl.value(
    '{ twice(x: number) { return 2 * x }, get one() { return 1 }, async later() {} }',
  )) as {
    twice(x: number): number
    readonly one: number
  }
  assert.equal(methods.twice(methods.one), 2)
  const made = (await repl.value(
    `{ A: class { #own = 1; constructor(public x: number) { var v = 1; this.#own += v } get y() { return this.#own } } }`,
  )) as {
    A: new (x: number) => { x: number; y: number }
  }
  assert.deepEqual([new made.A(3).x, new made.A(3).y], [3, 2])
})

function aliens(): object {
  return { a: 'x0.1y', b: true, 'c d': { e: [1, { rate: 0.1 }] } }
}

test('blocks stay blocks, also where a literal could stand at the end of a cell', async () => {
  const repl = new Repl()
  await repl.run(FIRST)
  await repl.run('let log: unknown[]; log = []; const f = async () => { log.push("f"); return 4 }')
  for (const [code, logged] of [
    ['{ await f() }', ['f']],
    ['{ log.push(1) }', [1]],
    ['{ f() }', ['f']],
    ['{ f(); }', ['f']],
    ['{ const a = 1; log.push(a) }', [1]],
    ['{ let x; x = 3 }', []],
    ['{ log = [2] }', [2]],
    ['{ if (rate) log.push(1) }', [1]],
    ['{ "use strict" }', []],
    ['const b1 = 1\n{ b1 }', []],
    ['{ rate }\nlog.push(5)', [5]],
    ['{ a: for (;;) break a }', []],
    ['{ function g() {} }', []],
    ['{ class P { constructor(public x: number) {} }; log.push(new P(3).x) }', [3]],
    ['{ rate }\nclass Q { constructor(public x: number) {} }; log.push(new Q(4).x)', [4]],
  ] as const) {
    await repl.run('log = []')
    const outcome = await repl.run(code)
    assert.equal(outcome.error, undefined, code)
    assert.ok(!(outcome.result instanceof Object) || Array.isArray(outcome.result), code)
    assert.deepEqual(await repl.value('log'), logged, code)
  }
})

test('errors in a literal are told at their place, by type and by syntax', () => {
  const notebook = makeNotebook(folder.path)
  const complain = (code: string): readonly string[] => notebook.complaints(code)
  assert.deepEqual(complain(FIRST), [])
  assert.deepEqual(complain('{ rate, decay }'), [])
  assert.deepEqual(complain('{ step(rate) }'), [])
  assert.match(
    complain('{ rate, dekay }')[0] ?? '',
    /^line 1:9 - No value exists in scope.*'dekay'|^line 1:9 - .*dekay/,
  )
  assert.match(complain('// x\n{ a: 1,\n  b: rate.foo }')[0] ?? '', /^line 3:11 - Property 'foo' does not exist/)
  assert.match(complain('{ a: 1, b: }')[0] ?? '', /^line 1:12 - /)
  assert.match(complain('{ a: 1, a: 2 }')[0] ?? '', /^line 1:9 - An object literal cannot have multiple properties/)
  assert.match(complain('{ const a = ; }')[0] ?? '', /^line 1:13 - /)
})

test('completion, inspection and the question whether a literal is complete agree', () => {
  const writer = new Writer([FIRST])
  assert.equal(writer.complete('{ rate, dec▮ }').matches[0], 'decay')
  assert.deepEqual(writer.complete('{ a: 1, b: rate.toFix▮ }').matches, ['toFixed'])
  assert.deepEqual(writer.complete('{ a: 1, b: rate.toFix▮').matches, ['toFixed'])
  assert.match(writer.inspect('{ rate, dec▮ay }')?.text ?? '', /decay: (number|0\.2)/)
  for (const code of ['{ rate, decay }', '{ a: 1, b: 2 }', '{}', '{ f() {} };', '{ step(rate) }'])
    assert.deepEqual(writer.isComplete(code), { status: 'complete' }, code)
  for (const code of [
    '{ a: 1, b: 2',
    '{ a: 1,',
    '{ f() {',
    '{ a: 1, f(x) {',
    '{',
    '{ rate',
    '{ a: 1, b: [',
    '{ a: 1, b: 2, ...',
  ])
    assert.equal((writer.isComplete(code) as { status: string }).status, 'incomplete', code)
  assert.deepEqual(writer.isComplete('{ a: 1, b: 2 ] }'), { status: 'invalid' })
})
