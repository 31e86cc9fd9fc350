import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import { buildKernels, kernelsKey, knownKernels, refuseKernels } from '../../lib/backend/kernels/build.mjs'
import { fastPath, freeKernelMemory, kernels, setFast, switchedOn } from '../../lib/backend/kernels.js'
import { UserError } from '../../lib/errors.js'
import { sha256 } from '../../lib/files/atomic.js'
import { disposeModel, initialModel } from '../../lib/model/model.js'
import { findCompiler } from '../../lib/setup/platform.mjs'
import { disposeState, initialState, trainStep } from '../../lib/train/step.js'
import { whyNoKernels } from '../kernels.js'
import { randomBatch, stepOptions, tinyShape } from '../model/tiny.js'
import { root } from '../setup-helpers.js'
import { testLoader } from '../shared.js'

const run = promisify(execFile)
const compiler = await findCompiler()
const lacking = await whyNoKernels()
const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-kernels-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Names of what the processor at hand can do. */
const processor = process.arch === 'x64' ? readFileSync('/proc/cpuinfo', 'utf8') : ''

/** Machines that kernels are compiled for: the processor's widest vectors and narrower ones. */
const machines = [
  '-march=native',
  ...(/\bavx2\b/.test(processor) && /\bfma\b/.test(processor) ? ['-mavx2 -mfma'] : []),
  ...(process.arch === 'x64' ? ['-msse4.2'] : []),
]

