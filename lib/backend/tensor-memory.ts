import * as tf from '@tensorflow/tfjs-core'

/** The internals of the engine that are used here; tensors with shared data (clones, reshapes) have the same dataId. */
interface EngineInside {
  trackTensor(tensor: tf.Tensor, backend: unknown): void
  removeDataId(dataId: object, backend: unknown): void
  state: { tensorInfo: { has(dataId: object): boolean } }
}

/**
 * Returns the peak bytes of tensors during some work, beyond those that existed before. `tf.memory()` and `tf.profile`
 * count a tensor's data once per handle, and the tape holds a handle of its own.
 */
export function peakTensorBytes(work: () => void): number {
  const engine = tf.engine() as unknown as EngineInside
  const { trackTensor, removeDataId } = engine
  const before = { ...engine }
  const sizes = new Map<object, number>()
  let live = 0
  let peak = 0
  engine.trackTensor = (tensor, backend) => {
    if (!engine.state.tensorInfo.has(tensor.dataId)) {
      const bytes = tensor.size * tf.util.bytesPerElement(tensor.dtype)
      sizes.set(tensor.dataId, bytes)
      live += bytes
      peak = Math.max(peak, live)
    }
    trackTensor.call(engine, tensor, backend)
  }
  engine.removeDataId = (dataId, backend) => {
    live -= sizes.get(dataId) ?? 0
    sizes.delete(dataId)
    removeDataId.call(engine, dataId, backend)
  }
  try {
    work()
    return peak
  } finally {
    restore(engine, before)
  }
}

/** Runs some work; when it throws, frees every tensor that it created, including those kept or saved for a gradient. */
export function freedIfItFails<T>(work: () => T): T {
  const engine = tf.engine() as unknown as EngineInside
  const { trackTensor } = engine
  const before = { ...engine }
  const made: tf.Tensor[] = []
  engine.trackTensor = (tensor, backend) => {
    made.push(tensor)
    trackTensor.call(engine, tensor, backend)
  }
  try {
    return work()
  } catch (error) {
    tf.dispose(made)
    throw error
  } finally {
    restore(engine, before)
  }
}

/** Removes this module's hooks and restores those that were the engine's own properties before. */
function restore(engine: EngineInside, { trackTensor, removeDataId }: Partial<EngineInside>): void {
  const own = engine as Partial<EngineInside>
  for (const [name, method] of Object.entries({ trackTensor, removeDataId }))
    if (method) Object.assign(engine, { [name]: method })
    else delete own[name as 'trackTensor']
}
