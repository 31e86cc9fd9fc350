import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Subscriber } from 'zeromq'
import { type KernelClient, printed, resultOf, startKernel, types } from '../kernel-client.js'

let kernel: KernelClient
before(async () => {
  kernel = await startKernel()
})
after(() => kernel.close())

test('the result of a cell is printed as util.inspect does, null and undefined not at all', async () => {
  assert.equal(resultOf(await kernel.execute(`'ab'`)), `'ab'`)
  assert.equal(resultOf(await kernel.execute('({ a: [1, 2] })')), '{ a: [ 1, 2 ] }')
  assert.equal(resultOf(await kernel.execute('{ a: 1, b: 2 }')), '{ a: 1, b: 2 }')
  assert.equal(resultOf(await kernel.execute('null')), undefined)
  assert.equal(resultOf(await kernel.execute('const quiet = 1')), undefined)
})

test('cells are counted, unless they are silent or keep no history', async () => {
  const first = Number((await kernel.execute('1')).reply.execution_count)
  assert.equal((await kernel.execute('1', { store_history: false })).reply.execution_count, first)
  const silent = await kernel.execute('console.log(1); 1', { silent: true })
  assert.deepEqual(
    types(silent).filter((type) => type !== 'stream'),
    [],
  )
  assert.equal((await kernel.execute('1')).reply.execution_count, first + 1)
})

test('100,000 lines of one synchronous loop arrive, in order, before the idle message', async () => {
  const answer = await kernel.execute('for (let i = 0; i < 100_000; i++) console.log("line " + i)')
  assert.equal(printed(answer), Array.from({ length: 100_000 }, (_, i) => `line ${i}\n`).join(''))
  assert.equal(answer.published.at(-1)?.content.execution_state, 'idle')
})

test('the two streams and what is shown keep their order', async () => {
  const answer = await kernel.execute(
    `import * as tslab from 'tslab'\nconsole.log('a'); console.error('b'); tslab.display.html('<i>c</i>'); console.log('d'); 5`,
  )
  assert.deepEqual(types(answer), ['execute_input', 'stream', 'stream', 'display_data', 'stream', 'execute_result'])
})

test('characters cut in the middle by a write arrive whole', async () => {
  const code = `const bytes = Buffer.from('é✓')\nfor (const byte of bytes) process.stdout.write(Buffer.from([byte]))`
  assert.equal(printed(await kernel.execute(code)), 'é✓')
})

test('half a character leaves the kernel as U+FFFD, whatever message it is in', async () => {
  const half = `'😀'.slice(0, 1)`
  const shown = `import * as tslab from 'tslab'; tslab.display.raw('text/x' + ${half}, ${half})`
  const comm = `Reflect.get(globalThis, Symbol.for('recurlab.notebook')).comms.open('t', { [${half}]: ${half} }); 1`
  const named = `throw Object.assign(new Error(${half}), { name: ${half}, [${half}]: ${half} })`
  const codes = [`console.log(${half}); console.error(${half})`, shown, comm, named]
  for (const code of codes) {
    const { reply, published } = await kernel.execute(code)
    for (const text of [reply, ...published.map(({ content }) => content)].map((content) => JSON.stringify(content)))
      assert.doesNotMatch(text, /(?<!\\)\\ud[89a-f]/, code)
    assert.ok(JSON.stringify([reply, published]).includes('\ufffd'), code)
  }
})

test('an error is an error message without frames of the kernel, and output before it is kept', async () => {
  const answer = await kernel.execute(`console.log('before')\nthrow new RangeError('too deep')`)
  assert.equal(answer.reply.status, 'error')
  assert.equal(printed(answer), 'before\n')
  const { content } = answer.published.find(({ header }) => header.msg_type === 'error')!
  assert.equal(content.ename, 'RangeError')
  assert.equal(content.evalue, 'too deep')
  assert.doesNotMatch((content.traceback as string[]).join('\n'), /node_modules|node:|lib\/kernel|evalmachine/)
})

