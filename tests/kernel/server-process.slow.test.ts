import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type KernelClient, type KernelOptions, printed, resultOf, startKernel, types } from '../kernel-client.js'
import { root } from '../shared.js'

async function open(t: TestContext, options: KernelOptions = {}): Promise<KernelClient> {
  const kernel = await startKernel(options)
  t.after(() => kernel.close())
  return kernel
}

/** All processes below a process, by id. */
function below(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    const child = Number(name)
    if (!Number.isInteger(child) || !existsSync(`/proc/${name}/stat`)) continue
    try {
      // The second field is the program's name in brackets, which may hold anything.
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
      parents.set(child, Number(fields[1]))
    } catch {
      // It has ended meanwhile.
    }
  }
  const children = [...parents].filter(([, parent]) => parent === pid).map(([child]) => child)
  return [...children, ...children.flatMap(below)]
}

/** Whether a process runs; one that has ended and is not yet cleared away does not. */
function lives(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Waits until the processes are gone; the requirement is 2 s. */
async function gone(pids: readonly number[]): Promise<void> {
  for (let waited = 0; pids.some(lives); waited += 50) {
    assert.ok(waited <= 2000, `still there: ${pids.filter(lives)}`)
    await setTimeout(50)
  }
}

/** Local ports on which a process listens. */
function listening(pid: number): string[] {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    }),
  )
  const lines = ['tcp', 'tcp6'].flatMap((name) => readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n').slice(1))
  const fields = lines.map((line) => line.trim().split(/\s+/))
  return fields.filter((field) => field[3] === LISTENS && sockets.has(field[9]!)).map((field) => String(field[1]))
}

const LISTENS = '0A'

const OPEN = `import net from 'node:net'
import { spawn } from 'node:child_process'
spawn('sh', ['-c', 'sleep 1000 & sleep 1000'])
await new Promise((resolve) => setTimeout(resolve, 100))
net.createServer().listen(0)
setInterval(() => {}, 1000)
null`

/** Sends a cell that never ends, and waits until it prints. */
async function busy(kernel: KernelClient): Promise<string> {
  const id = kernel.send('execute', { code: `console.log('on')\nfor (;;) {}` })
  const ended = kernel.answer(id).then(({ reply }) => assert.fail(`it did not loop: ${JSON.stringify(reply)}`))
  ended.catch(() => {})
  await Promise.race([ended, kernel.seen(({ content }) => /^on/.test(String(content.text)))])
  return id
}

test('a shutdown ends all processes, whatever is open', async (t) => {
  const kernel = await open(t)
  await kernel.execute(OPEN)
  const pids = [kernel.process.pid!, ...below(kernel.process.pid!)]
  assert.ok(pids.length >= 3)
  const ended = once(kernel.process, 'exit')
  const id = kernel.send('shutdown', { restart: false }, 'control')
  assert.deepEqual(await ended, [0, null])
  await gone(pids)
  assert.deepEqual((await kernel.answer(id)).reply, { status: 'ok', restart: false })
})

test('a shutdown ends all processes in the middle of a synchronous loop', async (t) => {
  const kernel = await open(t)
  await busy(kernel)
  const pids = [kernel.process.pid!, ...below(kernel.process.pid!)]
  kernel.send('shutdown', { restart: true }, 'control')
  await gone(pids)
})

test('when the server is killed, no process stays, not even in a synchronous loop', async (t) => {
  const kernel = await open(t)
  await kernel.execute(OPEN)
  await busy(kernel)
  const pids = below(kernel.process.pid!)
  assert.ok(pids.length >= 2)
  kernel.process.kill('SIGKILL')
  await gone(pids)
})

test('when Jupyter dies without a word, so does the kernel', async (t) => {
  const kernel = await open(t, { underShell: true })
  await kernel.execute('1')
  const pids = below(kernel.process.pid!)
  assert.ok(pids.length >= 3)
  kernel.process.kill('SIGKILL')
  await gone(pids)
})

test('SIGTERM ends the kernel in good order', async (t) => {
  const kernel = await open(t)
  await busy(kernel)
  const pids = below(kernel.process.pid!)
  kernel.process.kill('SIGTERM')
  assert.deepEqual(await once(kernel.process, 'exit'), [0, null])
  await gone(pids)
})

test('SIGINT stops the running cell, and the kernel lives on with its state', async (t) => {
  const kernel = await open(t)
  await kernel.execute('let kept = 7')
  const id = await busy(kernel)
  kernel.process.kill('SIGINT')
  assert.equal((await kernel.answer(id)).reply.ename, 'Interrupted')
  assert.equal(resultOf(await kernel.execute('kept')), '7')
})

