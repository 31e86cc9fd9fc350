import v8 from 'node:v8'
import vm from 'node:vm'
import * as tf from '@tensorflow/tfjs-core'

/** The parts of an unreachable tensor that the engine needs to free its data. */
type Remains = Pick<tf.Tensor, 'dataId' | 'dtype' | 'size'>

/** The internals of the engine that are used here. */
interface EngineInside {
  trackTensor(tensor: tf.Tensor, backend: unknown): void
  disposeTensor(tensor: Remains): void
}

/** State per process, as for the engine, across reloads of this module. */
interface Holder {
  /** Calls back when the tensors found by the next collection are freed. */
  whenFreed(callback: () => void): void
  /** Tensors alive after the last collection. */
  left: number
}
const holder = globalThis as { [key]?: Holder }
const key: unique symbol = Symbol.for('recurlab.tensor-garbage') as never

/** Milliseconds that a collection waits for its finalisers; later ones still run. */
const PATIENCE_MS = 200

/**
 * Frees unreachable tensors when JavaScript's garbage is collected, as if they were disposed: those that a rerun cell
 * replaces, and its intermediate ones. Disposed tensors and those of a `tidy` are freed at once as before; the engine
 * keeps a reference to every `tf.variable`, which stays until it is disposed.
 */
export function freeUnreachableTensors(): void {
  if (holder[key]) return
  const engine = tf.engine()
  const inside = Object.getPrototypeOf(engine) as EngineInside
  const { trackTensor, disposeTensor } = inside
  const registry = new FinalizationRegistry<Remains | (() => void)>((remains) => {
    if (typeof remains === 'function') remains()
    else disposeTensor.call(engine, remains)
  })
  holder[key] = { whenFreed: (callback) => registry.register({}, callback), left: 0 }
  inside.trackTensor = function (tensor, backend): void {
    trackTensor.call(this, tensor, backend)
    const { dataId, dtype, size } = tensor
    registry.register(tensor, { dataId, dtype, size }, tensor)
  }
  inside.disposeTensor = function (tensor): void {
    registry.unregister(tensor)
    disposeTensor.call(this, tensor)
  }
}

/**
 * Collects garbage when more tensors are alive than after the last collection, and waits until unreachable ones are
 * freed. It takes some hundredths of a second; without {@link freeUnreachableTensors} it does nothing.
 */
export async function collectTensors(): Promise<void> {
  const held = holder[key]
  if (!held || !tf.getBackend()) return
  if (tf.memory().numTensors > held.left) {
    const freed = new Promise<void>((resolve) => held.whenFreed(resolve))
    garbageCollector()()
    await Promise.race([freed, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))])
  }
  held.left = tf.memory().numTensors
}

let collector: (() => void) | null = null

/** Returns the garbage collector, which Node exposes only behind a flag, set here at run time. */
function garbageCollector(): () => void {
  if (!collector) {
    v8.setFlagsFromString('--expose-gc')
    collector = vm.runInNewContext('gc') as () => void
  }
  return collector
}