test("a user's mistake is one message without a stack", async () => {
  const { reply } = await kernel.execute(
    `import { UserError } from '../lib/errors.js'\nthrow new UserError({ expected: 'a', found: 'b' })`,
  )
  assert.deepEqual(reply.traceback, ['UserError: expected a, found b.'])
})

test('a wrong key of our own API is a type error with line and column, and the cell is not run', async () => {
  const answer = await kernel.execute(
    `console.log('run')\nimport { UserError as Mistake } from '../lib/errors'\nnew Mistake({ expected: 'a', fund: 'b' })`,
  )
  assert.equal(answer.reply.ename, 'TypeScriptError')
  assert.match(String(answer.reply.evalue), /^line 3:30 - /)
  assert.match((answer.reply.traceback as string[]).join('\n'), /'fund' does not exist.*'found'\?/)
  assert.equal(printed(answer), '')
})

test('a cell and lib share one instance of each module, tfjs too', async () => {
  const answer = await kernel.execute(
    `import '@tensorflow/tfjs-backend-cpu'
     import * as tf from '@tensorflow/tfjs-core'
     import { rotaryTable } from '../lib/model/rope.js'
     import { UserError as A } from '../lib/errors.js'
     import { UserError as B } from '../lib/errors'
     import { tableFromArrays } from 'apache-arrow'
     import { isTableLike } from '../lib/notebook/table.js'
     ;[rotaryTable(2, 4).cos instanceof tf.Tensor, A === B, isTableLike(tableFromArrays({ x: [1] }))]`,
  )
  assert.equal(resultOf(answer), '[ true, true, true ]', JSON.stringify(answer.reply))
})

test('import() in a cell gives the module that import gives', async () => {
  const code = `import { UserError as C } from '../lib/errors.js'\nconst again = await import('../lib/errors.js')\nagain.UserError === C`
  assert.equal(resultOf(await kernel.execute(code)), 'true')
})

test('when a cell fails, the cells sent after it are aborted, and the next one runs', async () => {
  const ids = [`await new Promise((resolve) => setTimeout(resolve, 200)); throw new Error('x')`, '1', '2'].map((code) =>
    kernel.send('execute', { code, stop_on_error: true }),
  )
  const statuses = await Promise.all(ids.map(async (id) => (await kernel.answer(id)).reply.status))
  assert.deepEqual(statuses, ['error', 'aborted', 'aborted'])
  assert.equal((await kernel.execute('3')).reply.status, 'ok')
})

test('with stop_on_error false nothing is aborted', async () => {
  const ids = [`throw new Error('x')`, '1'].map((code) => kernel.send('execute', { code, stop_on_error: false }))
  const statuses = await Promise.all(ids.map(async (id) => (await kernel.answer(id)).reply.status))
  assert.deepEqual(statuses, ['error', 'ok'])
})

test('a cell that is interrupted where it asks for a line is stopped, whatever it does when nobody answers', async () => {
  const code = `import { input } from '../lib/notebook/input'\ntry { await input('name? ') } finally { console.log('on') }`
  const asked = new Promise<void>((resolve) => kernel.onInput(() => void resolve()))
  const id = kernel.send('execute', { code, allow_stdin: true })
  await asked
  await kernel.ask('interrupt', {}, 'control')
  const answer = await kernel.answer(id)
  assert.equal(answer.reply.ename, 'Interrupted')
  assert.equal(printed(answer), '')
})

