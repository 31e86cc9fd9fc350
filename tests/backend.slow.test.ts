import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { instructionSet, nvidiaGpus, threadCount } from '../lib/backend/machine.js'
import { matmul2d } from '../lib/backend/matmul.js'
import { memory } from '../lib/backend/memory.js'
import { backendFromEnvironment, startBackend } from '../lib/backend/start.js'
import { BACKENDS, type BackendName } from '../lib/backend/types.js'
import { UserError } from '../lib/errors.js'
import fc from './fast-check.js'
import { bareCheckout, root, runNode } from './setup-helpers.js'
import { tsx } from './shared.js'

/** Why a backend cannot be tested here, or false. */
const lacking: Partial<Record<BackendName, string | false>> = {}
for (const name of BACKENDS) lacking[name] = await whyNot(name)

async function whyNot(name: BackendName): Promise<string | false> {
  // The two TensorFlow libraries cannot be in one process; the GPU's is tested where there is one, in its own process.
  if (name === 'tfjs-node-gpu') return nvidiaGpus().length > 0 ? 'has a process of its own' : 'there is no NVIDIA GPU'
  try {
    await startBackend({ backend: name })
    return false
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

for (const name of ['tfjs-node', 'wasm', 'cpu'] as const) {
  test(`on ${name} matmul2d is the product of two matrices, with and without transposes`, {
    skip: lacking[name] ?? false,
  }, async () => {
    await startBackend({ backend: name })
    assert.equal(tf.getBackend(), name === 'tfjs-node' ? 'tensorflow' : name)
    const size = fc.integer({ min: 1, max: 9 })
    fc.assert(
      fc.property(
        size,
        size,
        size,
        fc.boolean(),
        fc.boolean(),
        fc.integer(),
        (m, k, n, transposeA, transposeB, seed) => {
          const a = values(m * k, seed)
          const b = values(k * n, seed + 1)
          const tensors = memory().tensors
          const product = tf.tidy(() => {
            const left = tf.tensor2d(transposeA ? transposed(a, m, k) : a, transposeA ? [k, m] : [m, k])
            const right = tf.tensor2d(transposeB ? transposed(b, k, n) : b, transposeB ? [n, k] : [k, n])
            return matmul2d(left, right, transposeA, transposeB)
          })
          assert.deepEqual(product.shape, [m, n])
          closeTo(product.dataSync(), plainProduct(a, b, m, k, n))
          product.dispose()
          assert.equal(memory().tensors, tensors, 'tensors are left behind')
        },
      ),
      { numRuns: 40 },
    )
  })

  test(`on ${name} gradients are registered`, { skip: lacking[name] ?? false }, async () => {
    await startBackend({ backend: name })
    const gradient = tf.tidy(() =>
      tf
        .grad((x) => tf.sum(tf.matMul(x, x)))(tf.tensor2d([1, 2, 3, 4], [2, 2]))
        .dataSync(),
    )
    closeTo(gradient, [7, 11, 9, 13])
  })
}

test('matmul2d names inner dimensions that differ', async () => {
  await startBackend()
  tf.tidy(() => {
    assert.throws(() => matmul2d(tf.zeros([2, 3]), tf.zeros([2, 3])), /inner dimensions differ: 3 and 2/)
  })
})

test('the record says which backend computes, and why', async () => {
  const choice = await startBackend({ backend: 'cpu' })
  assert.equal(choice.name, 'cpu')
  assert.equal(choice.threads, 1)
  assert.match(choice.reason, /requested with backend cpu/)
  assert.equal(await startBackend(), choice)
})

test('RECURLAB_BACKEND forces a backend, and one that does not exist is refused', () => {
  assert.equal(backendFromEnvironment('wasm'), 'wasm')
  assert.equal(backendFromEnvironment(''), null)
  for (const wrong of ['WASM', 'gpu', '__proto__', ' '])
    assert.throws(
      () => backendFromEnvironment(wrong),
      (error) =>
        error instanceof UserError && /expected one of tfjs-node-gpu, tfjs-node, wasm, cpu/.test(error.message),
    )
})

test('RECURLAB_THREADS is a whole number from 1 to 1024', () => {
  assert.equal(threadCount('3'), 3)
  assert.ok(threadCount('') >= 1)
  for (const wrong of ['0', '-1', '1.5', 'all', '1025']) assert.throws(() => threadCount(wrong), UserError)
})

test('the instruction set is read from the processor flags', () => {
  assert.equal(instructionSet('flags\t\t: fpu avx avx2 fma avx512f amx_tile\n'), 'AVX AVX2 FMA AVX-512 AMX')
  assert.equal(instructionSet('Features\t: fp asimd\n'), 'NEON')
  assert.equal(instructionSet(null), process.arch)
  assert.equal(instructionSet('flags : sse2\n'), process.arch)
})

test('what set-up could not build is named with its reason, and wasm takes over', (t) => {
  const folder = bareCheckout(t)
  const script =
    "const { startBackend } = await import('./lib/backend/start.ts'); console.log(JSON.stringify(await startBackend()))"
  const args = ['--import', tsx, '--input-type=module', '-e', script]
  const { stdout, stderr } = runNode(folder, args, { RECURLAB_BACKEND: '' })
  assert.match(stdout, /"name":"wasm".*not tfjs-node: it is not set up/, stderr)
  const forced = runNode(folder, args, { RECURLAB_BACKEND: 'tfjs-node' })
  assert.equal(forced.status, 1)
  assert.match(forced.stderr, /RECURLAB_BACKEND=tfjs-node: .*it is not set up\. Run npm run setup\./)
})

test('modules loaded with import and with require share one engine', { skip: lacking['tfjs-node'] ?? false }, () => {
  const script = `require('./lib/typescript/hook.mjs').registerTypeScript(process.cwd())
    const { startBackend } = require('./lib/backend/index.ts')
    startBackend({ backend: 'tfjs-node' }).then(async () => {
      const imported = await import('@tensorflow/tfjs-core')
      const native = require('@tensorflow/tfjs-node')
      console.log(imported.getBackend(), imported.engine() === native.engine(), imported.Tensor === native.Tensor)
    })`
  const { stdout, stderr } = runNode(root, ['--input-type=commonjs', '-e', script])
  assert.equal(stdout, 'tensorflow true true\n', stderr)
  assert.equal(stderr, '')
})

function values(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.sin(seed * 0.37 + i * 1.7))
}

/** `[rows, columns]` to `[columns, rows]`. */
function transposed(a: readonly number[], rows: number, columns: number): number[] {
  return Array.from({ length: rows * columns }, (_, i) => a[(i % rows) * columns + Math.floor(i / rows)] ?? Number.NaN)
}

function plainProduct(a: readonly number[], b: readonly number[], m: number, k: number, n: number): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    let sum = 0
    for (let i = 0; i < k; i++)
      sum += (a[Math.floor(at / n) * k + i] ?? Number.NaN) * (b[i * n + (at % n)] ?? Number.NaN)
    return sum
  })
}

function closeTo(found: ArrayLike<number>, expected: readonly number[]): void {
  assert.equal(found.length, expected.length)
  for (const [i, value] of expected.entries())
    assert.ok(Math.abs((found[i] ?? Number.NaN) - value) < 1e-5, `at ${i}: expected ${value}, found ${found[i]}`)
}
