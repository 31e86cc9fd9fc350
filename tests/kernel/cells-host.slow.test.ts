import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { FromCells, Header } from '../../lib/kernel/protocol.js'
import { type Driver, startDriver } from './cells-driver.js'

let driver: Driver
before(async () => {
  driver = await startDriver({ env: { ...process.env, JPY_SESSION_NAME: '/somewhere/My work.ipynb' } })
  await driver.run(`let host; host = globalThis[Symbol.for('recurlab.notebook')]`)
})
after(() => driver.close())

const parent: Header = {
  msg_id: 'from-front-end',
  msg_type: 'comm_msg',
  session: 's',
  username: 'u',
  date: '2026-01-01T00:00:00Z',
  version: '5.3',
}

test('shown things carry their id, and an update and a clear follow', async () => {
  const { published } = await driver.run(`host.display({ 'text/plain': 'a', when: new Date(0) }, 'd1')
    host.update({ 'text/plain': 'b' }, 'd1'); host.clear(true)`)
  assert.deepEqual(published, [
    {
      message: 'display_data',
      content: {
        data: { 'text/plain': 'a', when: '1970-01-01T00:00:00.000Z' },
        metadata: {},
        transient: { display_id: 'd1' },
      },
    },
    {
      message: 'update_display_data',
      content: { data: { 'text/plain': 'b' }, metadata: {}, transient: { display_id: 'd1' } },
    },
    { message: 'clear_output', content: { wait: true } },
  ])
})

test('callbacks at the end of a cell run before its result; one that fails loses nothing', async () => {
  const { published, stdout, stderr } = await driver.run(`host.atCellEnd('a', () => console.log('not this'))
    host.atCellEnd('a', async () => { await null; console.log('ends') })
    host.atCellEnd('b', () => { throw new Error('bad end') }); $rl.result(1)`)
  assert.equal(published.at(-1)?.message, 'execute_result')
  assert.equal(stdout, 'ends\n')
  assert.match(stderr, /Thrown at the end of the cell: Error: bad end/)
  await driver.run(`host.atCellEnd('a', () => {}); host.atCellEnd('b', () => {})`)
})

test('at the end of a stopped cell a callback that takes long holds back no other', async () => {
  const cell = driver.start(`host.atCellEnd('a', () => new Promise(() => {}))
    host.atCellEnd('b', () => console.log('ends')); console.log('on'); $rl.resumed(await new Promise(() => {}))`)
  await driver.until(() => (driver.printed(cell.id).includes('on\n') ? true : undefined))
  driver.stop(cell.id)
  assert.equal((await cell.ended).stdout, 'on\nends\n')
  const reset = driver.start(`host.atCellEnd('a', () => {}); host.atCellEnd('b', () => {})`)
  assert.equal((await reset.ended).failure, null)
})

test('input asks and gives the answer; no answer and nobody to ask are mistakes of the user', async () => {
  const cell = driver.start(`$rl.result($rl.resumed(await host.input('Name? ', { password: true })))`, {
    allowStdin: true,
  })
  const asked = await driver.until((all) => all.find((one): one is Question => one.type === 'input'))
  assert.deepEqual([asked.prompt, asked.password, asked.parent.msg_id], ['Name? ', true, `cell-${cell.id}`])
  driver.send({ type: 'input', id: asked.id, value: 'Ada' })
  assert.equal((await cell.ended).result, "'Ada'")

  const again = driver.start(`await host.input('? ')`, { allowStdin: true })
  const second = await driver.until((all) =>
    all.find((one): one is Question => one.type === 'input' && one.id > asked.id),
  )
  driver.send({ type: 'input', id: second.id, value: null })
  assert.match((await again.ended).failure?.evalue ?? '', /expected a line of text, found no answer/)
  const nobody = await driver.run(`await host.input('? ')`)
  assert.match(nobody.failure?.traceback.join('\n') ?? '', /^UserError: input: .*Run it where input can be typed/)
})
type Question = Extract<FromCells, { type: 'input' }>

