import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Answer, type KernelClient, printed, resultOf, startKernel, types } from '../kernel-client.js'
import { root } from '../shared.js'

// One test for every fault that was measured in tslab; lib/kernel/README.md has the table.

/** A project with a `lib` that may be edited, a package with `exports`, and notebooks. */
const project = mkdtempSync(path.join(os.tmpdir(), 'recurlab-faults-'))
const write = (file: string, text: string): void => {
  mkdirSync(path.dirname(path.join(project, file)), { recursive: true })
  writeFileSync(path.join(project, file), text)
}

let kernel: KernelClient
before(async () => {
  write('package.json', '{ "type": "module" }')
  write('lib/b.ts', 'export const number = (): number => 1\n')
  write('lib/a.ts', `import { number } from './b.js'\nexport const twice = (): number => 2 * number()\n`)
  write('lib/late.ts', 'export const late: number = await Promise.resolve(7)\n')
  write(
    'lib/throws.ts',
    `interface Long {\n  readonly a: number\n}\n\nexport function fail(x: Long): never {\n  throw new Error(\`a is \${x.a}\`)\n}\n`,
  )
  write('notebooks/README.md', '')
  symlinkSync(path.join(root, 'node_modules'), path.join(project, 'node_modules'))
  kernel = await startKernel({ cwd: path.join(project, 'notebooks') })
})
after(async () => {
  await kernel?.close()
  rmSync(project, { recursive: true, force: true })
})

const run = async (...cells: readonly string[]): Promise<Answer> => {
  let answer: Answer | null = null
  for (const cell of cells) answer = await kernel.execute(cell)
  return answer!
}
const resultAfter = async (...cells: readonly string[]): Promise<unknown> => {
  const answer = await run(...cells)
  assert.equal(answer.reply.status, 'ok', JSON.stringify(answer.reply))
  return resultOf(answer)
}

test('a closure has the new value', async () => {
  assert.equal(await resultAfter('let lr = 1e-3\nfunction train() { return lr }', 'lr = 1e-4\ntrain()'), '0.0001')
})

test('shorthand of an earlier name works', async () => {
  assert.equal(await resultAfter('let T = 3', '({ T })'), '{ T: 3 }')
})

test('declarations of a cell that failed or was stopped stay', async () => {
  await run('const before = 5\nfor (const x of [1]) throw new Error(String(x))')
  assert.equal(await resultAfter('before'), '5')
  const id = kernel.send('execute', { code: 'const first = 6\nconsole.log(first)\nfor (;;) {}' })
  await kernel.seen(({ header, content }) => header.msg_type === 'stream' && content.text === '6\n')
  await kernel.ask('interrupt', {}, 'control')
  assert.equal((await kernel.answer(id)).reply.ename, 'Interrupted')
  assert.equal(await resultAfter('first'), '6')
})

test('50,000 lines printed in one stretch arrive, and then the idle message', async () => {
  const answer = await run(`for (let i = 0; i < 50_000; i++) console.log(i)`)
  assert.equal(printed(answer), Array.from({ length: 50_000 }, (_, i) => `${i}\n`).join(''))
  assert.equal(answer.published.at(-1)?.content.execution_state, 'idle')
})

test('an edit of a module that another one imports is seen', async () => {
  assert.equal(await resultAfter(`import { twice } from '../lib/a'\ntwice()`), '2')
  write('lib/b.ts', 'export const number = (): number => 21\n')
  const answer = await run('twice()')
  assert.equal(resultOf(answer), '42')
  assert.match(printed(answer), /^Reloaded \S*b\.ts and \S*a\.ts, which imports it\n$/)
})

test("tsconfig's strictness, import.meta, top-level await in modules, exports subpaths, for await and new syntax work", async () => {
  assert.equal(await resultAfter(`new URL('.', import.meta.url).pathname.endsWith('/notebooks/')`), 'true')
  assert.equal(await resultAfter(`import { late } from '../lib/late.js'\nlate`), '7')
  assert.equal(await resultAfter(`import { z as mini } from 'zod/v4-mini'\ntypeof mini.object`), `'function'`)
  const forAwait = `const seen: number[] = []\nfor await (const x of [Promise.resolve(1), 2]) seen.push(x)\nseen`
  assert.equal(await resultAfter(forAwait), '[ 1, 2 ]')
  const using = `let closed = false\n{\n  using file = { [Symbol.dispose]() { closed = true } }\n  void file\n}\nclosed`
  assert.equal(await resultAfter(using), 'true')
  assert.equal(await resultAfter(`const options = { lr: 1 } satisfies Record<string, number>\noptions`), '{ lr: 1 }')
  const unchecked = await run(`const list = [1]\nlist[0].toFixed()`)
  assert.match(String(unchecked.reply.evalue), /^line 2:1 - Object is possibly 'undefined'/)
})

