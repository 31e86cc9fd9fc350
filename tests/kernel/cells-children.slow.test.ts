import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Driver, startDriver } from './cells-driver.js'

const skip = existsSync('/proc/self/stat') ? false : 'processes are found in /proc'

let driver: Driver
before(async () => {
  driver = await startDriver()
  await driver.run(
    "let keep = 1; let cp; cp = require('node:child_process'); let wait; wait = (child) => new Promise((r) => child.on('exit', r))",
  )
})
after(() => driver.close())

/** Stops the cell when it has printed its child's number, and gives that. */
async function stopped(code: string): Promise<number> {
  const cell = driver.start(code)
  const pid = await driver.until(() => /pid (\d+)/.exec(driver.printed(cell.id) + driver.raw())?.[1])
  driver.stop(cell.id)
  assert.equal((await cell.ended).failure?.ename, 'Interrupted')
  assert.equal((await driver.run('$rl.result(keep + 1)')).result, '2')
  return Number(pid)
}

/** Resolves when a process has ended: its parent may still have to take note of that. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return
    } catch {
      return
    }
    await setTimeout(20)
  }
}

/** A program that prints its number to where the cell prints, and runs for a minute. */
const LONG = 'echo pid $$ >&2; sleep 60; sleep 60'
const inherit = `{ stdio: ['ignore', 'pipe', 'inherit'] }`

for (const [name, call] of Object.entries({
  spawnSync: `cp.spawnSync('sh', ['-c', ${JSON.stringify(LONG)}], ${inherit})`,
  execSync: `cp.execSync(${JSON.stringify(LONG)}, ${inherit})`,
  execFileSync: `cp.execFileSync('sh', ['-c', ${JSON.stringify(LONG)}], ${inherit})`,
  'execSync of a program that does not hear SIGINT': `cp.execSync(${JSON.stringify(`trap '' INT; ${LONG}`)}, ${inherit})`,
  'execSync whose background process holds the pipe': `cp.execSync(${JSON.stringify(`${LONG} & wait`)}, ${inherit})`,
}))
  test(`a stop reaches the child of ${name}, the cell ends and state is kept`, { skip }, async () => {
    const own = await startDriver()
    try {
      await own.run("let keep = 1; let cp; cp = require('node:child_process')")
      const cell = own.start(`${call}; keep = 5`)
      const pid = await own.until(() => /pid (\d+)/.exec(own.raw())?.[1])
      own.stop(cell.id)
      assert.equal((await cell.ended).failure?.ename, 'Interrupted')
      assert.equal((await own.run('$rl.result(keep + 1)')).result, '2')
      await gone(Number(pid))
    } finally {
      await own.close()
    }
  })

test('code after a child that a stop has ended does not run', { skip }, async () => {
  // The interrupting thread is busy with the many processes when the first of them, which the cell waits for, has ended.
  const many = 'for i in $(seq 80); do sleep 60 & done; echo many $$ >&2; wait'
  const own = await startDriver()
  try {
    await own.run("let after = 0; let cp; cp = require('node:child_process')")
    for (let stop = 1; stop <= 5; stop++) {
      const cell = own.start(
        `cp.spawnSync('sh', ['-c', ${JSON.stringify(many)}], { stdio: ['ignore', 'ignore', 'inherit'] }); after++`,
      )
      await own.until(() => own.raw().match(/many \d+/g)?.[stop - 1])
      own.stop(cell.id)
      assert.equal((await cell.ended).failure?.ename, 'Interrupted')
      assert.equal((await own.run('$rl.result(after)')).result, '0')
    }
  } finally {
    await own.close()
  }
})

test('a stop ends what the cell has started beside itself, also when it does not hear SIGINT', { skip }, async () => {
  const started = (
    more: string,
  ): string => `const kid = cp.spawn('sh', ['-c', ${JSON.stringify(`${more}sleep 60; sleep 60`)}])
    console.log('pid', kid.pid); await wait(kid)`
  await gone(await stopped(started('')))
  await gone(await stopped(started("trap '' INT; ")))
  const code = `const running = cp.exec('sleep 60'); console.log('pid', running.pid); while (true);`
  await gone(await stopped(code))
})

test('what an earlier cell has started, and what is to outlive its cell, goes on', { skip }, async () => {
  await driver.run(`let earlier; earlier = cp.spawn('sleep', ['60'])`)
  const detached =
    await stopped(`const kid = cp.spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }); kid.unref()
    console.log('pid', kid.pid); await new Promise(() => {})`)
  await setTimeout(300)
  assert.ok(existsSync(`/proc/${detached}/stat`))
  process.kill(detached, 'SIGKILL')
  assert.equal(
    (await driver.run(`$rl.result([earlier.exitCode, earlier.signalCode]); earlier.kill()`)).result,
    '[ null, null ]',
  )
})

test('a child that ended by itself, and a call that fails, are what they were', async () => {
  const { result } =
    await driver.run(`let thrown; try { cp.execSync('exit 3', { stdio: 'pipe' }) } catch (e) { thrown = e.status }
    $rl.result([cp.spawnSync('echo', ['x']).stdout.toString(), thrown, cp.execFileSync('echo', ['y'], { encoding: 'utf8' })])`)
  assert.equal(result, "[ 'x\\n', 3, 'y\\n' ]")
})