test('comms speak both ways, are listed while they are open, and print under the cell that made them', async () => {
  const cell =
    await driver.run(`let comm; comm = host.comms.open('target', { a: 1 }, { buffers: [new Uint8Array([1, 2])] })
    comm.onMessage((data, { buffers }) => { console.log('got', data.x, buffers.length); comm.send({ y: data.x + 1 }) })
    comm.onClose(() => console.log('closed')); $rl.result(comm.id)`)
  const id = cell.result?.slice(1, -1) ?? ''
  const opened = driver.messages.find((one): one is Publish => one.type === 'publish' && one.message === 'comm_open')
  assert.deepEqual(opened?.content, { comm_id: id, target_name: 'target', data: { a: 1 } })
  assert.deepEqual([...(opened?.buffers?.[0] ?? [])], [1, 2])
  assert.deepEqual(openComms(), { [id]: 'target' })
  const say = (message: 'comm_msg' | 'comm_close', data: Record<string, unknown>): void =>
    driver.send({
      type: 'comm',
      parent,
      message,
      content: { comm_id: id, data },
      metadata: {},
      buffers: [new Uint8Array(3)],
    })
  say('comm_msg', { x: 4 })
  say('comm_close', {})
  await driver.until(() => (driver.printed(cell.id).endsWith('closed\n') ? true : undefined))
  assert.equal(driver.printed(cell.id), 'got 4 1\nclosed\n')
  const answer = driver.messages.find((one): one is Publish => one.type === 'publish' && one.message === 'comm_msg')
  assert.deepEqual(answer?.content, { comm_id: id, data: { y: 5 } })
  assert.deepEqual(openComms(), {})
})

test("a comm's callback that does not return is stopped with the cell that waits for its turn, and comms go on", async () => {
  const cell = await driver.run(`let endless; endless = host.comms.open('endless', {}); let calls = 0
    endless.onMessage(() => { calls++; console.log('in it'); if (calls === 1) while (true); }); $rl.result(endless.id)`)
  const content = { comm_id: cell.result?.slice(1, -1), data: {} }
  const message = { type: 'comm', parent, message: 'comm_msg', content, metadata: {}, buffers: [] } as const
  driver.send(message)
  await driver.until(() => (driver.printed(cell.id) === 'in it\n' ? true : undefined))
  const waiting = driver.start('1')
  driver.stop(waiting.id)
  assert.equal((await waiting.ended).failure?.ename, 'Interrupted')
  const next = await driver.run(`endless.send({ from: 'a cell' })`)
  assert.ok(
    next.published.some((one) => one.message === 'comm_msg'),
    'what a cell sends answers the cell',
  )
  driver.send(message)
  await driver.until(() => (driver.printed(cell.id) === 'in it\nin it\n' ? true : undefined))
  await driver.run('endless.close()')
})

type Publish = Extract<FromCells, { type: 'publish' }>

function openComms(): unknown {
  return driver.messages.findLast((one) => one.type === 'comms')?.open
}

test('the front end opens comms, and one that nobody takes is closed', async () => {
  const open = (target: string, id: string): void =>
    driver.send({
      type: 'comm',
      parent,
      message: 'comm_open',
      content: { comm_id: id, target_name: target, data: { q: 1 } },
      metadata: {},
      buffers: [],
    })
  const cell = await driver.run(`host.comms.onOpen('mine', (comm, data) => console.log(comm.id, data))`)
  open('mine', 'c1')
  open('nobody', 'c2')
  await driver.until((all) => all.find((one) => one.type === 'publish' && one.content.comm_id === 'c2'))
  assert.equal(driver.printed(cell.id), 'c1 { q: 1 }\n')
  assert.deepEqual(openComms(), { c1: 'mine' })
})

test('the setting for type errors is told', async () => {
  await driver.run(`host.setTypeErrors('warning')`)
  assert.ok(driver.messages.some((one) => one.type === 'typeErrors' && one.mode === 'warning'))
})

test('cells have require, import.meta of the notebook, and hidden globals', async () => {
  const { result } =
    await driver.run(`$rl.result([typeof require('node:fs').readFileSync, $rl.meta.url.split('/').pop(),
    $rl.meta.filename.endsWith('notebooks/My work.ipynb'), Object.keys(globalThis).includes('$rl'), process.cwd() === $rl.meta.dirname,
    process.argv.length])`)
  assert.equal(result, "[ 'function', 'My%20work.ipynb', true, false, true, 2 ]")
})

test("tslab's display shows in the cell", async () => {
  const { published, failure } =
    await driver.run(`let tslab; await $rl.import('tslab', { tslab: ['*', (x) => tslab = x] })
    tslab.display.html('<b>x</b>')`)
  assert.equal(failure, null)
  const shown = published.find((one) => one.message === 'display_data')
  assert.deepEqual(shown?.content.data, { 'text/html': '<b>x</b>' })
})

test('names that a cell declares are no longer set by an earlier import', async () => {
  const { failure } = await driver.run(`let path2; await $rl.import('node:path', { path2: ['*', (x) => path2 = x] })`)
  assert.equal(failure, null)
  const { result } = await driver.run('path2 = 5; $rl.result(path2)', { declares: ['path2'] })
  assert.equal(result, '5')
})
