import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { CellRun, ToCells } from '../../lib/kernel/protocol.js'
import { encode } from '../../lib/kernel/server/message.js'
import { endpoint, signingOf } from '../../lib/kernel/server/sockets.js'
import { type Answer, newConnection, printed, resultOf, types } from '../kernel-client.js'
import { compiled, type FakeKernel, refused, startFakeKernel } from './fake-kernel.js'

let kernel: FakeKernel
beforeEach(async () => {
  kernel = await startFakeKernel()
})
afterEach(() => kernel.close())

/** Lets a cell run until the test ends it. */
async function runOpen(code: string, options: Record<string, unknown> = {}): Promise<{ id: string; cell: CellRun }> {
  const begun = new Promise<CellRun>((resolve) => {
    kernel.onRun = resolve
  })
  const id = kernel.client.send('execute', { code, ...options })
  return { id, cell: await begun }
}

const states = ({ published }: Answer): unknown[] =>
  published.filter(({ header }) => header.msg_type === 'status').map(({ content }) => content.execution_state)

const sentOf = <Type extends ToCells['type']>(type: Type): Extract<ToCells, { type: Type }>[] =>
  kernel.sent.filter((message) => message.type === type) as Extract<ToCells, { type: Type }>[]

test('a cell is announced, prints, has a result, and is between a busy and an idle', async () => {
  const answer = await kernel.client.execute('1 + 1')
  assert.deepEqual(types(answer), ['execute_input', 'stream', 'execute_result'])
  assert.deepEqual(states(answer), ['busy', 'idle'])
  assert.equal(answer.published.at(-1)?.header.msg_type, 'status')
  assert.deepEqual(answer.published[1]?.content, { code: '1 + 1', execution_count: 1 })
  assert.deepEqual(answer.reply, { status: 'ok', execution_count: 1, payload: [], user_expressions: {} })
})

test('cells are counted, unless they are silent or keep no history', async () => {
  assert.equal((await kernel.client.execute('1')).reply.execution_count, 1)
  assert.equal((await kernel.client.execute('1', { store_history: false })).reply.execution_count, 1)
  const silent = await kernel.client.execute('1', { silent: true })
  assert.ok(!types(silent).includes('execute_input'))
  assert.equal((await kernel.client.execute('1')).reply.execution_count, 2)
  assert.deepEqual(
    sentOf('run').map(({ cell }) => cell.silent),
    [false, false, true, false],
  )
})

test('a cell that the compiler refuses is an error, and is not run', async () => {
  kernel.compile = () => refused({ warnings: ['lib/a.ts was not reloaded'] })
  const answer = await kernel.client.execute('1')
  assert.deepEqual(types(answer), ['execute_input', 'stream', 'error'])
  assert.equal(printed(answer, 'stderr'), 'lib/a.ts was not reloaded\n')
  assert.equal(answer.reply.status, 'error')
  assert.equal(answer.reply.ename, 'TypeScriptError')
  assert.deepEqual(sentOf('run'), [])
  const silent = await kernel.client.execute('1', { silent: true })
  assert.equal(silent.reply.ename, 'TypeScriptError')
  assert.ok(!types(silent).includes('error'))
})

test('modules that came with a refused cell are reloaded with the next one, once', async () => {
  const module = (code: string) => ({ file: '/lib/a.ts', code, map: '', dependencies: {} })
  kernel.compile = () => refused({ reload: [module('old')] })
  await kernel.client.execute('bad')
  kernel.compile = (code) => compiled(code, { reload: [module('new')] })
  await kernel.client.execute('good')
  kernel.compile = (code) => compiled(code)
  await kernel.client.execute('again')
  assert.deepEqual(
    sentOf('run').map(({ cell }) => cell.reload.map(({ code }) => code)),
    [['new'], []],
  )
})

