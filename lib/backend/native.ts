import { constants } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import util from 'node:util'
import * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../errors.js'
import { type JsonObject, readJson } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { projectFolder } from '../files/places.js'
import { canRunTensorFlow } from '../setup/machine.mjs'
import { nvidiaGpus } from './machine.js'
import { Unavailable } from './types.js'

const require = createRequire(import.meta.url)

/** An attribute of a TensorFlow operation, in the binding's form. */
export interface OpAttribute {
  readonly name: string
  /** One of the binding's `TF_ATTR_…` constants. */
  readonly type: number
  readonly value: unknown
}

/** The members of tfjs-node's backend that this project uses. */
export interface NativeBackend {
  readonly binding: {
    readonly TF_Version: string
    readonly TF_ATTR_BOOL: number
    readonly TF_ATTR_INT: number
    readonly TF_ATTR_TYPE: number
    readonly TF_FLOAT: number
  }
  readonly isUsingGpuDevice: boolean
  /** Runs one TensorFlow operation; not recorded for gradients. */
  executeSingleOutput(name: string, attributes: readonly OpAttribute[], inputs: readonly tf.Tensor[]): tf.Tensor
  /** Runs one TensorFlow operation with several results; not recorded for gradients. */
  executeMultipleOutputs(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly tf.Tensor[],
    outputs: number,
  ): tf.Tensor[]
}

/**
 * Loads tfjs-node (or, for a GPU, tfjs-node-gpu) and makes it the engine's backend.
 *
 * @param kind package to load
 * @param threads threads per operation; TensorFlow reads it from the environment once, at load
 * @throws Unavailable when it is not set up, or does not load
 */
export async function loadNative(kind: 'cpu' | 'gpu', threads: number): Promise<NativeBackend> {
  if (kind === 'gpu' && nvidiaGpus().length === 0)
    throw new Unavailable('there is no NVIDIA GPU', 'Use a machine with an NVIDIA GPU and its driver.')
  // A folder that was set up on another machine would otherwise end this process without a word.
  if (!canRunTensorFlow())
    throw new Unavailable(
      'this processor has no AVX, which TensorFlow needs',
      'Use the wasm backend, or another machine.',
    )
  checkRecord(kind)
  setEnvironment(threads)
  supplyOldUtilities()
  const packageName = kind === 'gpu' ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node'
  try {
    withoutDeprecations(() => require(packageName))
    await tf.setBackend('tensorflow')
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw new Unavailable(`${packageName} does not load (${reason})`, setUpCommand(kind), { cause: error })
  }
  return tf.backend() as unknown as NativeBackend
}

/** Returns the native backend when it is in use, else null. */
export function nativeBackend(): NativeBackend | null {
  return tf.getBackend() === 'tensorflow' ? (tf.backend() as unknown as NativeBackend) : null
}

/** Reads the record of set-up, so that a missing build is reported with set-up's own reason. */
function checkRecord(kind: 'cpu' | 'gpu'): void {
  const file = path.join(projectFolder, '.recurlab', 'setup', `native-${kind}.json`)
  const state = path.join(projectFolder, '.recurlab')
  if (fs.existsSync(state) && !isOpen(state))
    throw new Unavailable(`${state} belongs to another user`, 'Set up a checkout of your own.')
  if (!fs.existsSync(file)) {
    if (fs.existsSync(path.join(projectFolder, '.recurlab', 'native', `${kind}-binding`, 'tfjs_binding.node'))) return
    throw new Unavailable('it is not set up', setUpCommand(kind))
  }
  const record = recordIn(file)
  // A damaged record says nothing: what is built is tried, and set-up makes the record anew.
  if (record === null || !('state' in record)) return
  if (record.state === 'ready') return
  const reason = 'reason' in record ? String(record.reason).replace(/\.$/, '') : 'set-up failed'
  const todo = 'todo' in record ? String(record.todo) : setUpCommand(kind)
  throw new Unavailable(`set-up could not build it: ${reason}`, todo)
}

function recordIn(file: string): JsonObject | null {
  try {
    return readJson(file)
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

/** Returns whether this user may enter a folder. */
function isOpen(folder: string): boolean {
  try {
    fs.accessSync(folder, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function setUpCommand(kind: 'cpu' | 'gpu'): string {
  return `Run npm run ${kind === 'gpu' ? 'setup:gpu' : 'setup'}.`
}

/** Sets the variables that TensorFlow reads when its library loads; variables set by the user stay. */
function setEnvironment(threads: number): void {
  const wanted: Record<string, string> = {
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_CPP_MIN_LOG_LEVEL: '2',
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: String(threads),
    OMP_NUM_THREADS: String(threads),
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    CUDA_CACHE_PATH: path.join(projectFolder, '.recurlab', 'cache', 'cuda'),
  }
  for (const [name, value] of Object.entries(wanted)) process.env[name] ??= value
}

/** Restores two functions that tfjs-node 4.22 calls and that Node deprecated in 22 and removed in 23. */
function supplyOldUtilities(): void {
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: (value: unknown) => Array.isArray(value),
  })
}

/** Loads a package without the deprecation warnings of its dependencies. */
function withoutDeprecations(load: () => void): void {
  const settings = process as NodeJS.Process & { noDeprecation?: boolean }
  const before = settings.noDeprecation ?? false
  settings.noDeprecation = true
  try {
    load()
  } finally {
    settings.noDeprecation = before
  }
}
