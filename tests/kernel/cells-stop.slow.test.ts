import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { type Driver, startDriver } from './cells-driver.js'

let driver: Driver
before(async () => {
  driver = await startDriver({ modules: () => null })
  await driver.run('let n = 0; let log; log = []; let pause; pause = (ms) => new Promise((r) => setTimeout(r, ms))')
})
after(() => driver.close())

/** Starts code that prints `on` when it is under way, and stops it then. */
async function stopped(code: string, force = false): Promise<void> {
  const cell = driver.start(code)
  await Promise.race([driver.until(() => (driver.printed(cell.id).includes('on\n') ? true : undefined)), cell.ended])
  driver.stop(cell.id, force)
  const { failure, published } = await cell.ended
  assert.equal(failure?.ename, 'Interrupted', failure?.evalue)
  assert.equal(published.at(-1)?.message, 'error')
}

/** The value of an expression, in a cell of its own. */
async function value(expression: string): Promise<string | null> {
  const { result, failure } = await driver.run(`$rl.result(${expression})`)
  assert.equal(failure, null)
  return result
}

/** Checks that nothing adds to `n` any more. */
async function nothingGoesOn(): Promise<void> {
  const { result } = await driver.run('let was = n; await pause(60); $rl.result(n - was)')
  assert.equal(result, '0')
}

const on = `console.log('on');`

test('a synchronous loop is stopped and all state stays', async () => {
  await stopped(`n = 0; let kept = { deep: [1, 2] }; ${on} while (true) n++`)
  assert.equal(await value('[n > 0, kept.deep]'), '[ true, [ 1, 2 ] ]')
  await nothingGoesOn()
})

test('a loop after an await is stopped', async () => {
  await stopped(`n = 0; await pause(1); ${on} while (true) n++`)
  await nothingGoesOn()
})

test('an async loop that never waits for anything is stopped', async () => {
  await stopped(`${on} while (true) { $rl.resumed(await null); n++ }`)
  await nothingGoesOn()
})

test('an async loop that nothing in the compiled code ends is stopped', async () => {
  await stopped(`${on} while (true) { await null; n++ }`)
  await nothingGoesOn()
})

test('an async loop that swallows every error is stopped', async () => {
  await stopped(`${on} while (true) { try { n++; $rl.resumed(await pause(1)) } catch (e) { $rl.caught(e) } }`)
  await nothingGoesOn()
})

test('a loop in a function that nobody awaits ends with its cell', async () => {
  await stopped(`(async () => { while (true) { n++; $rl.resumed(await new Promise((r) => setImmediate(r))) } })()
    ${on} $rl.resumed(await new Promise(() => {}))`)
  await nothingGoesOn()
})

test('a chain of promises ends with its cell', async () => {
  await stopped(`const { readFile } = require('node:fs/promises')
    function again() { return readFile('package.json').then(() => { n++ }).catch(() => {}).finally(again) }
    again(); ${on} $rl.resumed(await new Promise(() => {}))`)
  await nothingGoesOn()
})

test('chains of timers, intervals, immediates and ticks end with their cell', async () => {
  await stopped(`setInterval(() => n++, 1)
    const timer = () => { n++; setTimeout(timer, 1) }; timer()
    const turn = () => { n++; require('node:timers').setImmediate(turn) }; turn()
    ${on} $rl.resumed(await new Promise(() => {}))`)
  await nothingGoesOn()
  await stopped(
    `const tick = () => { n++; process.nextTick(tick) }; ${on} tick(); $rl.resumed(await new Promise(() => {}))`,
  )
  await nothingGoesOn()
  await stopped(
    `const micro = () => { n++; queueMicrotask(micro) }; ${on} micro(); $rl.resumed(await new Promise(() => {}))`,
  )
  await nothingGoesOn()
})

test('timers as promises end with their cell', async () => {
  await stopped(`const timers = require('node:timers/promises')
    ;(async () => { for await (const _ of timers.setInterval(1)) n++ })().catch(() => {})
    const once = () => timers.setTimeout(1).then(() => { n++; once() }); once()
    ${on} $rl.resumed(await timers.setTimeout(60_000))`)
  await nothingGoesOn()
  assert.equal(
    (await driver.run(`$rl.result($rl.resumed(await require('node:timers/promises').setTimeout(1, 'x')))`)).result,
    "'x'",
  )
})

test('a loop in a timer and one in an immediate are stopped', async () => {
  await stopped(`setTimeout(() => { ${on} while (true) n++ }, 1); $rl.resumed(await new Promise(() => {}))`)
  await nothingGoesOn()
  await stopped(`setImmediate(() => { ${on} while (true) n++ }); setImmediate(() => n++)
    $rl.resumed(await new Promise(() => {}))`)
  await nothingGoesOn()
})

test('a loop that prints is stopped and what it printed came whole', async () => {
  const cell = driver.start('for (let i = 0; ; i++) console.log(i)')
  await driver.until(() => (driver.printed(cell.id).length > 100_000 ? true : undefined))
  driver.stop(cell.id)
  const { failure, stdout } = await cell.ended
  assert.equal(failure?.ename, 'Interrupted')
  const lines = stdout.split('\n').slice(0, -1)
  assert.ok(lines.every((line, i) => line === String(i)))
})