test('a compiler that throws is a fault of the kernel under the cell', async () => {
  kernel.compile = () => Promise.reject(new Error('it broke'))
  const { reply } = await kernel.client.execute('1')
  assert.equal(reply.ename, 'KernelFault')
  assert.match(String(reply.evalue), /it broke/)
  assert.deepEqual(kernel.ended, [])
})

test('a compiler that has ended fails the cell that needs it, and the kernel ends', async () => {
  kernel.compilerIsGone = true
  kernel.compile = () => Promise.reject(new Error('killed by SIGKILL'))
  const { reply } = await kernel.client.execute('1')
  assert.match(String(reply.evalue), /killed by SIGKILL/)
  assert.deepEqual(kernel.ended, [1])
})

test('when a cell fails, all that were sent by then are aborted, and what comes later runs', async () => {
  const { id, cell } = await runOpen('bad')
  kernel.onRun = (next) => kernel.done(next)
  const waiting = ['2', '3'].map((code) => kernel.client.send('execute', { code }))
  await setTimeout(50)
  kernel.done(cell, 'Error')
  const late = kernel.client.answer(id).then(() => kernel.client.execute('4'))
  const statuses = await Promise.all(waiting.map(async (one) => (await kernel.client.answer(one)).reply.status))
  assert.deepEqual(statuses, ['aborted', 'aborted'])
  assert.equal((await late).reply.status, 'ok')
  assert.deepEqual(states(await kernel.client.answer(waiting[0]!)), ['busy', 'idle'])
})

test('with stop_on_error false, and after a silent failure, nothing is aborted', async () => {
  kernel.onRun = (cell) => kernel.done(cell, cell.source === 'bad' ? 'Error' : undefined)
  for (const options of [{ stop_on_error: false }, { silent: true }]) {
    const ids = ['bad', 'good'].map((code) => kernel.client.send('execute', { code, ...options }))
    const statuses = await Promise.all(ids.map(async (id) => (await kernel.client.answer(id)).reply.status))
    assert.deepEqual(statuses, ['error', 'ok'])
  }
})

test('each user expression has its value or its own error', async () => {
  kernel.onRun = (cell) => {
    kernel.show(cell, 'stream', { name: 'stdout', text: `ran ${cell.source}\n` })
    if (cell.source.includes('bad')) return kernel.done(cell, 'RangeError')
    kernel.show(cell, 'execute_result', { execution_count: 1, data: { 'text/plain': cell.source }, metadata: {} })
    kernel.done(cell)
  }
  const answer = await kernel.client.execute('cell', { user_expressions: { a: '1', b: 'bad', __proto__x: '2' } })
  const values = answer.reply.user_expressions as Record<string, Record<string, unknown>>
  assert.deepEqual(values.a, { status: 'ok', data: { 'text/plain': '(1\n)' }, metadata: {} })
  assert.equal(values.b?.status, 'error')
  assert.equal(values.b?.ename, 'RangeError')
  // What they print belongs to the cell; the only result and no error on iopub are the cell's own.
  assert.deepEqual(types(answer), ['execute_input', 'stream', 'execute_result', 'stream', 'stream', 'stream'])
  assert.equal(resultOf(answer), 'cell')
})

test('a cell that fails evaluates no user expressions', async () => {
  kernel.onRun = (cell) => kernel.done(cell, 'Error')
  const { reply } = await kernel.client.execute('bad', { user_expressions: { a: '1' } })
  assert.deepEqual(reply.user_expressions, {})
  assert.equal(sentOf('run').length, 1)
})

test('questions are answered while a cell runs, each between its own busy and idle', async () => {
  const { id, cell } = await runOpen('long')
  for (const [type, content] of [
    ['kernel_info', {}],
    ['complete', { code: 'ab', cursor_pos: 1 }],
    ['inspect', { code: 'ab', cursor_pos: 2 }],
    ['is_complete', { code: 'f {' }],
    ['history', { hist_access_type: 'tail', n: 5 }],
    ['comm_info', {}],
  ] as const)
    for (const channel of ['shell', 'control'] as const) {
      const answer = await kernel.client.ask(type, content, channel)
      assert.ok(answer.reply.status, type)
      assert.deepEqual(states(answer), ['busy', 'idle'], type)
    }
  kernel.done(cell)
  assert.equal((await kernel.client.answer(id)).reply.status, 'ok')
})

