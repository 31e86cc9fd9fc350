import { createRequire } from 'node:module'
import * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../errors.js'
import { readBytes, sha256 } from '../files/atomic.js'
import { projectFolder } from '../files/places.js'
import { buildKernels } from './kernels/build.mjs'
import { type NativeBackend, nativeBackend } from './native.js'

/** The fused kernels as operations of TensorFlow. */
export interface Kernels {
  /**
   * Runs one operation; not recorded for gradients.
   *
   * @param attributes integers and booleans
   * @param outputs number of returned tensors
   * @returns float32 tensors
   * @throws Error with the kernel's reason when shapes are incompatible
   */
  run(
    op: string,
    attributes: Readonly<Record<string, number | boolean>>,
    inputs: readonly tf.Tensor[],
    outputs: number,
  ): tf.Tensor[]
  readonly units: Units
  /** Threads per kernel. */
  readonly threads: number
}

/** Matrix units of the fused kernels. */
export interface Units {
  /** Unit for bfloat16 products; null when there is none, and no bfloat16 operations exist. */
  readonly bfloat16: 'AMX' | 'AVX-512 BF16' | null
  /** Unit for float32 products. AMX represents a number by three bfloat16 values, which preserves all 24 bits. */
  readonly float32: 'AMX' | 'vectors'
}

/** Data type of the blocks: bfloat16 computes products in bfloat16, and sums and everything else in float32. */
export type Dtype = 'float32' | 'bfloat16'

/** Names the matrix unit of a data type for display. */
export function unitText(units: Units, dtype: Dtype): string {
  return dtype === 'float32' && units.float32 === 'AMX' ? 'AMX (three bfloat16 per number)' : String(units[dtype])
}

/** State of the fused kernels, with the reason. */
export interface FastPath {
  readonly on: boolean
  readonly reason: string
  /** null when plain operations run instead. */
  readonly units: Units | null
  /** First twelve digits of the compiled library's SHA-256, which sources, compiler and processor decide; null without one. */
  readonly build: string | null
}

/** State per process, as for the backend. */
interface Holder {
  loaded: Kernels | null
  build: string | null
  reason: string
  on: boolean
}
const global = globalThis as { [key]?: Holder }
const key: unique symbol = Symbol.for('recurlab.kernels') as never

function holder(): Holder {
  global[key] ??= { loaded: null, build: null, reason: 'the native backend is not in use', on: true }
  return global[key]
}

/** Returns the fused kernels; null when they are unavailable (another backend, no compiler) or turned off. */
export function kernels(): Kernels | null {
  const { loaded, on } = holder()
  return on && loaded && nativeBackend() ? loaded : null
}

/**
 * Turns the fused kernels on or off for the whole process; plain operations compute the same results.
 *
 * @returns whether they were on before
 */
export function setFast(on: boolean): boolean {
  const held = holder()
  const before = held.on
  held.on = on
  return before
}

/**
 * Releases the memory that the kernels keep for the next step, at the end of a run or of trials. No-op without kernels.
 */
export function freeKernelMemory(): void {
  for (const bytes of holder().loaded?.run('RecurlabFreeMemory', {}, [], 1) ?? []) bytes.dispose()
}

/** Returns whether the fused kernels run, with the reason, for `recurlab doctor` and every run's record. */
export function fastPath(): FastPath {
  const { loaded, build, reason, on } = holder()
  if (!loaded) return { on: false, reason, units: null, build: null }
  return on ? { on, reason, units: loaded.units, build } : { on, reason: 'turned off', units: null, build: null }
}

/** Features that RECURLAB_FAST=0 and RECURLAB_AMX=0 turn off. */
const SWITCHES = {
  RECURLAB_FAST: ['0 for plain operations, or 1', 'the fused kernels if available'],
  RECURLAB_AMX: ['0 for float32 on vectors instead of AMX, or 1', 'the matrix units if the processor has them'],
} as const

/** Returns whether an environment variable leaves a feature on. @throws UserError when it is neither 0 nor 1 */
export function switchedOn(variable: keyof typeof SWITCHES, value = process.env[variable]): boolean {
  if (value === undefined || value === '' || value === '1') return true
  if (value === '0') return false
  const [expected, what] = SWITCHES[variable]
  throw new UserError({
    where: variable,
    expected,
    found: JSON.stringify(value),
    todo: `Unset it to use ${what}.`,
  })
}

/**
 * Loads the fused kernels into TensorFlow's CPU library, and compiles them first when there is no build for this
 * processor and these sources. Never throws: a failure becomes the recorded reason.
 *
 * @param threads threads per kernel
 */
export async function loadKernels(backend: NativeBackend, threads: number): Promise<void> {
  const held = holder()
  if (held.loaded) return
  // The library reads RECURLAB_AMX itself; this call only validates it.
  switchedOn('RECURLAB_AMX')
  if (!switchedOn('RECURLAB_FAST')) {
    held.reason = 'turned off by RECURLAB_FAST=0'
    return
  }
  const { file, problem } = await buildKernels(projectFolder, {
    onStart: () => process.stderr.write('recurlab: compiling the kernels for this processor (once, half a minute)\n'),
  })
  if (file === null) {
    held.reason = problem
    return
  }
  // The library reads this variable; a value inherited from a parent process must not count.
  process.env.RECURLAB_KERNEL_THREADS = String(threads)
  try {
    createRequire(import.meta.url)(file)
    const loaded = kernelsOf(backend, threads)
    tryOne(loaded)
    held.loaded = loaded
    held.build = sha256(readBytes(file)).slice(0, 12)
    held.reason = 'compiled for this processor'
  } catch (error) {
    held.reason = `they do not run on this machine: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** Runs one operation as a check. @throws Error when an operation is missing, or returns a wrong value */
function tryOne(loaded: Kernels): void {
  tf.tidy(() => {
    const [packed] = loaded.run('RecurlabPack', { layout: 4 }, [tf.tensor2d([5, 6], [2, 1])], 1)
    const numbers = packed!.dataSync().join()
    if (numbers !== '5,6') throw new Error(`RecurlabPack returns ${numbers}, not 5,6`)
  })
}

function kernelsOf(backend: NativeBackend, threads: number): Kernels {
  const { TF_ATTR_BOOL, TF_ATTR_INT } = backend.binding
  const run: Kernels['run'] = (op, attributes, inputs, outputs) =>
    backend.executeMultipleOutputs(
      op,
      Object.entries(attributes).map(([name, value]) => ({
        name,
        type: typeof value === 'boolean' ? TF_ATTR_BOOL : TF_ATTR_INT,
        value,
      })),
      inputs,
      outputs,
    )
  const units = tf.tidy(() => run('RecurlabHalfUnits', {}, [], 1)[0]!.dataSync()[0]!)
  const bfloat16 = HALF_UNITS[units] ?? null
  // AVX-512 BF16 products are half as fast as float32 vectors, so float32 is not composed of them.
  return { run, units: { bfloat16, float32: bfloat16 === 'AMX' ? 'AMX' : 'vectors' }, threads }
}

/** Unit names, indexed by the result of RecurlabHalfUnits. */
const HALF_UNITS = [null, 'AVX-512 BF16', 'AMX'] as const
