import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { startBackend } from '../../lib/backend/index.js'
import { kernelsFile, kernelsKey } from '../../lib/backend/kernels/build.mjs'
import { fastFromEnvironment, fastPath, kernels, setFast } from '../../lib/backend/kernels.js'
import { UserError } from '../../lib/errors.js'
import { findCompiler } from '../../lib/setup/platform.mjs'
import { root } from '../setup-helpers.js'

const run = promisify(execFile)
const compiler = await findCompiler()
const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-kernels-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** What the processor can do besides its own widest vectors. */
function narrower(): string[] {
  if (process.arch !== 'x64') return []
  const flags = readFileSync('/proc/cpuinfo', 'utf8')
  return [...(/\bavx2\b/.test(flags) && /\bfma\b/.test(flags) ? ['-mavx2 -mfma'] : []), '-msse4.2']
}

for (const machine of ['-march=native', ...narrower()])
  test(`compiled with ${machine} the kernels equal plain loops, and the address sanitizer finds nothing`, {
    skip: compiler ? false : 'no C++ compiler is here',
  }, async () => {
    const program = path.join(folder, `check${machine.replace(/\W+/g, '')}`)
    const flags = ['-O1', '-std=c++17', '-w', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined']
    const source = path.join(root, 'tests', 'backend', 'kernels-check.cc')
    await run(compiler!, [...flags, ...machine.split(' '), source, '-o', program, '-lpthread'])
    // What threads of the pool hold is never freed: they run to the end.
    const { stdout } = await run(program, ['12'], { env: { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' } })
    assert.match(stdout, /^0 failures/m)
  })

test('the kernels are loaded with the native backend, say so, and can be turned off', async (t) => {
  const { name, fast } = await startBackend()
  if (name !== 'tfjs-node' || !fast.on) return t.skip(`no kernels here: ${fast.reason}`)
  assert.ok(kernels())
  setFast(false)
  assert.equal(kernels(), null)
  assert.deepEqual(fastPath(), { on: false, reason: 'turned off' })
  setFast(true)
  assert.deepEqual(fastPath(), { on: true, reason: 'compiled for this processor' })
})

test('a kernel whose inputs do not fit fails with what it expected, and the process goes on', async (t) => {
  await startBackend()
  const fast = kernels()
  if (!fast) return t.skip('no kernels here')
  const tf = await import('@tensorflow/tfjs-core')
  const [x, weights] = [tf.zeros([2, 3, 4]), tf.zeros([7])]
  assert.throws(() => fast.run('RecurlabChannels', { save: false }, [x, weights, weights], 3), /weights that fit x/)
  assert.throws(() => fast.run('RecurlabPack', { layout: 9 }, [tf.zeros([2, 2])], 1), /a layout from 0 to 5/)
  assert.equal(tf.sum(tf.ones([3])).dataSync()[0], 3)
})

test('RECURLAB_FAST takes 0 and 1 only', () => {
  assert.equal(fastFromEnvironment('0'), false)
  assert.equal(fastFromEnvironment('1'), true)
  assert.equal(fastFromEnvironment(undefined), true)
  assert.throws(() => fastFromEnvironment('no'), UserError)
})

test('with RECURLAB_FAST=0 nothing is loaded, and doctor says why', async () => {
  const script = path.join(root, 'lib', 'cli', 'recurlab.mjs')
  const { stdout } = await run(process.execPath, [script, 'doctor', '--json'], {
    env: { ...process.env, RECURLAB_FAST: '0' },
  })
  const { backend } = JSON.parse(stdout) as { backend: { name: string; fast: { on: boolean; reason: string } } }
  assert.equal(backend.fast.on, false)
  if (backend.name === 'tfjs-node') assert.equal(backend.fast.reason, 'turned off by RECURLAB_FAST=0')
})

test('the library is named after the processor and the sources', () => {
  const key = kernelsKey(root)
  assert.match(key, /^[0-9a-f]{24}$/)
  assert.ok(kernelsFile(root, key).includes(key))
})
