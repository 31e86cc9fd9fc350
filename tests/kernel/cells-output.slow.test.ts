import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Driver, startDriver } from './cells-driver.js'

let driver: Driver
before(async () => {
  driver = await startDriver()
})
after(() => driver.close())

test('a million lines of one loop arrive complete and in order', async () => {
  const { stdout, published } = await driver.run('for (let i = 0; i < 1_000_000; i++) console.log(i)')
  let expected = ''
  for (let i = 0; i < 1_000_000; i++) expected += `${i}\n`
  assert.ok(stdout === expected)
  assert.ok(published.length < 2000)
})

test('outputs keep their order: both streams, shown things, an error and the end', async () => {
  const { published } = await driver.run(`process.stdout.write('a'); console.error('b'); console.log('c')
    globalThis[Symbol.for('recurlab.notebook')].display({ 'text/plain': 'd' }, 'id'); console.log('e'); throw 1`)
  const shape = published.map(({ message, content }) => `${message} ${content.name ?? ''}${content.text ?? ''}`)
  assert.deepEqual(shape, [
    'stream stdouta',
    'stream stderrb\n',
    'stream stdoutc\n',
    'display_data ',
    'stream stdoute\n',
    'error ',
  ])
})

test('what a timer prints belongs to the cell that set it', async () => {
  const first = await driver.run(`setTimeout(() => console.log('late'), 50); console.log('early')`)
  const second = await driver.run(`await new Promise((r) => setTimeout(r, 120)); console.log('second')`)
  assert.equal(second.stdout, 'second\n')
  assert.equal(driver.printed(first.id), 'early\nlate\n')
})

test('what is printed before a long computation comes while it goes on', async () => {
  const cell = driver.start(`for (let i = 0; i < 200; i++) console.log(i); while (!globalThis.over) {}`)
  await driver.until(() => (driver.printed(cell.id).endsWith('199\n') ? true : undefined))
  driver.stop(cell.id)
  assert.equal((await cell.ended).failure?.ename, 'Interrupted')
})

test('the console prints tables, groups and objects without colours', async () => {
  const { stdout } = await driver.run(`console.group('g'); console.log({ a: 'x' }); console.groupEnd()
    console.log('%s has %d', 'it', 3); console.table([{ a: 1 }])`)
  assert.match(stdout, /^g\n {2}\{ a: 'x' \}\nit has 3\n┌/)
  const { published } = await driver.run('console.log(1); console.clear(); console.log(2)')
  assert.deepEqual(
    published.map((one) => one.message),
    ['stream', 'clear_output', 'stream'],
  )
})

test('bytes that split a character are put together', async () => {
  const { stdout } = await driver.run(`const bytes = Buffer.from('é✓')
    for (const byte of bytes) process.stdout.write(Buffer.from([byte])); process.stdout.write('ff', 'hex')`)
  assert.equal(stdout.slice(0, 2), 'é✓')
})

test('the callback of a write is called', async () => {
  const { result } = await driver.run(`await new Promise((done) => process.stdout.write('x', done)); $rl.result(1)`)
  assert.equal(result, '1')
})

test('the last value is printed as inspect prints it, undefined and null not at all', async () => {
  assert.equal((await driver.run(`$rl.result('ab')`)).result, "'ab'")
  assert.equal((await driver.run('$rl.result(undefined)')).result, null)
  assert.equal((await driver.run('$rl.result(null)')).result, null)
  assert.equal((await driver.run('$rl.result(Promise.resolve(5))')).result, 'Promise { 5 }')
  assert.equal((await driver.run('$rl.result({ a: Promise.resolve({ b: 1 }) })')).result, '{ a: Promise { { b: 1 } } }')
  assert.doesNotMatch((await driver.run('$rl.result(setTimeout(() => {}, 1))')).result ?? '', /Cell|kResourceStore/)
  const silent = await driver.run(`$rl.result(1); console.log('printed')`, { silent: true })
  assert.deepEqual([silent.result, silent.stdout], [null, 'printed\n'])
})

