import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { specOf } from '../data/augmentation-spec.js'
import type { Batch } from '../data/dataset.js'
import {
  type SamplerOptions,
  type SamplerState,
  type TrainingBatches,
  type TrainingData,
  trainingBatches,
} from '../data/sampler.js'

/** Training batches that a separate thread prepares while a step is computed. */
export interface BatchesAhead extends TrainingBatches {
  /** Whether the thread is running. */
  readonly ahead: boolean
  /** Ends the thread; batches can still be drawn. */
  close(): void
}

/** Data sent to the thread. */
export interface Preparation {
  readonly data: Omit<TrainingData, 'augment'>
  readonly spec: ReturnType<typeof specOf>
  readonly options: SamplerOptions
  readonly counters: Int32Array
  readonly port: MessagePort
}

/** A batch sent back by the thread, with the sampler's position after it. */
export interface Prepared {
  readonly batch: Batch
  readonly state: SamplerState
}

/** Indices of `counters`: whether the thread is ready, batches it has prepared, and batches taken. */
export const COUNTERS = { ready: 0, made: 1, taken: 2 } as const

/** Milliseconds spent preparing batches before a thread pays for its start-up. */
const WORTH_A_THREAD = 100

/** Milliseconds without a batch after which the thread is abandoned. */
const PATIENCE = 10_000

/**
 * Returns the batches of `trainingBatches`, prepared by a thread once that pays. Batches are prepared on demand if the data
 * set has no augmentation (copying them is faster than sending them), if the augmentation is a custom function (which
 * another thread cannot have), or if the thread cannot be started.
 *
 * @param worth milliseconds spent preparing batches after which the thread is started
 * @throws UserError as `trainingBatches` does
 */
export function batchesAhead(data: TrainingData, options: SamplerOptions, worth = WORTH_A_THREAD): BatchesAhead {
  // Its position is always just after the last batch taken.
  const here = trainingBatches(data, options)
  const spec = data.augment && specOf(data.augment)
  let spent = 0
  let thread: PreparingThread | null = null
  const close = (): void => {
    thread?.close()
    thread = null
  }
  return {
    next() {
      const prepared = thread?.take()
      if (prepared) {
        here.restore(prepared.state)
        return prepared.batch
      }
      const started = performance.now()
      const batch = here.next()
      spent += performance.now() - started
      if (spec && !thread && spent >= worth) {
        thread = startThread({ data: { manifest: data.manifest, train: data.train }, spec, options })
        // A thread that fails is not restarted at once.
        spent = Number.NEGATIVE_INFINITY
      }
      thread?.beginAt(here.state())
      return batch
    },
    state: () => here.state(),
    restore(state) {
      here.restore(state)
      if (thread) spent = worth
      close()
    },
    get ahead() {
      return thread?.began ?? false
    },
    close,
  }
}

type Given = Omit<Preparation, 'counters' | 'port'>

/** Returns null if a thread cannot be started. */
function startThread(given: Given): PreparingThread | null {
  try {
    return new PreparingThread(given)
  } catch {
    // This thread then prepares the same batches, only slower.
    return null
  }
}

/** A handle to the preparing thread. */
class PreparingThread {
  began = false
  private readonly counters = new Int32Array(new SharedArrayBuffer(12))
  private readonly port: MessagePort
  private readonly worker: Worker
  private broken = false

  constructor(given: Given) {
    const { port1, port2 } = new MessageChannel()
    this.port = port1
    const preparation: Preparation = { ...given, counters: this.counters, port: port2 }
    this.worker = new Worker(new URL('./ahead-thread.mjs', import.meta.url), {
      workerData: preparation,
      transferList: [port2],
      execArgv: [],
    })
    this.worker.unref()
    this.worker.on('error', () => {
      this.broken = true
    })
  }

  /** Starts the thread, once ready, at the batch after a position. */
  beginAt(state: SamplerState): void {
    if (this.began || this.broken || Atomics.load(this.counters, COUNTERS.ready) === 0) return
    this.began = true
    this.port.postMessage(state)
  }

  /** Returns the next batch; null if the thread is not started or has failed. */
  take(): Prepared | null {
    if (!this.began || this.broken) return null
    const prepared = this.wait()
    if (!prepared) {
      this.close()
      return null
    }
    Atomics.add(this.counters, COUNTERS.taken, 1)
    Atomics.notify(this.counters, COUNTERS.taken)
    return prepared
  }

  close(): void {
    this.began = false
    this.broken = true
    this.port.close()
    void this.worker.terminate()
  }

  private wait(): Prepared | null {
    const deadline = performance.now() + PATIENCE
    for (let left = PATIENCE; left > 0; left = deadline - performance.now()) {
      const made = Atomics.load(this.counters, COUNTERS.made)
      const received = receiveMessageOnPort(this.port) as { message: Prepared } | undefined
      if (received) return received.message
      Atomics.wait(this.counters, COUNTERS.made, made, left)
    }
    return null
  }
}