test('positions are counted in code points, as Jupyter does', async () => {
  const { reply } = await kernel.client.ask('complete', { code: '🙂🙂x', cursor_pos: 2 })
  assert.deepEqual(reply.matches, ['🙂🙂'])
  assert.equal(reply.cursor_end, 2)
  const inspected = await kernel.client.ask('inspect', { code: 'a🙂b', cursor_pos: 2 })
  assert.deepEqual(inspected.reply.data, { 'text/plain': 'a🙂' })
})

test('a comm message goes to the cells with its buffers, also while a cell runs', async () => {
  const { cell } = await runOpen('long')
  const buffers = [Buffer.from([0, 255, 10]), Buffer.alloc(0)]
  const content = { comm_id: 'c', data: { value: 1 } }
  const id = kernel.client.send('comm_msg', content, 'shell', { buffers, metadata: { version: 2 } })
  await kernel.client.idle(id)
  const [message] = sentOf('comm')
  assert.equal(message?.message, 'comm_msg')
  assert.deepEqual(message?.content, content)
  assert.deepEqual(message?.metadata, { version: 2 })
  assert.deepEqual(message?.buffers, buffers)
  assert.equal(message?.parent.msg_id, id)
  kernel.done(cell)
})

test('a comm message of the cells goes out with its metadata and buffers, and comm_info names the open comms', async () => {
  const buffers = [Buffer.from('abc')]
  kernel.say({
    type: 'publish',
    parent: null,
    message: 'comm_open',
    content: { comm_id: 'c', target_name: 'jupyter.widget', data: {} },
    metadata: { version: '2.1.0' },
    buffers,
  })
  const message = await kernel.client.seen(({ header }) => header.msg_type === 'comm_open')
  assert.deepEqual(message.buffers, buffers)
  assert.deepEqual(message.metadata, { version: '2.1.0' })
  kernel.say({ type: 'comms', open: { c: 'jupyter.widget', d: 'other' } })
  const ask = async (content: Record<string, unknown>): Promise<unknown> =>
    (await kernel.client.ask('comm_info', content)).reply.comms
  assert.deepEqual(await ask({}), { c: { target_name: 'jupyter.widget' }, d: { target_name: 'other' } })
  assert.deepEqual(await ask({ target_name: 'other' }), { d: { target_name: 'other' } })
})

test('input asks the front end of the cell, one question after the other', async () => {
  const asked: unknown[] = []
  kernel.client.onInput(({ header, content }) => {
    asked.push([header.msg_type, content])
    return `answer ${asked.length}`
  })
  const { id, cell } = await runOpen('ask', { allow_stdin: true })
  kernel.say({ type: 'input', id: 7, parent: cell.parent, prompt: 'name? ', password: false })
  kernel.say({ type: 'input', id: 8, parent: cell.parent, prompt: 'word? ', password: true })
  while (sentOf('input').length < 2) await setTimeout(5)
  assert.deepEqual(asked, [
    ['input_request', { prompt: 'name? ', password: false }],
    ['input_request', { prompt: 'word? ', password: true }],
  ])
  assert.deepEqual(sentOf('input'), [
    { type: 'input', id: 7, value: 'answer 1' },
    { type: 'input', id: 8, value: 'answer 2' },
  ])
  kernel.done(cell)
  await kernel.client.answer(id)
})