test('when the process of the cells is killed, the cell fails with the reason, and the kernel ends with code 1', async (t) => {
  const kernel = await open(t)
  const ended = once(kernel.process, 'exit')
  const id = kernel.send('execute', { code: `console.log('on'); process.kill(process.pid, 'SIGKILL')` })
  assert.deepEqual(await ended, [1, null])
  const { reply, published } = await kernel.answer(id)
  assert.match(String(reply.evalue), /SIGKILL: out of memory\?/)
  assert.ok(types({ reply, published }).includes('error'))
  assert.equal(printed({ reply, published }), 'on\n')
})

test('when the compiler is killed, the next cell says so, and the kernel ends with code 1', async (t) => {
  const kernel = await open(t)
  await kernel.execute('1')
  const compiler = below(kernel.process.pid!).find((pid) => {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    return /compiler|snapshot-blob/.test(command)
  })
  const ended = once(kernel.process, 'exit')
  process.kill(compiler!, 'SIGKILL')
  await gone([compiler!])
  const id = kernel.send('execute', { code: '1' })
  assert.deepEqual(await ended, [1, null])
  assert.match(String((await kernel.answer(id)).reply.evalue), /SIGKILL/)
})

test('what native code and child processes print is shown under the cell', async (t) => {
  const kernel = await open(t)
  const answer = await kernel.execute(
    `import { spawnSync } from 'node:child_process'\nspawnSync('echo', ['é✓'], { stdio: 'inherit' })\nnull`,
  )
  assert.equal(printed(answer), 'é✓\n')
})

test('a user expression is evaluated among the names of the cells', async (t) => {
  const kernel = await open(t)
  const { reply } = await kernel.execute('let lr = 2', { user_expressions: { twice: 'lr * 2', bad: 'lr.x.y' } })
  const values = reply.user_expressions as Record<string, Record<string, unknown>>
  assert.deepEqual(values.twice?.data, { 'text/plain': '4' })
  assert.equal(values.bad?.status, 'error')
  assert.equal((await kernel.execute('lr')).reply.status, 'ok')
})

test('the environment says how type errors are treated at first; a wrong value is told under the first cell', async (t) => {
  const code = 'const n: number = "x"\nn'
  const lenient = await open(t, { env: { RECURLAB_TYPE_ERRORS: 'warning' } })
  const answer = await lenient.execute(code)
  assert.equal(resultOf(answer), "'x'")
  assert.match(printed(answer, 'stderr'), /^line 1:7 - Type 'string' is not assignable/)
  const strict = await open(t, { env: { RECURLAB_TYPE_ERRORS: 'warn' } })
  const refused = await strict.execute(code)
  assert.equal(refused.reply.ename, 'TypeScriptError')
  assert.match(
    printed(refused, 'stderr'),
    /^RECURLAB_TYPE_ERRORS: expected error, warning or off, found "warn"\. .*\n$/,
  )
  assert.equal(printed(await strict.execute('1'), 'stderr'), '')
})

test('history survives a restart', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-history-'))
  const env = { RECURLAB_HISTORY: folder }
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const first = await open(t, { env })
  await first.execute('6 * 7')
  first.send('shutdown', { restart: true }, 'control')
  await once(first.process, 'exit')
  const second = await open(t, { env })
  const { reply } = await second.ask('history', { hist_access_type: 'tail', n: 1, output: true })
  assert.deepEqual(reply.history, [[1, 1, ['6 * 7', '42']]])
})

test('a connection file that is missing is one message, not a stack', () => {
  const entry = path.join(root, 'lib/kernel/recurlab-kernel.mjs')
  const { status, stderr } = spawnSync(process.execPath, [entry, '/nowhere/c.json'], { encoding: 'utf8' })
  assert.equal(status, 1)
  assert.match(stderr, /^recurlab kernel: .*\/nowhere\/c\.json/)
  assert.doesNotMatch(stderr, /\n\s+at /)
})

test('SIGUSR1 opens the debugger of no process of the kernel, and the kernel goes on', async (t) => {
  const kernel = await open(t)
  await kernel.execute('1')
  const pids = [kernel.process.pid!, ...below(kernel.process.pid!)]
  assert.equal(pids.length, 3)
  const before = pids.map(listening)
  for (const pid of pids) process.kill(pid, 'SIGUSR1')
  await setTimeout(500)
  assert.deepEqual(pids.map(listening), before)
  assert.equal(resultOf(await kernel.execute(`import { url } from 'node:inspector'; String(url())`)), `'undefined'`)
})
