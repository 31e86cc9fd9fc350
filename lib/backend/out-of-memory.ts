/** Messages of TensorFlow, CUDA, the fused kernels, V8 and the system when memory is short. */
const MESSAGES =
  /\bOOM\b|out of memory|ran out of memory|bad_alloc|Array buffer allocation failed|Cannot allocate memory|\bENOMEM\b|RESOURCE_EXHAUSTED|CUDA_ERROR_OUT_OF_MEMORY/i

/** Returns the line of an error that says that memory is short; null if none does. */
export function outOfMemoryLine(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const line = error.message.split('\n').find((each) => MESSAGES.test(each))
  return line === undefined ? null : line.replace(/^Message: /, '').trim()
}
