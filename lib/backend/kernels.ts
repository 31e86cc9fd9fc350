import { createRequire } from 'node:module'
import * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../errors.js'
import { projectFolder } from '../files/places.js'
import { buildKernels } from './kernels/build.mjs'
import { type NativeBackend, nativeBackend } from './native.js'

/** The fused kernels, as operations that TensorFlow executes. */
export interface Kernels {
  /**
   * Runs one operation; not recorded for gradients.
   *
   * @param attributes whole numbers and booleans
   * @param outputs how many tensors it returns
   * @returns float32 tensors
   * @throws Error with the kernel's reason when shapes do not fit
   */
  run(
    op: string,
    attributes: Readonly<Record<string, number | boolean>>,
    inputs: readonly tf.Tensor[],
    outputs: number,
  ): tf.Tensor[]
  readonly units: Units
  /** That share the work of a kernel. */
  readonly threads: number
}

/** What multiplies matrices in the fused kernels. */
export interface Units {
  /** Products of bfloat16; null: nothing, so that there are no operations for it. */
  readonly bfloat16: 'AMX' | 'AVX-512 BF16' | null
  /** Products of float32. AMX: three bfloat16 stand for a number, and all of its 24 bits count. */
  readonly float32: 'AMX' | 'vectors'
}

/** What the blocks compute in: bfloat16 means products of bfloat16, with sums and all else in float32. */
export type Dtype = 'float32' | 'bfloat16'

/** What multiplies numbers of a type, for people. */
export function unitText(units: Units, dtype: Dtype): string {
  return dtype === 'float32' && units.float32 === 'AMX' ? 'AMX (three bfloat16 a number)' : String(units[dtype])
}

/** Whether the fused kernels compute, and why or why not. */
export interface FastPath {
  readonly on: boolean
  readonly reason: string
  /** Null: plain operations compute. */
  readonly units: Units | null
}

/** One per process, like the backend. */
interface Holder {
  loaded: Kernels | null
  reason: string
  on: boolean
}
const global = globalThis as { [key]?: Holder }
const key: unique symbol = Symbol.for('recurlab.kernels') as never

function holder(): Holder {
  global[key] ??= { loaded: null, reason: 'the native backend is not in use', on: true }
  return global[key]
}

/** The fused kernels; null where they cannot be had (another backend, no compiler) or are turned off. */
export function kernels(): Kernels | null {
  const { loaded, on } = holder()
  return on && loaded && nativeBackend() ? loaded : null
}

/**
 * Turns the fused kernels off and on again, for the whole process: plain operations compute the same.
 *
 * @returns whether they were on
 */
export function setFast(on: boolean): boolean {
  const held = holder()
  const before = held.on
  held.on = on
  return before
}

/**
 * Gives the system back the memory that the kernels keep for the next step: at the end of a run, or of trials. Without them
 * there is none.
 */
export function freeKernelMemory(): void {
  for (const bytes of holder().loaded?.run('RecurlabFreeMemory', {}, [], 1) ?? []) bytes.dispose()
}

/** Whether the fused kernels compute, with the reason, for `recurlab doctor` and every run's record. */
export function fastPath(): FastPath {
  const { loaded, reason, on } = holder()
  if (!loaded) return { on: false, reason, units: null }
  return on ? { on, reason, units: loaded.units } : { on, reason: 'turned off', units: null }
}

/** What RECURLAB_FAST and RECURLAB_AMX turn off with 0. */
const SWITCHES = {
  RECURLAB_FAST: ['0 for plain operations, or 1', 'the fused kernels where they can be had'],
  RECURLAB_AMX: ['0 for float32 by vectors instead of AMX, or 1', 'the matrix units where the processor has them'],
} as const

/** Whether an environment variable leaves something on. @throws UserError when it is neither 0 nor 1 */
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
 * Loads the fused kernels into the TensorFlow that computes on the processor. They are compiled first where that has not
 * been done for this processor and these sources. Never fails: what is missing becomes the reason.
 *
 * @param threads threads of one kernel
 */
export async function loadKernels(backend: NativeBackend, threads: number): Promise<void> {
  const held = holder()
  if (held.loaded) return
  // The library reads RECURLAB_AMX itself; here a mistake in it is told.
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
  // How the library is told; what a parent process was told must not count.
  process.env.RECURLAB_KERNEL_THREADS = String(threads)
  try {
    createRequire(import.meta.url)(file)
    const loaded = kernelsOf(backend, threads)
    tryOne(loaded)
    held.loaded = loaded
    held.reason = 'compiled for this processor'
  } catch (error) {
    held.reason = `they do not run here: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** @throws Error when an operation is missing, or returns another number than it should */
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
  // Dot products are half as fast as vectors of float32, so float32 is not made of them.
  return { run, units: { bfloat16, float32: bfloat16 === 'AMX' ? 'AMX' : 'vectors' }, threads }
}

/** By the number that RecurlabHalfUnits returns. */
const HALF_UNITS = [null, 'AVX-512 BF16', 'AMX'] as const
