import v8 from 'node:v8'
import vm from 'node:vm'
import * as tf from '@tensorflow/tfjs-core'

/** What is left of a tensor when nothing refers to it: enough for the engine to free its data. */
type Remains = Pick<tf.Tensor, 'dataId' | 'dtype' | 'size'>

/** What is used of the engine's inside. */
interface EngineInside {
  trackTensor(tensor: tf.Tensor, backend: unknown): void
  disposeTensor(tensor: Remains): void
}

/** One per process, like the engine, however often this module is reloaded. */
interface Holder {
  /** Calls back when what the next collection finds has been freed. */
  whenFreed(callback: () => void): void
  /** Tensors that were left after the last collection. */
  left: number
}
const holder = globalThis as { [key]?: Holder }
const key: unique symbol = Symbol.for('recurlab.tensor-garbage') as never

/** Milliseconds that a collection waits for what it frees; it is freed later otherwise. */
const PATIENCE_MS = 200

/**
 * From now on a tensor that nothing refers to any more is freed when JavaScript's garbage is collected, as if it had been
 * disposed: what a rerun of a notebook's cell replaces, and what it makes on its way. Tensors that are disposed, or made in a
 * `tidy`, are freed at once as before; a `tf.variable` is referred to by the engine, and stays until it is disposed.
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
 * Collects garbage where more tensors are alive than after the last collection, and waits until those that nothing refers to are
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

/** Node offers it to those who ask when it starts, or in this way. */
function garbageCollector(): () => void {
  if (!collector) {
    v8.setFlagsFromString('--expose-gc')
    collector = vm.runInNewContext('gc') as () => void
  }
  return collector
}
