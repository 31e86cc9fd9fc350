import type { FastPath } from './kernels.js'

/** Backends: TensorFlow on a GPU, TensorFlow on the processor, WebAssembly, plain JavaScript. */
export type BackendName = 'tfjs-node-gpu' | 'tfjs-node' | 'wasm' | 'cpu'

/** Every backend, best first. */
export const BACKENDS: readonly BackendName[] = ['tfjs-node-gpu', 'tfjs-node', 'wasm', 'cpu']

/** The backend in use with the reason for its choice; part of every run's record. */
export interface BackendChoice {
  readonly name: BackendName
  /** Version of TensorFlow.js. */
  readonly tfjsVersion: string
  /** Version of the TensorFlow library; null without one (wasm, cpu). */
  readonly libraryVersion: string | null
  /** Maximum threads per operation. */
  readonly threads: number
  /** Vector extensions of the processor, e.g. `AVX AVX2 FMA AVX-512`. */
  readonly instructionSet: string
  /** Name of the processor or the GPU. */
  readonly device: string
  /** Reason for this backend, in one sentence. */
  readonly reason: string
  /** Better backends that were unavailable, with reasons. */
  readonly tried: ReadonlyArray<{ readonly name: BackendName; readonly reason: string }>
  /** State of the fused kernels, with the reason. */
  readonly fast: FastPath
  /** Load time in milliseconds. */
  readonly loadMs: number
}

/** The error of an unavailable backend; its message gives the reason. */
export class Unavailable extends Error {
  override readonly name: string = 'Unavailable'
  /** Remedy that would make it available. */
  readonly todo: string

  constructor(reason: string, todo: string, options?: ErrorOptions) {
    super(reason, options)
    this.todo = todo
  }
}