test('an object gives its own forms, also as a promise, and one that fails is still a result', async () => {
  const display = `[Symbol.for('Jupyter.display')]`
  const html = await driver.run(`$rl.result({ async ${display}() { return { 'text/html': '<b>1</b>' } } })`)
  const result = html.published.find((one) => one.message === 'execute_result')
  assert.match(JSON.stringify(result?.content.data), /"text\/html":"<b>1<\/b>"/)
  assert.equal(result?.content.execution_count, html.id)
  const fails = await driver.run(`$rl.result({ a: 1, ${display}() { throw new Error('no') } })`)
  assert.match(fails.result ?? '', /a: 1[\s\S]*its own display failed: no/)
  assert.equal(fails.failure, null)
  const worse = await driver.run(
    `$rl.result({ [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('no') } })`,
  )
  assert.match(worse.result ?? '', /object\n\(its own display failed/)
  const shown = await driver.run(`$rl.result(Object.defineProperty({}, Symbol.for('recurlab.shown'), { value: true }))`)
  assert.equal(shown.result, null)
})

test('figures and tables get their forms from lib, which is loaded when the first one comes', async () => {
  const file = `${process.cwd()}/lib/notebook/bundle.ts`
  const code = `System.register([], function (exports, context) { 'use strict'
    exports('resultBundle', (value) => ({ 'text/plain': 'rows: ' + value.numRows }))
    return { setters: [], execute: function () {} } })`
  const asked: string[] = []
  const own = await startDriver({
    modules: (specifier) => {
      asked.push(specifier)
      return { failure: null, file, modules: [{ file, code, map: '', dependencies: {} }] }
    },
  })
  try {
    assert.equal((await own.run('$rl.result({ a: 1 })')).result, '{ a: 1 }')
    assert.equal(asked.length, 0)
    assert.equal((await own.run('$rl.result({ numRows: 3 })')).result, 'rows: 3')
    assert.equal(asked.length, 1)
  } finally {
    await own.close()
  }
})

test('process.exit ends the process with its code after everything was printed', async () => {
  const own = await startDriver()
  const cell = own.start(`console.log('a'); process.on('exit', () => console.log('at exit')); process.exit(3)`)
  cell.ended.catch(() => {})
  assert.deepEqual(await own.exit, { code: 3, signal: null })
  assert.equal(own.printed(cell.id), 'a\nat exit\n')
  assert.equal(own.raw(), '')
})

test('the process ends by itself in a busy loop when the server is gone', async () => {
  const own = await startDriver()
  const cell = own.start(`console.log('on'); while (true) {}`)
  cell.ended.catch(() => {})
  await own.until(() => (own.printed(cell.id) === 'on\n' ? true : undefined))
  own.cells.process.stdio[4]?.destroy()
  assert.equal((await own.exit).signal, 'SIGKILL')
})

test('a server that reads slowly makes the process wait and loses nothing', async () => {
  const cell = driver.start(`for (let i = 0; i < 200_000; i++) console.log('line ' + i)`)
  await driver.until(() => (driver.printed(cell.id).length > 0 ? true : undefined))
  driver.cells.pause()
  const before = driver.messages.length
  await new Promise((resolve) => setTimeout(resolve, 200))
  assert.equal(driver.messages.length, before)
  driver.cells.resume()
  assert.equal((await cell.ended).stdout.split('\n').length, 200_001)
})

test('a character whose halves are written apart arrives whole, and half of one is not held back', async () => {
  const { published } = await driver.run(
    `for (let i = 0; i < 50; i++) for (const half of '😀'.split('')) process.stdout.write(half)`,
  )
  assert.ok(published.every(({ content }) => /^(😀)*$/u.test(String(content.text))))
  const half = await driver.run(`process.stdout.write('a' + '😀'[0]); console.error('b')`)
  assert.deepEqual(
    half.published.map(({ content }) => content.text),
    ['a\ud83d', 'b\n'],
  )
})

test('an object with many keys is cut like an array, with the number of keys left out, wherever it is shown', async () => {
  await driver.run('let huge; huge = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => ["task" + i, i]))')
  const shown = async (code: string): Promise<string> => {
    const { result, stdout, failure } = await driver.run(code)
    return result ?? (failure ? failure.traceback.join('\n') : stdout)
  }
  for (const code of [
    '$rl.result(huge)',
    'console.log(huge)',
    'console.error(huge); console.log("%o", huge)',
    'console.dir(huge)',
    '$rl.result({ deep: [huge] })',
    '$rl.result(Object.assign(Object.create(null), huge))',
    '$rl.result(new (class Big { constructor() { Object.assign(this, huge) } })())',
    '$rl.result(Object.assign(new Error("x"), huge))',
    'throw huge',
  ]) {
    const text = await shown(code)
    assert.match(text, /task99: 99,\s+\.\.\. 199900 more keys\s+\}/, code)
    assert.ok(text.length < 4000, code)
  }
  assert.match(await shown('throw Object.assign(new Error("x"), huge)'), / … and 199980 more properties$/)
  const whole = await shown('console.log(require("util").inspect(huge, { maxArrayLength: null }).length)')
  assert.ok(Number(whole) > 4_000_000, 'who asks for everything gets it')
})

test('whatever a value holds, its text has a bounded size, and says where something was left out', async () => {
  const shown = async (code: string): Promise<string> => (await driver.run(`$rl.result(${code})`)).result ?? ''
  for (const code of [
    'Object.fromEntries(Array.from({ length: 100 }, (_, i) => [i, Array(100).fill(Array(100).fill("x".repeat(500)))]))',
    'Array.from({ length: 200 }, () => new Map(Array.from({ length: 200 }, (_, i) => [i, { text: "y".repeat(20_000) }])))',
    'new Proxy(huge, {})',
    '10n ** 300_000n',
  ]) {
    const text = await shown(code)
    assert.ok(text.length < 250_000, code)
    assert.match(text, /characters …|\[Array\]|\[Object\]/, code)
  }
  assert.equal(
    await shown('({ a: [{ b: { c: { d: 1 } } }], get x() { return 1 } })'),
    '{ a: [ { b: [Object] } ], x: [Getter] }',
  )
  const own = '{ [require("util").inspect.custom]: () => "own form" }'
  assert.equal(
    await shown(`[Object.create(null), ${own}, class A {}, Promise.resolve(1)]`),
    '[ [Object: null prototype] {}, own form, [class A], Promise { 1 } ]',
  )
})