const source = path.join(root, 'tests', 'backend', 'kernels-check.cc')
const FLAGS = [
  ...['-O1', '-std=c++17', '-w', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
  // The address sanitizer finds these too: checks of their own cost a sixth of the compiler's time.
  '-fno-sanitize=null,object-size,vptr',
  // GCC then allocates registers for a function and not for each of its loops: half the work, and no number changes.
  ...(compiler && /^g\+\+/.test(path.basename(compiler)) ? ['-fira-region=one'] : []),
]

/** Compiles the check for a machine and returns the program. */
async function compiledCheck(machine: string): Promise<string> {
  const program = path.join(folder, `check${machine.replace(/\W+/g, '')}`)
  await run(compiler!, [...FLAGS, ...machine.split(' '), source, '-o', program, '-lpthread'])
  return program
}

/** Runs the check at random sizes of each kernel, 12 of each unless told, and returns what it prints. */
async function checked(program: string, environment: Record<string, string> = {}, sizes = 12): Promise<string> {
  // What threads of the pool hold is never freed: they run to the end.
  const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0', ...environment }
  return (await run(program, [String(sizes)], { env })).stdout
}

for (const machine of machines)
  test(`compiled with ${machine} the kernels equal plain loops, and the address sanitizer finds nothing`, {
    skip: compiler ? false : 'no C++ compiler was found',
  }, async () => {
    const program = await compiledCheck(machine)
    const found = await checked(program)
    assert.match(found, /^0 failures/m)
    const units = kernels()?.units.bfloat16
    if (machine !== '-march=native' || !units) return
    assert.match(found, units === 'AMX' ? /AMX/ : /AVX-512 BF16/)
    if (units !== 'AMX') return
    // Without its tiles the program computes as on a processor that has none, at half the speed.
    const untiled = await checked(program, { RECURLAB_AMX: '0' }, 6)
    assert.match(untiled, /^0 failures/m)
    assert.match(untiled, /AVX-512 BF16/)
  })

test('the kernels compile for a processor without AMX', {
  skip: compiler ? false : 'no C++ compiler is here',
}, async () => {
  await run(compiler!, [...FLAGS, '-march=native', '-DRECURLAB_NO_AMX', '-fsyntax-only', source])
})

test('the kernels are loaded with the native backend, say so, and can be turned off', { skip: lacking }, () => {
  assert.ok(kernels())
  assert.equal(setFast(false), true)
  assert.equal(kernels(), null)
  assert.deepEqual(fastPath(), { on: false, reason: 'turned off', units: null, build: null })
  setFast(true)
  const { build, ...path } = fastPath()
  assert.deepEqual(path, { on: true, reason: 'compiled for this processor', units: kernels()!.units })
  assert.match(build ?? '', /^[0-9a-f]{12}$/)
})

test('a kernel whose inputs do not fit fails with what it expected, and the process goes on', { skip: lacking }, () => {
  const fast = kernels()!
  const [x, weight, none] = [tf.zeros([2, 3, 4]), tf.zeros([7]), tf.zeros([0])]
  const recurse = (change: object, ...program: number[]): tf.Tensor[] =>
    fast.run(
      'RecurlabRecurse',
      {
        ...{ latents: 1, ends: 1, sublayers: 2, weights: 4, limbs: 0, mixing: 5, inner: 5, heads: 0, save: false },
        ...change,
      },
      [tf.tensor2d(program, [1, 6]), x, none, none, x, weight, weight, weight, weight],
      2,
    )
  assert.throws(() => recurse({}, 0, 2, 0, -1, -1, 0), /weights that fit x/)
  assert.throws(() => recurse({}, 0, 2, 2, -1, -1, 0), /earlier states/)
  assert.throws(() => recurse({}, 0, 2, 0, 0, -1, 0), /distinct addends/)
  assert.throws(() => recurse({}, 0, 3, 0, -1, -1, 0), /existing sublayers/)
  assert.throws(() => recurse({}, 0, 2, 0, -1, -1, -1), /an assignment for each end/)
  assert.throws(() => recurse({ limbs: 2 }, 0, 2, 0, -1, -1, 0), /limbs that this processor supports/)
  assert.throws(() => recurse({ mixing: 0 }, 0, 2, 0, -1, -1, 0), /inner sizes/)
  assert.throws(() => fast.run('RecurlabPack', { layout: 9 }, [tf.zeros([2, 2])], 1), /a layout from 0 to 5/)
  assert.equal(tf.sum(tf.ones([3])).dataSync()[0], 3)
})

test('the memory that is kept for the next step can be given back, and the next step is what it would have been', {
  skip: lacking,
}, () => {
  const shape = tinyShape({ mixer: 'mlp', positions: 'none', hidden: 128, expansion: 4, seqLen: 63, T: 1, n: 6 })
  const losses = (between: () => void): number[] => {
    const state = initialState(initialModel(shape, 1), 64, 0.9, 1)
    const made = [0, 1, 2].map((seed) => {
      const { loss } = trainStep(state, randomBatch(shape, 64, seed), stepOptions)
      between()
      return loss
    })
    disposeState(state)
    disposeModel(state.model)
    return made
  }
  const kept = losses(() => {})
  const before = process.memoryUsage.rss()
  freeKernelMemory()
  const freed = before - process.memoryUsage.rss()
  // The tape alone, 14 states of 64 rows of 64 tokens.
  assert.ok(freed > 14 * 64 * 64 * 128 * 4 * 0.9, `${freed} bytes`)
  assert.deepEqual(losses(freeKernelMemory), kept)
})

for (const variable of ['RECURLAB_FAST', 'RECURLAB_AMX'] as const)
  test(`${variable} takes 0 and 1 only`, () => {
    assert.equal(switchedOn(variable, '0'), false)
    assert.equal(switchedOn(variable, '1'), true)
    assert.equal(switchedOn(variable, undefined), true)
    assert.throws(() => switchedOn(variable, 'no'), UserError)
  })

test('with RECURLAB_AMX=0 float32 is computed by vectors, as without matrix units, and equals plain operations', {
  skip: lacking || (kernels()!.units.float32 === 'AMX' ? false : 'this processor has no AMX'),
}, async () => {
  // In a runner of its own, so not as a part of this one.
  const { NODE_TEST_CONTEXT: _, ...inherited }: NodeJS.ProcessEnv = process.env
  const env = { ...inherited, RECURLAB_AMX: '0' }
  const script = path.join(root, 'lib', 'cli', 'recurlab.mjs')
  const { stdout } = await run(process.execPath, [script, 'doctor'], { env })
  assert.match(stdout.replace(/\s+/g, ' '), /fused kernels, float32 with vectors, bfloat16 with AVX-512 BF16/)
  const tests = path.join(root, 'tests', 'model', 'fused.slow.test.ts')
  const { stdout: results } = await run(process.execPath, ['--import', testLoader, '--test', tests], { env, cwd: root })
  assert.match(results, /^# fail 0$/m)
  assert.match(results, /^# skipped 0$/m)
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

/** A checkout with nothing but the kernels' sources, or what stands for them. */
function checkout(name: string, source: string): string {
  const place = path.join(folder, name)
  mkdirSync(path.join(place, 'lib', 'backend', 'kernels'), { recursive: true })
  mkdirSync(path.join(place, '.recurlab', 'native', 'cpu', 'tensorflow'), { recursive: true })
  writeFileSync(path.join(place, '.recurlab', 'native', 'cpu', 'tensorflow', 'libtensorflow_cc.so.2'), '')
  writeFileSync(path.join(place, 'lib', 'backend', 'kernels', 'register.cc'), source)
  return place
}

test('a library is for one processor and one state of the sources: with another of either it has another name', () => {
  const [a, b] = [checkout('a', 'int a;\n'), checkout('b', 'int b;\n')]
  assert.equal(kernelsKey(a, 'Xeon avx2'), kernelsKey(a, 'Xeon avx2'))
  assert.notEqual(kernelsKey(a, 'Xeon avx2'), kernelsKey(a, 'Xeon avx2 avx512f'))
  assert.notEqual(kernelsKey(a, 'Xeon avx2'), kernelsKey(b, 'Xeon avx2'))
})

test('sources that do not compile are a reason that is kept, and no failure; only a retry compiles them again', {
  skip: compiler ? false : 'no C++ compiler was found',
}, async () => {
  const place = checkout('broken', 'int x = nonsense;\n')
  assert.equal(knownKernels(place), null)
  let starts = 0
  const onStart = (): void => {
    starts++
  }
  const first = await buildKernels(place, { onStart })
  assert.equal(first.file, null)
  assert.match(first.problem!, /could not compile them: .*nonsense/)
  assert.deepEqual(await buildKernels(place, { onStart }), first)
  assert.equal(starts, 1)
  await buildKernels(place, { onStart, retry: true })
  assert.equal(starts, 2)
})

test('what fails for another reason than the sources is tried again at the next start', {
  skip: compiler ? false : 'no C++ compiler was found',
}, async () => {
  const place = checkout('killed', 'int x;\n')
  const before = process.env.CXX
  process.env.CXX = '/bin/false'
  try {
    assert.match((await buildKernels(place)).problem!, /could not compile them/)
  } finally {
    if (before === undefined) delete process.env.CXX
    else process.env.CXX = before
  }
  assert.equal(knownKernels(place), null)
})

test('a library that does not run is removed, with the reason', () => {
  const place = checkout('refused', 'int x;\n')
  const file = path.join(place, '.recurlab', 'native', 'kernels', kernelsKey(place), 'recurlab_kernels.node')
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, 'not a library')
  assert.equal(knownKernels(place), null, 'without its SHA-256 it is not loaded')
  writeFileSync(`${file}.sha256`, `${sha256('not a library')}\n`)
  assert.deepEqual(knownKernels(place), { file, problem: null })
  writeFileSync(file, 'not a librarY')
  assert.equal(knownKernels(place), null, 'a damaged one is compiled anew')
  refuseKernels(file, 'it crashes')
  assert.deepEqual(knownKernels(place), { file: null, problem: 'it crashes' })
})
