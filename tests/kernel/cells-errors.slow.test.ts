import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import ts from 'typescript'
import type { CellRun } from '../../lib/kernel/protocol.js'
import { type Driver, startDriver } from './cells-driver.js'

let driver: Driver
before(async () => {
  driver = await startDriver()
})
after(() => driver.close())

/** A cell in TypeScript, with its source map. */
function typescript(source: string): [code: string, more: Partial<CellRun>] {
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.None,
      sourceMap: true,
      removeComments: true,
    },
  })
  return [outputText.replace(/\/\/# sourceMappingURL.*/, ''), { source, map: sourceMapText ?? '' }]
}

test('an error names the lines that the user wrote, quotes the first and hides the kernel', async () => {
  const source = `// a comment
interface Shape { side: number }
function area(shape: Shape): number {
  if (shape.side < 0) throw new RangeError('negative side')
  return shape.side ** 2
}
area({ side: -1 })`
  const { failure, id } = await driver.run(...typescript(source))
  assert.equal(failure?.ename, 'RangeError')
  assert.equal(failure?.evalue, 'negative side')
  assert.deepEqual(failure?.traceback, [
    'RangeError: negative side',
    "  4 |   if (shape.side < 0) throw new RangeError('negative side')",
    '    |                             ^',
    `    at area (cell [${id}]:4:29)`,
    `    at cell [${id}]:7:1`,
  ])
})

test('a function of an earlier cell throws with the lines of its own cell', async () => {
  const first = await driver.run(...typescript(`type T = string\n\nvar fails = (): T => { throw new Error('x') }`))
  const { failure } = await driver.run('fails()')
  assert.match(
    failure?.traceback.join('\n') ?? '',
    new RegExp(`at fails \\(cell \\[${first.id}\\]:3:30\\)\n.*cell \\[${first.id + 1}\\]:1:1`),
  )
})

test('causes, the errors of an AggregateError and own properties are shown', async () => {
  const { failure } = await driver.run(`const inner = Object.assign(new TypeError('inner'), { code: 'E_X' })
    throw new AggregateError([new Error('one'), 'two'], 'outer', { cause: new Error('middle', { cause: inner }) })`)
  const text = failure?.traceback.join('\n') ?? ''
  assert.match(
    text,
    /^AggregateError: outer\n[\s\S]*Error 1 of 2: Error: one\n[\s\S]*Error 2 of 2: 'two'\nCaused by: Error: middle\n[\s\S]*Caused by: TypeError: inner\n[\s\S]*\{ code: 'E_X' \}$/,
  )
})

test('an error that is its own cause, one with a throwing getter and one with a long message are shown', async () => {
  const own = await driver.run(`const e = new Error('own'); e.cause = e; throw e`)
  assert.equal(own.failure?.traceback.filter((line) => line.includes('own')).length, 2)
  const getter = await driver.run(`throw Object.defineProperty(new Error('x'), 'message', { get() { throw 1 } })`)
  assert.equal(getter.failure?.ename, 'Thrown')
  const long = await driver.run(`throw new Error('x'.repeat(1_000_000))`)
  assert.ok((long.failure?.traceback.join('').length ?? 0) < 20_000)
})

test('what is no error is shown as it is', async () => {
  for (const [thrown, shown] of [
    ['null', 'null'],
    ['undefined', 'undefined'],
    ["'text'", "'text'"],
    ['-0', '-0'],
    ['NaN', 'NaN'],
    ['12n', '12n'],
    ['{ a: 1 }', '{ a: 1 }'],
    ["Symbol('s')", 'Symbol(s)'],
  ]) {
    const { failure } = await driver.run(`throw (${thrown})`)
    assert.deepEqual(failure, { ename: 'Thrown', evalue: shown, traceback: [`Thrown: ${shown}`] })
  }
})

test("a user's mistake is its message alone", async () => {
  const { failure } = await driver.run(`throw Object.assign(new Error('expected 1, found 2.'), { name: 'UserError' })`)
  assert.deepEqual(failure?.traceback, ['UserError: expected 1, found 2.'])
  const special = `{ class UserError extends Error {}; class Interrupted extends UserError { name = 'Interrupted' }
    throw new Interrupted('at step 3') }`
  assert.deepEqual((await driver.run(special)).failure?.traceback, ['Interrupted: at step 3'])
})

test('names of classes, code made by eval and mistakes in code that is made later are shown', async () => {
  const named = await driver.run(`class BadShape extends Error {}; throw new BadShape('x')`)
  assert.equal(named.failure?.ename, 'BadShape')
  const { failure } = await driver.run(`eval('let x = ;')`)
  assert.equal(failure?.ename, 'SyntaxError')
  const { stdout, id } = await driver.run(`try { null.x } catch (e) { console.log(e.stack) }`)
  assert.match(stdout, new RegExp(`^TypeError: Cannot read .*\n {4}at cell \\[${id}\\]:1:12\n$`))
})

test('a promise that nothing awaits and a throw in a timer are shown under their cell, and later cells run', async () => {
  const { id, failure } = await driver.run(
    `Promise.reject(new Error('nobody')); setTimeout(() => { throw new Error('late') }, 30)`,
  )
  assert.equal(failure, null)
  const next = await driver.run(`await new Promise((r) => setTimeout(r, 100)); console.log('next')`)
  assert.equal(next.failure, null)
  assert.equal(next.stdout, 'next\n')
  assert.equal(next.stderr, '')
  const shown = driver.printed(id, 'stderr')
  assert.match(shown, /Rejected promise that nothing awaits: Error: nobody\n[\s\S]*\^\n {4}at cell/)
  assert.match(shown, /Thrown in a timer or callback: Error: late\n/)
})

test('modules of the project are named by their place in the project', async () => {
  const file = `${process.cwd()}/lib/none.ts`
  const code = `System.register([], function (exports, context) { 'use strict'
    exports('fails', function fails() { throw new Error('in lib') })
    return { setters: [], execute: function () {} } })`
  const own = await startDriver({
    modules: () => ({ failure: null, file, modules: [{ file, code, map: '', dependencies: {} }] }),
  })
  try {
    const { failure } = await own.run(
      `let fails; await $rl.import('../lib/none', { fails: ['fails', (x) => fails = x] }); fails()`,
    )
    assert.match(failure?.traceback.join('\n') ?? '', /at fails \(lib\/none\.ts:2:47\)\n {4}at cell \[1\]:1:/)
  } finally {
    await own.close()
  }
})

test('warnings come before what the cell prints', async () => {
  const { stderr, published } = await driver.run(`console.log('x')`, { warnings: ['careful'] })
  assert.equal(stderr, 'careful\n')
  assert.deepEqual(
    published.map(({ content }) => content.text),
    ['careful\n', 'x\n'],
  )
})

/** From Node 24 on V8 itself reads the name and the message of what a cell throws, where nothing can stop it (environment.md). */
const readsItself = Number(process.versions.node.split('.')[0]) >= 24

/** Errors of which something does not return when it is asked for. */
const ENDLESS = [
  ...[...(readsItself ? [] : ['message', 'name']), 'stack', 'cause', 'constructor', 'own'].map(
    (key) =>
      `throw Object.defineProperty(new Error('x'), '${key}', { configurable: true, enumerable: true, get() { while (true); } })`,
  ),
  `throw Object.defineProperty(new AggregateError([], 'x'), 'errors', { get() { while (true); } })`,
  `throw Object.assign(new Error('x'), { message: { [require('util').inspect.custom]() { while (true); } } })`,
  `throw new (class X extends Error { get name() { while (true); } })('x')`,
  `throw new Proxy(new Error('x'), { get() { while (true); }, getPrototypeOf() { while (true); } })`,
  `throw { [require('util').inspect.custom]() { while (true); } }`,
  `throw new (class X extends Error { static get name() { while (true); } })('x')`,
  `await null; throw Object.defineProperty(new Error('x'), '${readsItself ? 'cause' : 'message'}', { get() { for (;;) console.log('in it'); } })`,
]

test('a stop ends telling an error as it ends a cell, and state is kept', async () => {
  await driver.run('let keep = 1')
  for (const code of ENDLESS) {
    const cell = driver.start(code)
    await new Promise((resolve) => setTimeout(resolve, 200))
    driver.stop(cell.id)
    assert.equal((await cell.ended).failure?.ename, 'Interrupted', code)
  }
  assert.equal((await driver.run('$rl.result(keep + 1)')).result, '2')
})

test('telling an error takes a bounded time without a stop, and then says what is known of it', async () => {
  const { failure } = await driver.run(
    `throw Object.defineProperty(new RangeError('too far'), 'cause', { get() { for (;;) console.log('in it'); } })`,
  )
  assert.equal(failure?.ename, 'RangeError')
  assert.equal(failure?.evalue, 'too far')
  assert.match(failure?.traceback[1] ?? '', /did not return within two seconds/)
  const { id } = await driver.run(
    `Promise.reject(Object.defineProperty(new Error('x'), 'message', { get() { while (true); } }))`,
  )
  await driver.until(() => (/two seconds/.test(driver.printed(id, 'stderr')) ? true : undefined))
  assert.equal((await driver.run('$rl.result(1)')).result, '1')
})

test('an error with getters of its own is the same after it was told', async () => {
  await driver.run(
    `let mine; mine = Object.defineProperty(new Error('x'), 'message', { configurable: true, get: () => 'computed' })`,
  )
  const { failure } = await driver.run(`throw mine`)
  assert.equal(failure?.evalue, 'computed')
  const kept = `[mine.message, Object.getOwnPropertyDescriptor(mine, 'message').get !== undefined]`
  assert.equal((await driver.run(`$rl.result(${kept})`)).result, "[ 'computed', true ]")
  const own = await driver.run(
    `class Told extends Error { get message() { return 'of the class' } }; mine = new Told(); throw mine`,
  )
  assert.equal(own.failure?.evalue, 'of the class')
  assert.equal((await driver.run(`$rl.result(Object.hasOwn(mine, 'message'))`)).result, 'false')
})

test("an error's stack is written without calling getters of the error, and still has Node's own messages", async () => {
  const { stdout } =
    await driver.run(`const e = Object.defineProperty(new Error(''), 'message', { get: () => 'computed' })
    console.log(e.stack.split('\\n')[0]); console.log(AbortSignal.abort().reason.stack.split('\\n')[0])`)
  assert.equal(stdout, 'Error\nAbortError: This operation was aborted\n')
})

test('a form that cannot be JSON, or whose toJSON does not return, is no end of the kernel', async () => {
  const shown = (form: string): string => `$rl.result({ [Symbol.for('Jupyter.display')]: () => (${form}) })`
  const { result, failure } = await driver.run(shown(`{ 'text/plain': 1n }`))
  assert.equal(failure, null)
  assert.match(result ?? '', /its own display failed: Do not know how to serialize a BigInt/)
  const cell = driver.start(shown(`{ 'text/plain': { toJSON() { while (true); } } }`))
  await new Promise((resolve) => setTimeout(resolve, 200))
  driver.stop(cell.id)
  assert.equal((await cell.ended).failure?.ename, 'Interrupted')
})