test('an interrupt stops a synchronous loop and an awaiting cell, and what was declared before stays', async () => {
  await kernel.execute('const kept = 7')
  const looping = kernel.send('execute', { code: `console.log('on'); for (;;) {}` })
  await setTimeout(500)
  kernel.process.kill('SIGINT')
  assert.equal((await kernel.answer(looping)).reply.ename, 'Interrupted')
  const waiting = kernel.send('execute', { code: 'await new Promise(() => {})' })
  await setTimeout(500)
  assert.equal((await kernel.ask('interrupt', {}, 'control')).reply.status, 'ok')
  assert.equal((await kernel.answer(waiting)).reply.ename, 'Interrupted')
  assert.equal(resultOf(await kernel.execute('kept')), '7')
})

test('a throw in a timer is shown, and the kernel lives', async () => {
  const answer = await kernel.execute(
    `setTimeout(() => { throw new Error('late') }, 10)\nawait new Promise((resolve) => setTimeout(resolve, 300))`,
  )
  assert.match(printed(answer, 'stderr'), /Thrown in a timer or callback: Error: late/)
  assert.equal((await kernel.execute('1')).reply.status, 'ok')
})

test('code is told apart: complete, incomplete, invalid', async () => {
  const status = async (code: string) => (await kernel.ask('is_complete', { code })).reply.status
  assert.equal(await status('const a = 1'), 'complete')
  assert.equal(await status('function f() {'), 'incomplete')
  assert.equal(await status('const const'), 'invalid')
})

test('completion knows the exports of lib', async () => {
  await kernel.execute(`import * as errors from '../lib/errors.js'`)
  const { reply } = await kernel.ask('complete', { code: 'errors.Us', cursor_pos: 9 })
  assert.ok((reply.matches as string[]).includes('UserError'), JSON.stringify(reply))
})

test('completion replaces what is before the cursor, also behind characters outside the basic plane', async () => {
  const code = "'😀😀😀'; Math.flo"
  const { reply } = await kernel.ask('complete', { code, cursor_pos: [...code].length })
  const { matches, cursor_start, cursor_end } = reply as { matches: string[]; cursor_start: number; cursor_end: number }
  const points = [...code]
  points.splice(cursor_start, cursor_end - cursor_start, ...matches)
  assert.equal(points.join(''), "'😀😀😀'; Math.floor")
})

test('shutdown ends the process within 2 s whatever is open', async () => {
  await kernel.execute(`import net from 'node:net'\nnet.createServer().listen(0)\nsetInterval(() => {}, 1000)\nnull`)
  const ended = once(kernel.process, 'exit')
  // Ticks, unlike a clock, do not count while the machine stands still.
  let ms = 0
  const ticks = setInterval(() => {
    ms += 50
  }, 50)
  const id = kernel.send('shutdown', { restart: false }, 'control')
  const [code] = await ended
  clearInterval(ticks)
  assert.equal(code, 0)
  assert.ok(ms < 2000, `${ms} ms`)
  assert.equal((await kernel.answer(id)).reply.status, 'ok')
})

test('what a kernel has said arrives, also where it ends before a slow reader has taken it', async () => {
  const ending = await startKernel()
  // Messages for a reader that takes none wait in the kernel, beyond what the network holds.
  const slow = new Subscriber({ linger: 0, receiveHighWaterMark: 1, receiveTimeout: 60_000 })
  try {
    slow.connect(`tcp://127.0.0.1:${ending.connection.iopub_port}`)
    slow.subscribe('display_data')
    const show = (html: string): ReturnType<typeof ending.execute> =>
      ending.execute(`import * as tslab from 'tslab'\ntslab.display.html(${html})`)
    // The kernel hears of a reader some time after this one has connected.
    const heard = slow.receive()
    for (let done = false; !done; await show(`'heard'`))
      done = await Promise.race([heard.then(() => true), setTimeout(50, false)])
    for (let i = 0; i < 4; i++) await show(`'x'.repeat(5_000_000)`)
    await ending.replied(ending.send('shutdown', { restart: false }, 'control'))
    let whole = 0
    while (whole < 4) if ((await slow.receive()).some((frame) => frame.length > 5_000_000)) whole++
  } finally {
    slow.close()
    await ending.close()
  }
})
