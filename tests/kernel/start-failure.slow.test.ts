import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { startCompiler } from '../../lib/kernel/compiler/client.js'
import { readSettings } from '../../lib/kernel/server/settings.js'
import { resultOf, startKernel } from '../kernel-client.js'
import { makeFolder } from './compiler-folder.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-start-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/**
 * The environment of a kernel whose process of the cells first runs `inject`, and `injectThread` its second thread.
 *
 * @param go a file that both wait for; default: none
 */
function injected(inject: string, injectThread = '', go?: string): Record<string, string> {
  const file = path.join(mkdtempSync(path.join(folder, 'inject-')), 'inject.cjs')
  const wait = `while (!require('node:fs').existsSync('${go}')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);`
  writeFileSync(
    file,
    `const { isMainThread, workerData } = require('node:worker_threads')
    if (isMainThread && /cells.main\\.mjs$/.test(process.argv[1])) { ${go && inject ? wait : ''} ${inject} }
    if (!isMainThread && workerData?.state) { ${go && injectThread ? wait : ''} ${injectThread} }`,
  )
  return { NODE_OPTIONS: `--require ${file}` }
}

for (const { what, inject = '', injectThread = '', env = {}, says } of [
  {
    what: 'has no inspector',
    inject: `require('node:inspector').Session.prototype.connect = () => { throw new Error('no inspector here') }`,
    says: /ended with exit code 1 before it was ready: Error: no inspector here$/,
  },
  {
    what: 'has an inspector without REPL mode',
    inject: `const { prototype } = require('node:inspector').Session; const { post } = prototype
      prototype.post = function (method, options, done) { return post.call(this, method, { ...options, replMode: false }, done) }`,
    says: /ended with exit code 1 before it was ready: Error: the inspector of Node v[\d.]+ does not run code in REPL mode, in which cells run$/,
  },
  {
    what: 'has a second thread that cannot reach the first',
    injectThread: `delete require('node:inspector').Session.prototype.connectToMainThread`,
    says: /before it was ready: the thread that stops busy cells has failed: Error: the inspector of Node v[\d.]+ cannot connect to the main thread, where it stops busy cells$/,
  },
  {
    what: 'cannot start its second thread',
    injectThread: `throw new Error('no threads here')`,
    says: /ended with exit code 1 before it was ready: the thread that stops busy cells has failed: Error: no threads here$/,
  },
  {
    what: 'says nothing',
    inject: `require('node:fs').writeSync(2, 'waiting for a file\\n'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`,
    env: { RECURLAB_START_SECONDS: '5' },
    says: /was not ready after 5 s: waiting for a file$/,
  },
])
  test(`a process of the cells that ${what} is an error of the cell, with its reason, and the kernel ends`, async () => {
    const go = path.join(mkdtempSync(path.join(folder, 'go-')), 'go')
    const kernel = await startKernel({ env: { ...injected(inject, injectThread, go), ...env } })
    try {
      const ended = once(kernel.process, 'exit')
      const id = kernel.send('execute', { code: '1 + 1' })
      writeFileSync(go, '')
      const { reply } = await kernel.answer(id)
      assert.equal(reply.ename, 'KernelDied')
      assert.match(String(reply.evalue), says)
      assert.deepEqual(await ended, [1, null])
    } finally {
      await kernel.close()
    }
  })

const LOOP = `console.log('on'); for (;;) {}`
const noBinding = `process.binding = () => { throw new Error('No such module') };`

test('without the binding of Node 20 and 22, as on Node 24, a busy cell is stopped and its names stay', async () => {
  const kernel = await startKernel({ env: injected(noBinding) })
  try {
    await kernel.execute('let kept = 7')
    const id = kernel.send('execute', { code: LOOP })
    await kernel.seen(({ content }) => content.text === 'on\n')
    await kernel.ask('interrupt', {}, 'control')
    assert.equal((await kernel.answer(id)).reply.ename, 'Interrupted')
    assert.equal(resultOf(await kernel.execute('kept')), '7')
  } finally {
    await kernel.close()
  }
})

test('without anything that empties the stack of callbacks cells run, and one that waits is stopped', async () => {
  const kernel = await startKernel({ env: injected(`${noBinding} process._fatalException = undefined`) })
  try {
    await kernel.execute('let kept = 7')
    const id = kernel.send('execute', { code: `console.log('on'); await new Promise(() => {})` })
    await kernel.seen(({ content }) => content.text === 'on\n')
    await kernel.ask('interrupt', {}, 'control')
    assert.equal((await kernel.answer(id)).reply.ename, 'Interrupted')
    assert.equal(resultOf(await kernel.execute('kept')), '7')
  } finally {
    await kernel.close()
  }
})

test('a promise that nothing can settle does not end the process at the next garbage collection', async () => {
  const kernel = await startKernel()
  try {
    const collect = `import v8 from 'node:v8'; import vm from 'node:vm'; v8.setFlagsFromString('--expose-gc'); const gc = vm.runInNewContext('gc'); gc(); 5`
    const id = kernel.send('execute', {
      code: `console.log('on'); setTimeout(() => {}, 10); await new Promise(() => {})`,
    })
    await kernel.seen(({ content }) => content.text === 'on\n')
    await kernel.ask('interrupt', {}, 'control')
    assert.equal((await kernel.answer(id)).reply.ename, 'Interrupted')
    assert.equal(resultOf(await kernel.execute(collect)), '5')
    assert.equal(resultOf(await kernel.execute('gc(); 6')), '6')
  } finally {
    await kernel.close()
  }
})

test('a compiler that does not become ready is an error with what it last said', async () => {
  const project = makeFolder({
    'lib/kernel/compiler/main.mjs': `console.error('reading a slow disk'); setInterval(() => {}, 1000)`,
    'node_modules/typescript/package.json': '{ "version": "5.9.0" }',
  })
  const compiler = startCompiler(project.path, project.path, 1)
  try {
    await assert.rejects(
      compiler.cell({ id: 1, code: '1', typeErrors: 'error' }),
      /the compiler's process has ended \(not ready after 1 s\): reading a slow disk$/,
    )
  } finally {
    compiler.close()
    project.close()
  }
})

test('RECURLAB_START_SECONDS is 60, or what it says, and nonsense is told', () => {
  assert.equal(readSettings({}).startSeconds, 60)
  assert.equal(readSettings({ RECURLAB_START_SECONDS: '2.5' }).startSeconds, 2.5)
  for (const wrong of ['soon', '0', '-1', '1e12']) {
    const { startSeconds, problems } = readSettings({ RECURLAB_START_SECONDS: wrong })
    assert.equal(startSeconds, 60)
    assert.match(problems.join(), /RECURLAB_START_SECONDS: expected a number above 0/)
  }
})
