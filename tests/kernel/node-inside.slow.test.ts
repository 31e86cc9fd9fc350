import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import vm from 'node:vm'
import { isLoadingPackage, isSafePlace } from '../../lib/kernel/cells/async-stack.js'
import { watchChildren } from '../../lib/kernel/cells/children.js'
import { collectGarbage } from '../../lib/kernel/compiler/garbage.js'
import { root, startDriver } from './cells-driver.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-inside-'))
after(() => rmSync(folder, { recursive: true, force: true }))

for (const [name, remove] of [
  ['Module._resolveFilename', 'delete Module._resolveFilename'],
  ['Module._extensions', 'delete Module._extensions'],
  ['Module.prototype._compile', 'delete Module.prototype._compile'],
] as const)
  test(`a Node without ${name} is named when TypeScript is to be loaded`, () => {
    const file = path.join(folder, `${name}.mjs`)
    // Removed after Node has loaded what it needs it for.
    writeFileSync(
      file,
      `import Module from 'node:module'
      import { registerTypeScript } from ${JSON.stringify(path.join(root, 'lib', 'typescript', 'hook.mjs'))}
      ${remove}
      registerTypeScript(${JSON.stringify(root)})`,
    )
    const { status, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' })
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`Error: Node v[\\d.]+ has no ${name}, by which Recurlab loads its TypeScript`))
  })

test('where a Node writes stacks as text, a stop takes every place for one where code can be ended', () => {
  const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
  Object.defineProperty(Error, 'prepareStackTrace', { get: () => undefined, set() {}, configurable: true })
  try {
    const here = (): boolean[] => [isSafePlace(here), isLoadingPackage(here, true)]
    assert.deepEqual(here(), [true, false])
  } finally {
    if (before) Object.defineProperty(Error, 'prepareStackTrace', before)
    else Reflect.deleteProperty(Error, 'prepareStackTrace')
  }
})

test('the names of modules of Node tell a place where its timers are being changed', async () => {
  const driver = await startDriver()
  try {
    const stack = JSON.stringify(path.join(root, 'lib', 'kernel', 'cells', 'async-stack.ts'))
    const { result } = await driver.run(`const { isSafePlace } = require(${stack}); const seen = []
      const look = () => { seen.push(isSafePlace(look)); return 1 }
      look(); setTimeout(() => {}, { valueOf: look }); $rl.result(seen)`)
    assert.equal(result, '[ true, false ]')
  } finally {
    await driver.close()
  }
})

test('without hooks on promises cells run', async () => {
  const file = path.join(folder, 'no-hooks.cjs')
  writeFileSync(file, `require('node:v8').promiseHooks = undefined`)
  const driver = await startDriver({ env: { ...process.env, NODE_OPTIONS: `--require ${file}` } })
  try {
    assert.equal((await driver.run(`$rl.result(require('node:v8').promiseHooks)`)).result, null)
    assert.equal((await driver.run('$rl.result($rl.resumed(await 2))')).result, '2')
  } finally {
    await driver.close()
  }
})

test('without the method by which Node starts child processes, they are started all the same', () => {
  const prototype = {}
  watchChildren({ waitsForChild: 0 }, prototype)
  assert.deepEqual(prototype, {})
  const { stdout } = spawnSync(process.execPath, ['-p', '1 + 1'], { encoding: 'utf8' })
  assert.equal(stdout, '2\n')
})

test('where V8 does not give out its garbage collector, the compiler goes on without it', (t) => {
  t.mock.method(vm, 'runInNewContext', () => {
    throw new ReferenceError('gc is not defined')
  })
  collectGarbage()
  assert.equal((vm.runInNewContext as unknown as { mock: { callCount(): number } }).mock.callCount(), 1)
})
