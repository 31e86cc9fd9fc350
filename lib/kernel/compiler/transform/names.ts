/** Globals of Node that this process may lack: a startup snapshot has fewer, and so do other versions. */
const MORE = `
  $rl require module exports __filename __dirname global process Buffer console performance navigator crypto Crypto
  CryptoKey SubtleCrypto fetch Headers Request Response FormData File Blob URL URLSearchParams URLPattern WebSocket
  EventSource CloseEvent Event EventTarget CustomEvent MessageEvent MessageChannel MessagePort BroadcastChannel
  AbortController AbortSignal DOMException TextEncoder TextDecoder TextEncoderStream TextDecoderStream
  CompressionStream DecompressionStream ReadableStream ReadableStreamDefaultReader ReadableStreamBYOBReader
  ReadableStreamBYOBRequest ReadableByteStreamController ReadableStreamDefaultController TransformStream
  TransformStreamDefaultController WritableStream WritableStreamDefaultController WritableStreamDefaultWriter
  ByteLengthQueuingStrategy CountQueuingStrategy Performance PerformanceEntry PerformanceMark PerformanceMeasure
  PerformanceObserver PerformanceObserverEntryList PerformanceResourceTiming Storage localStorage sessionStorage
  WebAssembly Navigator setTimeout clearTimeout setInterval clearInterval setImmediate clearImmediate queueMicrotask
  structuredClone atob btoa gc escape unescape Iterator Float16Array SharedArrayBuffer Atomics WeakRef
  FinalizationRegistry SuppressedError DisposableStack AsyncDisposableStack Temporal
`

/**
 * Names that a cell must not take in the global scope, which it shares with every library: its own `setTimeout` is
 * `setTimeout$` in the code that runs.
 */
export const globalNames: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(globalThis),
  ...MORE.split(/\s+/).filter((name) => name !== ''),
])

/** Returns a cell's top-level name as spelled in the code that runs. */
export function emittedName(name: string): string {
  return globalNames.has(name) ? `${name}$` : name
}
