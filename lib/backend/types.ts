import type { FastPath } from './kernels.js'

/** Kinds of backends: TensorFlow on a GPU, TensorFlow on the processor, WebAssembly, plain JavaScript. */
export type BackendName = 'tfjs-node-gpu' | 'tfjs-node' | 'wasm' | 'cpu'

/** Every backend, best first. */
export const BACKENDS: readonly BackendName[] = ['tfjs-node-gpu', 'tfjs-node', 'wasm', 'cpu']

/** The backend in use and why it is this one; part of every run's record. */
export interface BackendChoice {
  readonly name: BackendName
  /** Version of TensorFlow.js. */
  readonly tfjsVersion: string
  /** Version of the TensorFlow library; null where there is none (wasm, cpu). */
  readonly libraryVersion: string | null
  /** Threads that one operation may use. */
  readonly threads: number
  /** What the processor can do, e.g. `AVX AVX2 FMA AVX-512`. */
  readonly instructionSet: string
  /** The processor's or the GPU's name. */
  readonly device: string
  /** Why this backend, in one sentence. */
  readonly reason: string
  /** Better backends that were not to be had, and why. */
  readonly tried: ReadonlyArray<{ readonly name: BackendName; readonly reason: string }>
  /** Whether fused kernels compute the blocks, and why or why not. */
  readonly fast: FastPath
  /** Milliseconds that loading took. */
  readonly loadMs: number
}

/** A backend that could not be had; the sentence says why. */
export class Unavailable extends Error {
  override readonly name: string = 'Unavailable'
  /** What would make it available. */
  readonly todo: string

  constructor(reason: string, todo: string, options?: ErrorOptions) {
    super(reason, options)
    this.todo = todo
  }
}
