import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { Batch } from '../data/dataset.js'
import { recipeOf } from '../data/recipe.js'
import {
  type SamplerOptions,
  type SamplerState,
  type TrainingBatches,
  type TrainingData,
  trainingBatches,
} from '../data/sampler.js'

/** Training batches that a thread of its own prepares while a step is computed. */
export interface BatchesAhead extends TrainingBatches {
  /** Whether the thread is at it. */
  readonly ahead: boolean
  /** Ends the thread; batches can be drawn all the same. */
  close(): void
}

/** The thread's input. */
export interface Preparation {
  readonly data: Omit<TrainingData, 'augment'>
  readonly recipe: ReturnType<typeof recipeOf>
  readonly options: SamplerOptions
  readonly counters: Int32Array
  readonly port: MessagePort
}

/** The thread's output: a batch, and where the sampler then stands. */
export interface Prepared {
  readonly batch: Batch
  readonly state: SamplerState
}

/** Places of `counters`: whether the thread is there, batches made by it, and batches taken. */
export const COUNTERS = { ready: 0, made: 1, taken: 2 } as const

/** Milliseconds that preparing batches must have taken before it is worth a thread, which takes longer to start. */
const WORTH_A_THREAD = 100

/** Milliseconds after which a thread that gives nothing is given up. */
const PATIENCE = 10_000

/**
 * The batches of `trainingBatches`, the same ones, prepared ahead once that is worth it. Batches of a data set without
 * augmentation are copied from it, which takes less than asking for them; an augmentation of the user's own cannot be
 * had in another thread: those are prepared when they are asked for. So are all where the thread cannot be started.
 *
 * @param worth milliseconds of preparing after which the thread is started
 * @throws UserError as `trainingBatches` does
 */
export function batchesAhead(data: TrainingData, options: SamplerOptions, worth = WORTH_A_THREAD): BatchesAhead {
  // It always stands where the batch that was taken last leaves off.
  const here = trainingBatches(data, options)
  const recipe = data.augment && recipeOf(data.augment)
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
      if (recipe && !thread && spent >= worth) {
        thread = startThread({ data: { manifest: data.manifest, train: data.train }, recipe, options })
        // One that fails is not started again at once.
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

/** null where there can be none. */
function startThread(given: Given): PreparingThread | null {
  try {
    return new PreparingThread(given)
  } catch {
    // The same batches are prepared here, which costs time and nothing else.
    return null
  }
}

/** The other thread, as this one sees it. */
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

  /** Lets the thread begin with the batch after a position, once it is there. */
  beginAt(state: SamplerState): void {
    if (this.began || this.broken || Atomics.load(this.counters, COUNTERS.ready) === 0) return
    this.began = true
    this.port.postMessage(state)
  }

  /** The next batch; null where the thread has not begun, or has failed. */
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
