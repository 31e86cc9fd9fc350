import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { type Driver, root, startDriver } from './cells-driver.js'

let driver: Driver
before(async () => {
  driver = await startDriver({ flags: ['--allow-natives-syntax'] })
})
after(() => driver.close())

const CRITICAL = JSON.stringify(path.join(root, 'lib', 'kernel', 'cells', 'critical.ts'))

/** Starts code that prints `on` when it is under way, and stops it then. */
async function stopped(code: string): Promise<void> {
  const cell = driver.start(code)
  await driver.until(() => (driver.printed(cell.id).includes('on\n') ? true : undefined))
  driver.stop(cell.id)
  assert.equal((await cell.ended).failure?.ename, 'Interrupted')
}

test('a stop that arrives at the call of a section that must not be torn does not tear it, and the next cell can be stopped', async () => {
  // V8 ends code at the entry of functions. Where it has inlined the section, there is none between the stop and the work.
  const cell = await driver.run(`
    let { critical, isCritical } = require(${CRITICAL}); let interrupt = globalThis[Symbol.for('recurlab.interrupt')]
    let begun = 0; let ended = 0
    function elsewhere() {} ; eval('%NeverOptimizeFunction(elsewhere)')
    function work() { begun++; elsewhere(); ended++ }
    function section(first) { first(); critical(work) }
    eval('%PrepareFunctionForOptimization(section)')
    for (let i = 0; i < 1000; i++) section([() => {}, () => i, function () {}, () => [i]][i % 4])
    eval('%OptimizeFunctionOnNextCall(section)'); section(() => {}); begun = ended = 0`)
  assert.equal(cell.failure, null)
  const torn = driver.start(`section(() => interrupt(${cell.id + 1}, true))`)
  assert.equal((await torn.ended).failure?.ename, 'Interrupted')
  const { result } = await driver.run('$rl.result([begun, ended, isCritical()])')
  assert.equal(result, '[ 0, 0, false ]')
  await stopped("console.log('on'); while (true);")
})

test('a second forced stop that makes Node forget what comes after the first one ends the cell all the same', async () => {
  const first = await driver.run(`
    const { AsyncResource } = require('node:async_hooks')
    globalThis.later = AsyncResource.bind(() => setImmediate(() => { console.log('busy'); while (true); }))`)
  const cell = driver.start("later(); console.log('on'); while (true);")
  await driver.until(() => (driver.printed(cell.id).includes('on\n') ? true : undefined))
  driver.stop(cell.id)
  assert.equal((await cell.ended).failure?.ename, 'Interrupted')
  assert.equal(driver.printed(first.id), 'busy\n')
  assert.equal((await driver.run('$rl.result(1 + 1)')).result, '2')
})
