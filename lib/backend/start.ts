import * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../errors.js'
import { loadJavaScript } from './javascript.js'
import { fastPath, loadKernels } from './kernels.js'
import { instructionSet, nvidiaGpus, processorName, threadCount } from './machine.js'
import { loadNative } from './native.js'
import { BACKENDS, type BackendChoice, type BackendName, Unavailable } from './types.js'

/** Options of {@link startBackend}. */
export interface BackendOptions {
  /** Required backend. Default: RECURLAB_BACKEND, else the best that works. */
  readonly backend?: BackendName
  /** Threads per operation. Default: RECURLAB_THREADS, else the cores that this process may use. */
  readonly threads?: number
}

// The engine exists once per process, and so does the choice, even when a notebook reloads this module.
const holder = globalThis as { [choiceKey]?: Promise<BackendChoice> }
const choiceKey: unique symbol = Symbol.for('recurlab.backend') as never

/**
 * Chooses a backend, loads it and makes it the backend of `@tensorflow/tfjs-core`: tfjs-node-gpu when it is set up and
 * there is an NVIDIA GPU, else tfjs-node, else wasm, else cpu. Later calls return the first choice, unless they request
 * another backend.
 *
 * @returns the choice with its reason, for `recurlab doctor` and every run's record
 * @throws UserError when the requested backend is unavailable, or RECURLAB_BACKEND or RECURLAB_THREADS is invalid
 */
export async function startBackend(options: BackendOptions = {}): Promise<BackendChoice> {
  const wanted = options.backend ?? backendFromEnvironment()
  const current = await holder[choiceKey]
  if (current && (wanted === null || wanted === current.name)) return current
  const threads = options.threads ?? threadCount()
  const starting = wanted === null ? chooseBest(threads) : force(wanted, threads, options.backend === undefined)
  holder[choiceKey] = starting
  try {
    return await starting
  } catch (error) {
    if (current) holder[choiceKey] = Promise.resolve(current)
    else delete holder[choiceKey]
    throw error
  }
}

/** Returns the checked value of RECURLAB_BACKEND. @throws UserError when it names no backend */
export function backendFromEnvironment(value = process.env.RECURLAB_BACKEND): BackendName | null {
  if (value === undefined || value === '') return null
  const name = BACKENDS.find((known) => known === value)
  if (!name)
    throw new UserError({
      where: 'RECURLAB_BACKEND',
      expected: `one of ${BACKENDS.join(', ')}`,
      found: JSON.stringify(value),
      todo: 'Unset it to use the best available backend.',
    })
  return name
}

async function chooseBest(threads: number): Promise<BackendChoice> {
  const tried: Array<{ name: BackendName; reason: string }> = []
  for (const name of BACKENDS) {
    try {
      return await load(name, threads, 'the best available backend', tried)
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      tried.push({ name, reason: error.message })
    }
  }
  throw new UserError({
    where: 'backend',
    expected: 'one that starts',
    found: tried.map(({ name, reason }) => `${name}: ${reason}`).join('; '),
    todo: 'Run npm run setup.',
  })
}

async function force(name: BackendName, threads: number, fromEnvironment: boolean): Promise<BackendChoice> {
  const asked = fromEnvironment ? `RECURLAB_BACKEND=${name}` : `backend ${name}`
  try {
    return await load(name, threads, `requested with ${asked}`, [])
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    throw new UserError(
      { where: asked, expected: `${name} to be available`, found: `that ${error.message}`, todo: error.todo },
      { cause: error },
    )
  }
}

async function load(
  name: BackendName,
  threads: number,
  why: string,
  tried: BackendChoice['tried'],
): Promise<BackendChoice> {
  const start = performance.now()
  const native = name === 'tfjs-node' || name === 'tfjs-node-gpu'
  let libraryVersion: string | null = null
  if (native) {
    const backend = await loadNative(name === 'tfjs-node-gpu' ? 'gpu' : 'cpu', threads)
    libraryVersion = backend.binding.TF_Version
    if (name === 'tfjs-node') await loadKernels(backend, threads)
    if (name === 'tfjs-node-gpu' && !backend.isUsingGpuDevice)
      throw new Unavailable('its libraries load but find no usable GPU', 'Check the driver with nvidia-smi.')
  } else await loadJavaScript(name)
  // tfjs falls back silently, so the backend in use is read back.
  const real = tf.getBackend()
  if (real !== (native ? 'tensorflow' : name)) throw new Unavailable(`tfjs fell back to ${real}`, 'Run npm run setup.')
  return {
    name,
    tfjsVersion: tf.version_core,
    libraryVersion,
    threads: native ? threads : 1,
    instructionSet: name === 'wasm' ? 'WebAssembly SIMD' : instructionSet(),
    device: name === 'tfjs-node-gpu' ? nvidiaGpus().join(', ') : processorName(),
    reason: describe(why, tried),
    tried,
    fast: fastPath(),
    loadMs: performance.now() - start,
  }
}

function describe(why: string, tried: BackendChoice['tried']): string {
  return [why, ...tried.map(({ name, reason }) => `not ${name}: ${reason}`)].join('; ')
}