test('an error is an error message with the lines of the cell and of lib', async () => {
  const answer = await run(`import { fail } from '../lib/throws.js'\n\nfunction go() {\n  fail({ a: 3 })\n}\ngo()`)
  const { content } = answer.published.find(({ header }) => header.msg_type === 'error')!
  assert.equal(content.evalue, 'a is 3')
  const text = (content.traceback as string[]).join('\n')
  assert.match(text, /6 \| .*throw new Error/)
  assert.match(text, /throws\.ts:6:9/)
  assert.match(text, /at go \(cell \[\d+\]:4:3\)/)
})

test('an edit that throws while it is loaded is told with its own line; errors quote the code that runs', async () => {
  const text = `export const even = (n: number): void => {\n  if (n % 2) throw new Error('odd')\n}\n`
  write('lib/even.ts', text)
  assert.equal((await run(`import { even } from '../lib/even'\neven(2)`)).reply.status, 'ok')
  write('lib/even.ts', `// Two\n// lines more.\nif (1 as number) throw new Error('not yet')\n${text}`)
  const { reply, published } = await run('even(1)')
  const said = published.map(({ content }) => content.text ?? '').join('')
  assert.match(said, /The edit of .*lib\/even\.ts is rejected.*\nError: not yet\n {2}3 \| if \(1 as number\) throw/)
  const traceback = (reply.traceback as string[]).join('\n')
  assert.match(traceback, /^Error: odd\n {2}2 \| {3}if \(n % 2\) throw[\s\S]*even\.ts:2:20/)
})

test('an interrupt stops a loop after an await and an async loop, which does not run on', async () => {
  for (const loop of [
    'await null; console.log("on"); for (;;) {}',
    'console.log("on"); for (;;) { try { await new Promise((r) => setTimeout(r, 5)); ticks++ } catch {} }',
  ]) {
    const id = kernel.send('execute', { code: `let ticks = 0\n${loop}` })
    await kernel.seen(
      ({ header, content, parent }) => header.msg_type === 'stream' && content.text === 'on\n' && parent.msg_id === id,
    )
    assert.equal((await kernel.ask('interrupt', {}, 'control')).reply.status, 'ok')
    assert.equal((await kernel.answer(id)).reply.ename, 'Interrupted')
  }
  const ticks = await resultAfter('ticks')
  await setTimeout(50)
  assert.equal(await resultAfter('ticks'), ticks)
})

test('the heartbeat answers during a synchronous loop', async () => {
  const id = kernel.send('execute', { code: 'console.log("beat")\nfor (;;) {}' })
  await kernel.seen(({ header, content }) => header.msg_type === 'stream' && content.text === 'beat\n')
  assert.equal(await kernel.heartbeat('ping'), 'ping')
  await kernel.ask('interrupt', {}, 'control')
  await kernel.answer(id)
})

test('a result is an execute_result, and cells are counted', async () => {
  const answer = await run('1 + 1')
  assert.deepEqual(types(answer), ['execute_input', 'execute_result'])
  const counts = answer.published.flatMap(({ content }) => content.execution_count ?? [])
  assert.deepEqual(counts, [answer.reply.execution_count, answer.reply.execution_count])
})

test('after an error no cell is skipped silently', async () => {
  assert.equal((await run(`throw new Error('x')`)).reply.status, 'error')
  assert.equal(await resultAfter('2'), '2')
  const ids = [`await new Promise((r) => setTimeout(r, 100)); throw new Error('x')`, '3'].map((code) =>
    kernel.send('execute', { code }),
  )
  const statuses = await Promise.all(ids.map(async (id) => (await kernel.answer(id)).reply.status))
  assert.deepEqual(statuses, ['error', 'aborted'])
})

test('history, comms, clear_output and several MIME types in one output are there', async () => {
  const tail = await kernel.ask('history', { hist_access_type: 'tail', n: 1, raw: true, output: false })
  assert.equal((tail.reply.history as unknown[]).length, 1)
  assert.deepEqual((await kernel.ask('comm_info', {})).reply.comms, {})
  const several = `const both = { [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': 'b', 'text/html': '<b>b</b>' }) }\nboth`
  const { published } = await run(several)
  const result = published.find(({ header }) => header.msg_type === 'execute_result')
  assert.deepEqual(result?.content.data, { 'text/plain': 'b', 'text/html': '<b>b</b>' })
  assert.deepEqual(types(await run('console.clear()')), ['execute_input', 'clear_output'])
})

test('import { display } from tslab works as it did', async () => {
  const answer = await run(`import * as tslab from 'tslab'\ntslab.display.html('<i>x</i>')`)
  const shown = answer.published.find(({ header }) => header.msg_type === 'display_data')
  assert.equal((shown!.content.data as Record<string, unknown>)['text/html'], '<i>x</i>')
})

test('a restart ends the process', async () => {
  await run('setInterval(() => {}, 1000)')
  const ended = once(kernel.process, 'exit')
  kernel.send('shutdown', { restart: true }, 'control')
  assert.equal((await ended)[0], 0)
})