test('work that saves and ends by itself is waited for, and the code behind it does not run', async () => {
  const cell = driver.start(`const host = globalThis[Symbol.for('recurlab.notebook')]
    const saved = $rl.resumed(await host.stoppable(async () => {
      console.log('begun'); while (!host.signal.aborted) await pause(5)
      await pause(30); log.push('saved'); return 'x'
    })); log.push('behind'); ${on}`)
  await begun(cell.id)
  driver.stop(cell.id)
  assert.equal((await cell.ended).failure?.ename, 'Interrupted')
  assert.equal(await value('log'), "[ 'saved' ]")
})

test('work that saves is also told inside a busy loop of promises', async () => {
  await stopped(`const host2 = globalThis[Symbol.for('recurlab.notebook')]; log = []
    $rl.resumed(await host2.stoppable(async () => {
      ${on} while (!host2.signal.aborted) await null
      log.push('saved')
    })); log.push('behind')`)
  assert.equal(await value('log'), "[ 'saved' ]")
})

test('a second stop ends work that does not end', async () => {
  const cell = driver.start(`const host3 = globalThis[Symbol.for('recurlab.notebook')]; const asked = []
    host3.atForcedStop('test', () => log.push('forced'))
    host3.signal.addEventListener('abort', () => { asked.push(1); ${on} })
    $rl.resumed(await host3.stoppable(async () => { console.log('begun'); while (true) { n++; await pause(1) } }))`)
  await begun(cell.id)
  driver.stop(cell.id)
  await driver.until(() => (driver.printed(cell.id) === 'begun\non\n' ? true : undefined))
  driver.stop(cell.id, true)
  assert.equal((await cell.ended).failure?.ename, 'Interrupted')
  assert.equal(await value('[log.at(-1), asked]'), "[ 'forced', [ 1 ] ]")
  await nothingGoesOn()
})

test('a cell that waits for input or for a module is stopped', async () => {
  const asks = driver.start(`await globalThis[Symbol.for('recurlab.notebook')].input('? ')`, { allowStdin: true })
  await driver.until((all) => all.find((one) => one.type === 'input'))
  driver.stop(asks.id)
  assert.equal((await asks.ended).failure?.ename, 'Interrupted')
  const imports = driver.start(`await $rl.import('../lib/none', {})`)
  await driver.until((all) => all.find((one) => one.type === 'modules'))
  driver.stop(imports.id)
  assert.equal((await imports.ended).failure?.ename, 'Interrupted')
  assert.equal(await value('1'), '1')
})

test('a package that is being loaded when its cell is stopped is loaded to its end, so that it can be used', async (t) => {
  const cwd = mkdtempSync(path.join(os.tmpdir(), 'recurlab-package-'))
  const folder = path.join(cwd, 'node_modules', 'slow')
  mkdirSync(folder, { recursive: true })
  writeFileSync(path.join(folder, 'package.json'), '{ "name": "slow", "type": "module", "main": "index.js" }')
  const slow = `console.log('on'); for (const end = Date.now() + 400; Date.now() < end; ); export const n = 7`
  writeFileSync(path.join(folder, 'index.js'), slow)
  const own = await startDriver({ cwd })
  t.after(async () => {
    await own.close()
    rmSync(cwd, { recursive: true })
  })
  const cell = own.start(`let seen; await $rl.import('slow', { n: ['n', (value) => { seen = value }] }); while (true);`)
  await own.until(() => (own.printed(cell.id) === 'on\n' ? true : undefined))
  own.stop(cell.id)
  assert.equal((await cell.ended).failure?.ename, 'Interrupted')
  const again = await own.run(`await $rl.import('slow', { n: ['n', (value) => { seen = value }] }); $rl.result(seen)`)
  assert.equal(again.result, '7', again.failure?.evalue)
})

test('a stop between cells does nothing', async () => {
  const { id } = await driver.run('1')
  driver.stop(id)
  driver.stop(id, true)
  assert.equal((await driver.run('$rl.resumed(await pause(300)); $rl.result(2)')).result, '2')
})

test('a timer of an earlier cell that keeps the process busy is stopped with the cell that waits for its turn', async () => {
  const first = await driver.run(`n = 0; setTimeout(() => { ${on} while (true) n++ }, 1)`)
  await driver.until(() => (driver.printed(first.id) === 'on\n' ? true : undefined))
  const waits = driver.start('log = []; log.push(1)')
  driver.stop(waits.id)
  assert.equal((await waits.ended).failure?.ename, 'Interrupted')
  assert.notEqual(await value('log'), '[ 1 ]')
  await nothingGoesOn()
})

test('what a cell started before it ended is not touched by the stop of a later one', async () => {
  await driver.run('n = 0; let ticking = setInterval(() => n++, 1)')
  await stopped(`${on} while (true);`)
  assert.equal(
    (await driver.run('was = n; await pause(60); $rl.result(n > was); clearInterval(ticking)')).result,
    'true',
  )
})

test('forced stops, one after the other, leave the process as it was', async () => {
  for (let i = 0; i < 10; i++)
    await stopped(`await null; ${on} while (true) { if (i % 2) await null; n++ }`.replace('i %', `${i} %`))
  assert.equal(await value('[1, 2].map((x) => x * 2)'), '[ 2, 4 ]')
  assert.equal(driver.raw(), '')
})

/** Waits until the cell's work has begun. */
async function begun(id: number): Promise<void> {
  await driver.until(() => (driver.printed(id).includes('begun\n') ? true : undefined))
}