test('nobody is asked where the front end cannot be, and an interrupt gives the question up', async () => {
  const deaf = await runOpen('ask', { allow_stdin: false })
  kernel.say({ type: 'input', id: 1, parent: deaf.cell.parent, prompt: '', password: false })
  assert.deepEqual(sentOf('input'), [{ type: 'input', id: 1, value: null }])
  kernel.done(deaf.cell)
  await kernel.client.answer(deaf.id)
  const { cell } = await runOpen('ask', { allow_stdin: true })
  kernel.say({ type: 'input', id: 2, parent: cell.parent, prompt: '', password: false })
  await kernel.client.ask('interrupt', {}, 'control')
  assert.deepEqual(sentOf('input').at(-1), { type: 'input', id: 2, value: null })
  kernel.done(cell, 'Interrupted')
})

test('an interrupt stops the running cell, one that comes a second later by force; with none it does nothing', async () => {
  assert.equal((await kernel.client.ask('interrupt', {}, 'control')).reply.status, 'ok')
  assert.deepEqual(kernel.stops, [])
  const { id, cell } = await runOpen('loop')
  await kernel.client.ask('interrupt', {}, 'control')
  kernel.server.interrupt()
  await setTimeout(1001)
  kernel.server.interrupt()
  assert.deepEqual(kernel.stops, [
    { cell: cell.id, force: false },
    { cell: cell.id, force: false },
    { cell: cell.id, force: true },
  ])
  assert.deepEqual(sentOf('stop')[0], { type: 'stop', cell: cell.id })
  kernel.done(cell, 'Interrupted')
  assert.equal((await kernel.client.answer(id)).reply.ename, 'Interrupted')
})

test('a cell that is still compiled when the interrupt comes is not run', async () => {
  let release = (): void => {}
  const begun = new Promise<void>((begin) => {
    kernel.compile = (code) =>
      new Promise((resolve) => {
        release = () => resolve(compiled(code))
        begin()
      })
  })
  const id = kernel.client.send('execute', { code: 'slow' })
  await begun
  kernel.server.interrupt()
  const answer = await kernel.client.answer(id)
  assert.equal(answer.reply.ename, 'Interrupted')
  assert.deepEqual(types(answer), ['execute_input', 'error'])
  release()
  kernel.compile = (code) => compiled(code)
  assert.equal((await kernel.client.execute('next')).reply.status, 'ok')
  assert.deepEqual(
    sentOf('run').map(({ cell }) => cell.source),
    ['next'],
  )
})

test('malformed messages and wrong signatures are passed over', async () => {
  const signing = { key: 'another', algorithm: 'sha256' }
  const { id, frames } = encode([], 'execute_request', { code: '1' }, { session: 's', signing, parent: null })
  for (const channel of ['shell', 'control'] as const)
    for (const wrong of [
      frames,
      ['x'],
      ['<IDS|MSG>'],
      ['<IDS|MSG>', 'a', 'b', 'c', 'd', 'e'],
      ['', ''],
      frames.slice(3),
    ])
      kernel.client.sendFrames(wrong, channel)
  for (const content of [{}, { code: 5 }, { code: null, user_expressions: [] }])
    assert.ok((await kernel.client.ask('execute', content)).reply.status)
  assert.ok((await kernel.client.ask('complete', { code: [], cursor_pos: 'x' })).reply.status)
  assert.ok((await kernel.client.ask('history', {})).reply.status)
  const unknown = kernel.client.send('nonsense', {})
  await kernel.client.idle(unknown)
  assert.ok(sentOf('run').every(({ cell }) => cell.parent.msg_id !== id))
})

test('raw output belongs to the cell that runs, or ran last, and cut characters arrive whole', async () => {
  const { id, cell } = await runOpen('native')
  const [first, rest] = [Buffer.from('é✓').subarray(0, 3), Buffer.from('é✓').subarray(3)]
  kernel.server.raw('stdout', first)
  kernel.server.raw('stdout', rest)
  kernel.done(cell)
  const answer = await kernel.client.answer(id)
  assert.equal(printed(answer), 'é✓')
  kernel.server.raw('stderr', Buffer.from('late'))
  const late = await kernel.client.seen(({ content }) => content.text === 'late')
  assert.equal(late.parent.msg_id, id)
})

test('the cells get the modules that they ask for', async () => {
  kernel.say({ type: 'modules', id: 3, specifier: 'a.ts', from: '/notebooks/' })
  while (sentOf('modules').length === 0) await setTimeout(5)
  assert.deepEqual(sentOf('modules')[0]?.reply, { failure: null, file: '/lib/a.ts', modules: [] })
})

test('type errors of the next cells are treated as the cells have asked', async () => {
  await kernel.client.execute('1')
  kernel.say({ type: 'typeErrors', mode: 'warning' })
  await kernel.client.execute('2')
  assert.deepEqual(kernel.modes, ['error', 'warning'])
})

for (const { name, code, signal, says } of [
  { name: 'is killed', code: null, signal: 'SIGKILL', says: /killed by SIGKILL: out of memory\?/ },
  { name: 'aborts', code: null, signal: 'SIGABRT', says: /killed by SIGABRT: out of memory\?/ },
  { name: 'is ended by a shell with 134', code: 134, signal: null, says: /exit code 134: out of memory\?/ },
  { name: 'exits', code: 3, signal: null, says: /exit code 3$/ },
] as const)
  test(`when the process of the cells ${name}, the cell fails with the reason, and the kernel ends`, async () => {
    const { id } = await runOpen('heavy')
    const next = kernel.client.send('execute', { code: 'after' })
    await setTimeout(50)
    kernel.server.exit(code, signal)
    const answer = await kernel.client.answer(id)
    assert.equal(answer.reply.ename, 'KernelDied')
    assert.match(String(answer.reply.evalue), says)
    assert.ok(types(answer).includes('error'))
    assert.equal((await kernel.client.answer(next)).reply.status, 'aborted')
    assert.equal(kernel.ended[0], 1)
  })

test('when it ends while no cell runs, that is told under the last one, and the kernel ends', async () => {
  const { reply } = await kernel.client.execute('1')
  assert.equal(reply.status, 'ok')
  kernel.server.exit(null, 'SIGSEGV')
  const message = await kernel.client.seen(({ content }) => /SIGSEGV/.test(String(content.text)))
  assert.equal(message.content.name, 'stderr')
  assert.deepEqual(kernel.ended, [1])
})

for (const channel of ['shell', 'control'] as const)
  test(`a shutdown on ${channel} is answered, told on iopub, and ends the kernel while a cell runs`, async () => {
    await runOpen('long')
    const answer = await kernel.client.ask('shutdown', { restart: true }, channel)
    assert.deepEqual(answer.reply, { status: 'ok', restart: true })
    assert.deepEqual(types(answer), ['shutdown_reply'])
    assert.deepEqual(kernel.ended, [0])
  })

test('the heartbeat gives back what it gets', async () => {
  await runOpen('long')
  assert.equal(await kernel.client.heartbeat('ping'), 'ping')
})

test('a debugger is refused, the ports are told', async () => {
  const { reply } = await kernel.client.ask('debug', { type: 'request', seq: 4, command: 'attach' }, 'control')
  assert.equal(reply.success, false)
  assert.equal(reply.request_seq, 4)
  assert.ok(Number((await kernel.client.ask('connect', {})).reply.shell_port) > 0)
})

test('a connection names its addresses and how messages are signed', async () => {
  assert.equal(endpoint({ transport: 'tcp', ip: '127.0.0.1' }, 5), 'tcp://127.0.0.1:5')
  assert.equal(endpoint({ transport: 'ipc', ip: '/tmp/kernel' }, 5), 'ipc:///tmp/kernel-5')
  const connection = { ...(await newConnection()), signature_scheme: 'hmac-sha512' }
  assert.equal(signingOf(connection).algorithm, 'sha512')
})
